#include "server/checkpoint_door.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "storage/anchor.h"

namespace setlog {
namespace {

struct Address {
  sockaddr_un socket{};
  socklen_t size = 0;
};

absl::StatusOr<Address> AddressOf(const std::string& data_dir) {
  struct stat info;
  if (stat(data_dir.c_str(), &info) != 0) {
    return absl::NotFoundError(
        absl::StrFormat("cannot open %s: %s", data_dir, std::strerror(errno)));
  }
  Address address;
  address.socket.sun_family = AF_UNIX;
  const std::string name =
      absl::StrFormat("setlogd.checkpoint.%x.%x", info.st_dev, info.st_ino);
  // The first byte of sun_path stays zero: an abstract name.
  std::memcpy(address.socket.sun_path + 1, name.data(), name.size());
  address.size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

// Abstract names are open to every user: root and `user` are let in, or believed.
bool IsTrusted(int connection, uid_t user) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         (peer.uid == 0 || peer.uid == user);
}

// Whose server runs on it.
uid_t OwnerOf(const std::string& data_dir) {
  struct stat info;
  return stat(data_dir.c_str(), &info) == 0 ? info.st_uid : 0;
}

void Send(int connection, const std::string& text) {
  // A guest that has gone is noticed by the poll that follows.
  static_cast<void>(send(connection, text.data(), text.size(), MSG_NOSIGNAL));
}

std::string CheckpointDirectory(const std::string& data_dir) {
  return data_dir + "/checkpoint";
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointDoor>> CheckpointDoor::Open(
    const std::string& data_dir, Store* store,
    std::function<absl::Status()> may_write) {
  std::error_code ignored;
  std::filesystem::remove_all(CheckpointDirectory(data_dir), ignored);
  absl::StatusOr<Address> address = AddressOf(data_dir);
  if (!address.ok()) return address.status();
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int wake = eventfd(0, EFD_CLOEXEC);
  if (listener < 0 || wake < 0 ||
      bind(listener, reinterpret_cast<const sockaddr*>(&address->socket),
           address->size) != 0 ||
      listen(listener, 4) != 0) {
    const std::string why = std::strerror(errno);
    close(listener);
    close(wake);
    return absl::UnavailableError(
        "`setlogd backup` cannot reach this server, stop it to make a backup: " + why);
  }
  return std::unique_ptr<CheckpointDoor>(new CheckpointDoor(
      CheckpointDirectory(data_dir), store, std::move(may_write), listener, wake));
}

CheckpointDoor::CheckpointDoor(std::string directory, Store* store,
                               std::function<absl::Status()> may_write, int listener,
                               int wake)
    : directory_(std::move(directory)),
      store_(store),
      may_write_(std::move(may_write)),
      listener_(listener),
      wake_(wake),
      thread_([this] { Run(); }) {}

CheckpointDoor::~CheckpointDoor() {
  const uint64_t one = 1;
  static_cast<void>(write(wake_, &one, sizeof(one)));
  thread_.join();
  close(listener_);
  close(wake_);
}

void CheckpointDoor::Run() {
  while (true) {
    pollfd events[2] = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    if (poll(events, 2, -1) < 0 && errno != EINTR) return;
    if (events[0].revents != 0) return;
    if (events[1].revents == 0) continue;
    const int guest = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (guest < 0) {
      // Out of descriptors, most likely: the next poll would be ready at once.
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    if (IsTrusted(guest, geteuid())) Serve(guest);
    close(guest);
  }
}

absl::Status CheckpointDoor::Make() {
  if (absl::Status s = may_write_(); !s.ok()) return s;
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  if (mkdir(directory_.c_str(), 0700) != 0) {
    return absl::UnavailableError(
        absl::StrFormat("cannot create %s: %s", directory_, std::strerror(errno)));
  }
  absl::StatusOr<StoreState> state = store_->Checkpoint(directory_ + "/store");
  if (!state.ok()) return state.status();
  return Anchor::Create(directory_ + "/anchor", *state);
}

void CheckpointDoor::Serve(int guest) {
  const absl::Status made = Make();
  Send(guest, made.ok() ? "ok\n" : "error " + std::string(made.message()) + "\n");
  pollfd events[2] = {{wake_, POLLIN, 0}, {guest, POLLIN, 0}};
  // The guest says nothing; its end is what is waited for.
  while (made.ok() && poll(events, 2, -1) < 0 && errno == EINTR) {
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

absl::StatusOr<CheckpointGuest> CheckpointGuest::Knock(const std::string& data_dir) {
  absl::StatusOr<Address> address = AddressOf(data_dir);
  if (!address.ok()) return address.status();
  const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0) return absl::UnavailableError(std::strerror(errno));
  CheckpointGuest guest(CheckpointDirectory(data_dir), connection);
  if (connect(connection, reinterpret_cast<const sockaddr*>(&address->socket),
              address->size) != 0 ||
      !IsTrusted(connection, OwnerOf(data_dir))) {
    return absl::NotFoundError(absl::StrFormat("no server runs on %s", data_dir));
  }
  std::string answer;
  char buffer[512];
  while (answer.empty() || answer.back() != '\n') {
    const ssize_t got = recv(connection, buffer, sizeof(buffer), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return absl::UnavailableError(absl::StrFormat(
          "the server on %s ended, or is another user's: try again", data_dir));
    }
    answer.append(buffer, static_cast<size_t>(got));
  }
  if (answer != "ok\n") {
    answer.pop_back();
    return absl::UnavailableError(
        absl::StrFormat("the server on %s made no copy: %s", data_dir, answer));
  }
  return guest;
}

CheckpointGuest::~CheckpointGuest() {
  if (connection_ >= 0) close(connection_);
}

}  // namespace setlog
