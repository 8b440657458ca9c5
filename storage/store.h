// storage/store.h -- what the logs of one server need from a disk.
//
// A store holds, for each log, immutable full bundles and tiles, the one partial
// bundle and tile at each level's right edge, small records found again by key, and
// a head. All of it moves forward in group commits, each of them all or nothing.
//
//   GroupCommit commit{.number = store->commit().number + 1};
//   commit.writes.push_back({log, Table::kBundle, U64Key(7), bundle});
//   commit.heads.push_back({log, "example.org/digits", head});
//   absl::Status durable = store->Commit(commit);   // survives power loss if OK
//
// One writer, many readers; thread-safe. A reader sees each Commit whole or not at all
// within one Read, not across Reads: rows that are ever overwritten (partial bundles
// and tiles) only grow, so a reader that asks for less than the head never notices.
#ifndef SETLOG_STORAGE_STORE_H_
#define SETLOG_STORAGE_STORE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

// A log's number within its store: 1, 2, 3 ... in order of creation; never reused.
using LogNumber = uint32_t;

// What a row is. The key's layout for each table is in docs/format.md.
enum class Table : uint8_t {
  kBundle = 'b',   // u64 bundle number -> C2SP entry bundle (the last may be partial)
  kTile = 't',     // u8 level >= 1, u64 tile number -> up to 256 hashes
  kSession = 's',  // session id -> number of its records that are durable
  kTag = 'g',      // tag name -> its position and m
  kIndex = 'i',    // u64 m -> position, n and set root of the index entry for m
  kKey = 'k',      // "vkey" -> the log's verifier key, written with its first entries
  kWitness = 'w',  // what witnesses said of the log; kept outside of commits
};

struct Write {
  LogNumber log = 0;
  Table table = Table::kBundle;
  std::string key;
  std::string value;
};

// A log's tree head as the store keeps it. `root` is the RFC 6962 root of `size`
// entries; the signature is not stored, because Ed25519 makes the same one again.
struct StoredHead {
  uint64_t size = 0;
  Hash root;
  friend bool operator==(const StoredHead&, const StoredHead&) = default;
};

struct NewHead {
  LogNumber log = 0;
  // Only read when the log is new: the commit that names a number for the first time
  // creates the log under this origin.
  std::string origin;
  StoredHead head;
};

struct GroupCommit {
  // One more than the store's; anything else is a second writer: FailedPrecondition.
  uint64_t number = 0;
  std::vector<Write> writes;
  std::vector<NewHead> heads;
};

// Where the store stands: the number of the last commit and a running hash over the
// heads of all commits so far,
//   chain_i = H("setlog/commit/1\n" | chain_{i-1} | u64 i | heads of commit i),
// each head as u32 log | u64 size | root, in the order given; chain_0 = 32 zero bytes.
// The head anchor (anchor.h) keeps the same pair outside the database.
struct CommitPoint {
  uint64_t number = 0;
  Hash chain;
  friend bool operator==(const CommitPoint&, const CommitPoint&) = default;
};
CommitPoint NextCommitPoint(const CommitPoint& previous,
                            const std::vector<NewHead>& heads);

// Drawn at random when a store is created: tells one store's files from another's.
using StoreId = std::array<uint8_t, 16>;
StoreId NewStoreId();

// Where a store stands. `previous` is the point one commit back: what an anchor shows
// after a crash between the two writes. Both are {0, zeros} in a new store.
struct StoreState {
  StoreId id{};
  CommitPoint commit;
  CommitPoint previous;
  friend bool operator==(const StoreState&, const StoreState&) = default;
};

struct LogRecord {
  LogNumber log = 0;
  std::string origin;
  StoredHead head;
};

class Store {
 public:
  virtual ~Store() = default;

  // Writes everything in `commit`, or nothing; on OK it survives power loss.
  // InvalidArgument and FailedPrecondition: nothing was written (CheckCommit says
  // when). After any other error the outcome is unknown, and every later Commit refuses
  // with FailedPrecondition: the caller must stop acknowledging and reopen the store.
  virtual absl::Status Commit(const GroupCommit& commit) = 0;

  // Writes rows that no commit has, all of them or none; on OK they survive power loss.
  // For what may be had again from elsewhere: the commit point does not move, so
  // neither the anchor nor the chain vouches for it. Commits may go on meanwhile.
  // Errors as Commit's; Unimplemented for a store that only passes commits on.
  virtual absl::Status Keep(const std::vector<Write>&) {
    return absl::UnimplementedError("this store keeps nothing beside its commits");
  }

  virtual StoreState state() const = 0;
  StoreId id() const { return state().id; }
  CommitPoint commit() const { return state().commit; }
  CommitPoint previous_commit() const { return state().previous; }

  // A row, whole. NotFound if it was never written.
  virtual absl::StatusOr<std::string> Read(LogNumber log, Table table,
                                           std::string_view key) const = 0;
  // The same without the row's checksum being looked at, for rows whose content the
  // caller checks by a hash: that is stronger, and the checksum of a full bundle takes
  // longer than all else about reading it.
  virtual absl::StatusOr<std::string> ReadUnchecked(LogNumber log, Table table,
                                                    std::string_view key) const {
    return Read(log, table, key);
  }
  // ReadUnchecked for many keys that strictly increase: visit(i, row i) for each, in
  // their order, until it returns an error, which is returned. NotFound if a row was
  // never written.
  virtual absl::Status ReadManyUnchecked(
      LogNumber log, Table table, std::span<const std::string> keys,
      const std::function<absl::Status(size_t i, std::string_view row)>& visit) const;
  // Rows of one table, as they were when the scan began, with first <= key < last (an
  // empty `last` = no end), in byte order of the keys, until `visit` returns false.
  virtual absl::Status Scan(
      LogNumber log, Table table, std::string_view first, std::string_view last,
      const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const = 0;
  // The last row of the table with key <= `key`. NotFound if there is none.
  virtual absl::StatusOr<std::pair<std::string, std::string>> ReadLast(
      LogNumber log, Table table, std::string_view key) const = 0;

  // Every log, by number. Cost: one row a log.
  virtual absl::StatusOr<std::vector<LogRecord>> Logs() const = 0;

  // A copy of the store as of one commit, in `directory`, which must not exist; returns
  // where the copy stands. Unchanging files are shared with the store (hard links), so
  // it costs no space until the store drops them: copy them elsewhere and remove it.
  // Commits wait meanwhile; readers do not. Unimplemented where there are no files.
  virtual absl::StatusOr<StoreState> Checkpoint(const std::string& directory) {
    return absl::UnimplementedError("this store is not on a disk");
  }
};

// What makes a commit unfit for a store that stands at `at`, the same for every store.
// FailedPrecondition: the number is not the next one (a second writer).
// InvalidArgument: log 0, two heads for one log.
absl::Status CheckCommit(const CommitPoint& at, const GroupCommit& commit);

// A u64 as a store key: 8 bytes, big endian, so that byte order is number order.
std::string U64Key(uint64_t number);

// For tests: a store that lives and dies with the process.
std::unique_ptr<Store> NewMemoryStore();

}  // namespace setlog

#endif  // SETLOG_STORAGE_STORE_H_
