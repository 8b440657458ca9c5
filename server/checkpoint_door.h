// server/checkpoint_door.h -- how `setlogd backup` gets at the store of a running
// server.
//
//   auto door = CheckpointDoor::Open(data_dir, store);             // the server
//   absl::StatusOr<CheckpointGuest> guest = CheckpointGuest::Knock(data_dir);
//   guest->directory();     // DIR/checkpoint: store/ and anchor, as of one commit
//
// RocksDB lets no second process at a store that is being written. So the server makes
// the copy, of hard links, and keeps it as long as the guest stays connected. They meet
// at an abstract unix socket named for the directory's device and inode: no file that a
// copy of the directory would have, no path that could be too long. Each side looks at
// the other's user: the server's own and root only.
#ifndef SETLOG_SERVER_CHECKPOINT_DOOR_H_
#define SETLOG_SERVER_CHECKPOINT_DOOR_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace setlog {

class CheckpointDoor {
 public:
  // Also removes what an earlier server left behind. `store` must outlive the door.
  // A copy is made only if `may_write` is OK: it writes what is still in memory, and a
  // disk that is full then would end all writes.
  static absl::StatusOr<std::unique_ptr<CheckpointDoor>> Open(
      const std::string& data_dir, Store* store,
      std::function<absl::Status()> may_write);
  // Shows a guest out.
  ~CheckpointDoor();

 private:
  CheckpointDoor(std::string directory, Store* store,
                 std::function<absl::Status()> may_write, int listener, int wake);
  void Run();
  void Serve(int guest);
  absl::Status Make();

  const std::string directory_;
  Store* const store_;
  const std::function<absl::Status()> may_write_;
  const int listener_;
  const int wake_;
  std::thread thread_;
};

class CheckpointGuest {
 public:
  // Waits until the copy is there. NotFound: no server runs on the directory, or one
  // of another user.
  static absl::StatusOr<CheckpointGuest> Knock(const std::string& data_dir);
  CheckpointGuest(CheckpointGuest&& other) noexcept
      : directory_(std::move(other.directory_)),
        connection_(std::exchange(other.connection_, -1)) {}
  // The server removes the copy.
  ~CheckpointGuest();

  const std::string& directory() const { return directory_; }

 private:
  CheckpointGuest(std::string directory, int connection)
      : directory_(std::move(directory)), connection_(connection) {}

  std::string directory_;
  int connection_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_CHECKPOINT_DOOR_H_
