// server/log_batch.h -- what one group commit does to one log.
//
//   LogBatch batch(store, log, edge);                 // a copy of the log's right edge
//   absl::StatusOr<Sequenced> at = batch.Add(step);   // positions, for each request
//   absl::StatusOr<NewHead> head = batch.Finish(&commit.writes);
//   if (stored) edge = std::move(batch.edge());       // else nothing happened
//
// Finish grows the tree, and then recomputes it from the very bytes of the rows: a bit
// that flips in memory between a leaf and its row would otherwise be signed, and a
// signed wrong root cannot be taken back. Not thread-safe; no I/O but reads of the
// store.
#ifndef SETLOG_SERVER_LOG_BATCH_H_
#define SETLOG_SERVER_LOG_BATCH_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "log/entry.h"
#include "log/tile_tree.h"
#include "server/log_state.h"
#include "storage/store.h"

namespace setlog {

// Where the entries of one request stand, in a signed head of `size`.
struct Sequenced {
  uint64_t first = 0;
  uint64_t end = 0;
  uint64_t size = 0;
};

// What the store keeps for a session (Table::kSession), written in the commit that
// holds its records.
struct SessionRow {
  uint64_t count = 0;  // records of the session that are durable
  uint64_t first = 0;  // position of its first record
  uint64_t end = 0;    // one past its last one
};
std::string EncodeSessionRow(const SessionRow& row);
absl::StatusOr<SessionRow> DecodeSessionRow(std::string_view value);

// Adds or removes: `hashes` holds 32 bytes each.
struct AppendValues {
  EntryType type = EntryType::kAdd;
  std::string hashes;
  // If not empty: the session's row, and the count it must have before these records.
  std::string session_key;
  uint64_t session_count = 0;
};
// The first two entries of a new log.
struct AppendGenesis {};

// A tag that is written only if no add or remove stands at or after `unchanged_from`.
struct AppendTag {
  TagEntry tag;
  uint64_t unchanged_from = 0;
};

using AppendStep =
    std::variant<AppendValues, AppendGenesis, IndexEntry, TagEntry, AppendTag>;

// The right edge of a log, as of its last batch, which may not be in the store yet.
struct LogEdge {
  TileTree tree;
  std::string bundle;  // of the last, partial bundle
  PlacedIndex index;
  uint64_t changes_end = 0;
  Hash root;  // of `tree`, as it was signed or is to be
  // The tag that names the log's successor (log/successor.h): nothing comes after it.
  std::string successor;
  // What that batch wrote of these tables.
  std::map<std::string, SessionRow> sessions;
  std::map<std::string, PlacedTag> tags;
};

class LogBatch {
 public:
  // All batches of the log but the one that made `edge` must be in the store.
  LogBatch(const Store& store, LogState* log, const LogEdge& edge);

  // Assigns positions to the step's entries. A tag that stands already, with the same
  // m, is given its old position and nothing is added. On an error nothing has changed:
  // Aborted for a session whose count differs, AlreadyExists for a used name,
  // FailedPrecondition for a tag without its index entry, for an AppendTag after which
  // there are changes, for a successor's whose m does not cover all changes, and for
  // all that changes the set or its versions once the log was handed over; Internal for
  // an index entry whose m does not grow.
  absl::StatusOr<Sequenced> Add(const AppendStep& step);

  // Appends all rows, and says to what head they lead. DataLoss if the rows, read
  // again, lead to another: nothing of this commit may be written then.
  absl::StatusOr<NewHead> Finish(std::vector<Write>* writes);

  LogState* log() const { return log_; }
  bool grown() const { return !leaves_.empty(); }
  LogEdge& edge() { return edge_; }

 private:
  uint64_t size() const { return edge_.tree.size() + leaves_.size(); }
  void AddEntryBytes(Bytes entry);
  void AddValueEntries(EntryType type, std::string_view hashes);
  // Once the last bundle has all its entries.
  void CloseBundle();
  void AddEntry(const Entry& entry);
  absl::StatusOr<Sequenced> AddStep(const AppendValues& values);
  absl::StatusOr<Sequenced> AddStep(const AppendGenesis&);
  absl::StatusOr<Sequenced> AddStep(const IndexEntry& index);
  absl::StatusOr<Sequenced> AddStep(const TagEntry& tag);
  absl::StatusOr<Sequenced> AddStep(const AppendTag& step);
  absl::StatusOr<Sequenced> AddTag(const TagEntry& tag, uint64_t unchanged_from);
  absl::StatusOr<SessionRow*> Session(const std::string& key);
  absl::Status CheckOpen() const;

  const Store& store_;
  LogState* const log_;
  LogEdge edge_;  // its tree grows in Finish; its sessions and tags are this batch's
  struct {
    std::map<std::string, SessionRow> sessions;
    std::map<std::string, PlacedTag> tags;
  } before_;  // those of the batch that made the edge
  std::vector<Hash> leaves_;
  std::vector<Write> writes_;
};

// The head that `rows` lead to when appended after `before`: every bundle row parsed
// and hashed, every tile row compared. DataLoss, naming the row, if they contradict
// each other or the tree before them. Pure. Cost: the hashing of the appended entries.
absl::StatusOr<StoredHead> RecomputeHead(const TileTree& before,
                                         std::span<const Write> rows);

}  // namespace setlog

#endif  // SETLOG_SERVER_LOG_BATCH_H_
