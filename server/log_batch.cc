#include "server/log_batch.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/strings/str_format.h"
#include "log/set_tree.h"
#include "log/successor.h"
#include "log/tile.h"
#include "log/tree.h"
#include "log/vkey.h"
#include "server/tree_reader.h"

namespace setlog {

std::string EncodeSessionRow(const SessionRow& row) {
  std::string value;
  AppendU64(&value, row.count);
  AppendU64(&value, row.first);
  AppendU64(&value, row.end);
  return value;
}

absl::StatusOr<SessionRow> DecodeSessionRow(std::string_view value) {
  if (value.size() != 24) {
    return absl::DataLossError("a row of the session table has a wrong length");
  }
  const Bytes bytes = AsBytes(value);
  return SessionRow{ReadU64(bytes), ReadU64(bytes.subspan(8)),
                    ReadU64(bytes.subspan(16))};
}

LogBatch::LogBatch(const Store& store, LogState* log, const LogEdge& edge)
    : store_(store),
      log_(log),
      edge_(edge),
      before_{std::move(edge_.sessions), std::move(edge_.tags)} {
  edge_.sessions.clear();
  edge_.tags.clear();
}

absl::StatusOr<Sequenced> LogBatch::Add(const AppendStep& step) {
  return std::visit([this](const auto& s) { return AddStep(s); }, step);
}

absl::StatusOr<NewHead> LogBatch::Finish(std::vector<Write>* writes) {
  const TileTree before = edge_.tree;
  for (const ChangedTile& tile : edge_.tree.Append(leaves_)) {
    std::string hashes;
    hashes.reserve(tile.hashes.size() * Hash::kSize);
    for (const Hash& hash : tile.hashes) hashes.append(AsText(hash));
    writes_.push_back(
        {log_->number(), Table::kTile, TileRowKey(tile.tile), std::move(hashes)});
  }
  if (!edge_.bundle.empty()) {
    writes_.push_back({log_->number(), Table::kBundle,
                       U64Key(edge_.tree.size() / kTileWidth), edge_.bundle});
  }
  // Those with no count were only asked for.
  std::erase_if(edge_.sessions, [](const auto& s) { return s.second.count == 0; });
  for (const auto& [key, row] : edge_.sessions) {
    writes_.push_back({log_->number(), Table::kSession, key, EncodeSessionRow(row)});
  }
  const StoredHead head{edge_.tree.size(), edge_.tree.Root()};
  // `before` too has been in memory since the last commit.
  if (before.size() > 0 && before.Root() != edge_.root) {
    return absl::DataLossError(absl::StrFormat(
        "the tree of log number %d in memory is not that of its head at size %d any "
        "more; the memory of this machine may be failing: test it, then start again",
        log_->number(), before.size()));
  }
  absl::StatusOr<StoredHead> again = RecomputeHead(before, writes_);
  if (!again.ok()) return again.status();
  if (*again != head) {
    return absl::DataLossError(absl::StrFormat(
        "the rows of the next commit of log number %d lead to another root than was "
        "computed; the memory of this machine may be failing: test it, then start "
        "again",
        log_->number()));
  }
  edge_.root = head.root;
  std::move(writes_.begin(), writes_.end(), std::back_inserter(*writes));
  return NewHead{log_->number(), log_->origin(), head};
}

void LogBatch::AddEntryBytes(Bytes entry) {
  // Entries are at most 32 KiB and a byte: they fit.
  AppendToBundle(entry, &edge_.bundle).IgnoreError();
  if ((size() + 1) % kTileWidth == 0) CloseBundle();
}

void LogBatch::CloseBundle() {
  writes_.push_back({log_->number(), Table::kBundle, U64Key(size() / kTileWidth),
                     std::move(edge_.bundle)});
  edge_.bundle.clear();
}

// A bundle at a time: this is every record's way into the log.
void LogBatch::AddValueEntries(EntryType type, std::string_view hashes) {
  const char header[] = {0, kValueEntryBytes, static_cast<char>(type)};
  constexpr size_t kFramed = sizeof header + Hash::kSize;
  static_assert(kFramed == 2 + kValueEntryBytes);
  const std::span<const Hash> values(reinterpret_cast<const Hash*>(hashes.data()),
                                     hashes.size() / Hash::kSize);
  for (size_t next = 0; next < values.size();) {
    const size_t room = kTileWidth - size() % kTileWidth;
    const std::span<const Hash> part =
        values.subspan(next, std::min(room, values.size() - next));
    if (edge_.bundle.empty()) edge_.bundle.reserve(kTileWidth * kFramed);
    const size_t old_bytes = edge_.bundle.size();
    edge_.bundle.resize(old_bytes + part.size() * kFramed);
    char* to = edge_.bundle.data() + old_bytes;
    for (const Hash& value : part) {
      std::memcpy(to, header, sizeof header);
      std::memcpy(to + sizeof header, value.data(), Hash::kSize);
      to += kFramed;
    }
    // Before its leaves are counted: the bundle is numbered by where it begins.
    if (part.size() == room) CloseBundle();
    const size_t leaves = leaves_.size();
    leaves_.resize(leaves + part.size());
    LeafHashes(static_cast<uint8_t>(type), part, leaves_.data() + leaves);
    next += part.size();
  }
}

void LogBatch::AddEntry(const Entry& entry) {
  const std::string bytes = Encode(entry);
  AddEntryBytes(AsBytes(bytes));
  leaves_.push_back(LeafHash(AsBytes(bytes)));
}

absl::Status LogBatch::CheckOpen() const {
  if (edge_.successor.empty()) return absl::OkStatus();
  const std::optional<VerifierKey> next = SuccessorNamed(edge_.successor);
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s was handed over for good and takes nothing more: write to %s, which goes on "
      "in its place under the key %s",
      log_->origin(), next ? next->name : "its successor",
      edge_.successor.substr(kSuccessorPrefix.size())));
}

absl::StatusOr<Sequenced> LogBatch::AddStep(const AppendValues& values) {
  if (absl::Status open = CheckOpen(); !open.ok()) return open;
  const uint64_t first = size();
  const uint64_t count = values.hashes.size() / Hash::kSize;
  if (!values.session_key.empty()) {
    absl::StatusOr<SessionRow*> session = Session(values.session_key);
    if (!session.ok()) return session.status();
    SessionRow& row = **session;
    if (row.count != values.session_count) {
      return absl::AbortedError(absl::StrFormat(
          "the session has %d durable records, not %d: open it again to go on",
          row.count, values.session_count));
    }
    if (row.count == 0) row.first = first;
    row.count += count;
    row.end = first + count;
  }
  AddValueEntries(values.type, values.hashes);
  edge_.changes_end = size();
  return Sequenced{first, size(), 0};
}

absl::StatusOr<Sequenced> LogBatch::AddStep(const AppendGenesis&) {
  if (size() != 0) return absl::AlreadyExistsError("the log exists already");
  AddEntry(ManifestEntry{log_->manifest()});
  writes_.push_back({log_->number(), Table::kKey, kVkeyRow,
                     FormatVkey(log_->key().Verifier(SignatureType::kEd25519))});
  // Every lookup has a root to be answered under, from the first moment on.
  if (auto index = AddStep(IndexEntry{1, 0, EmptySetRoot()}); !index.ok()) return index;
  return Sequenced{0, size(), 0};
}

absl::StatusOr<Sequenced> LogBatch::AddStep(const IndexEntry& index) {
  const uint64_t position = size();
  if (index.m <= edge_.index.entry.m || index.m > position || index.n >= index.m) {
    return absl::InternalError(absl::StrFormat(
        "an index entry of %s for m = %d does not belong at %d after that for m = %d",
        log_->origin(), index.m, position, edge_.index.entry.m));
  }
  const PlacedIndex placed{index, position};
  writes_.push_back(
      {log_->number(), Table::kIndex, U64Key(index.m), EncodeIndexRow(placed)});
  AddEntry(index);
  edge_.index = placed;
  return Sequenced{position, size(), 0};
}

absl::StatusOr<Sequenced> LogBatch::AddStep(const TagEntry& tag) {
  return AddTag(tag, std::numeric_limits<uint64_t>::max());
}

absl::StatusOr<Sequenced> LogBatch::AddStep(const AppendTag& step) {
  return AddTag(step.tag, step.unchanged_from);
}

absl::StatusOr<Sequenced> LogBatch::AddTag(const TagEntry& tag,
                                           uint64_t unchanged_from) {
  std::optional<PlacedTag> standing;
  if (const auto in_group = edge_.tags.find(tag.name); in_group != edge_.tags.end()) {
    standing = in_group->second;
  } else if (const auto before = before_.tags.find(tag.name);
             before != before_.tags.end()) {
    standing = before->second;
  } else {
    absl::StatusOr<std::string> row =
        store_.Read(log_->number(), Table::kTag, tag.name);
    if (row.ok()) {
      absl::StatusOr<PlacedTag> decoded = DecodeTagRow(*row);
      if (!decoded.ok()) return decoded.status();
      standing = *decoded;
    } else if (!absl::IsNotFound(row.status())) {
      return row.status();
    }
  }
  if (standing && standing->m != tag.m) {
    return absl::AlreadyExistsError(absl::StrFormat(
        "version %s of %s is the set at m = %d already; a name is used once, and the "
        "set is now at m = %d: choose another name",
        tag.name, log_->origin(), standing->m, tag.m));
  }
  if (standing) return Sequenced{standing->position, standing->position + 1, 0};
  if (absl::Status open = CheckOpen(); !open.ok()) return open;
  // What is acknowledged is in the last set of the log, or the log does not end.
  const bool last = SuccessorNamed(tag.name).has_value();
  if (last) unchanged_from = std::min(unchanged_from, tag.m);
  if (edge_.changes_end > unchanged_from) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s has adds or removes at or after %d (the last is entry %d): it is not "
        "tagged "
        "%s. Nothing has changed: stop its writers, and run this again",
        log_->origin(), unchanged_from, edge_.changes_end - 1, tag.name));
  }
  if (tag.m != edge_.index.entry.m) {
    absl::StatusOr<PlacedIndex> index = log_->IndexFor(store_, tag.m);
    if (!index.ok()) return index.status();
  }
  const PlacedTag placed{tag.m, size()};
  writes_.push_back({log_->number(), Table::kTag, tag.name, EncodeTagRow(placed)});
  edge_.tags.emplace(tag.name, placed);
  if (last) edge_.successor = tag.name;
  AddEntry(tag);
  return Sequenced{placed.position, size(), 0};
}

absl::StatusOr<SessionRow*> LogBatch::Session(const std::string& key) {
  if (const auto found = edge_.sessions.find(key); found != edge_.sessions.end()) {
    return &found->second;
  }
  if (const auto found = before_.sessions.find(key); found != before_.sessions.end()) {
    return &edge_.sessions.emplace(key, found->second).first->second;
  }
  SessionRow row;
  absl::StatusOr<std::string> stored =
      store_.Read(log_->number(), Table::kSession, key);
  if (stored.ok()) {
    absl::StatusOr<SessionRow> decoded = DecodeSessionRow(*stored);
    if (!decoded.ok()) return decoded.status();
    row = *decoded;
  } else if (!absl::IsNotFound(stored.status())) {
    return stored.status();
  }
  return &edge_.sessions.emplace(key, row).first->second;
}

}  // namespace setlog
