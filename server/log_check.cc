#include "server/log_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/entry.h"
#include "log/tile.h"
#include "log/vkey.h"
#include "server/key_files.h"
#include "server/log_directory.h"
#include "server/log_rows.h"
#include "server/sequencer.h"

namespace setlog {
namespace {

constexpr size_t kSessionKeyBytes = 17;  // u8 type | id
constexpr char kRepair[] = "setlogd repair";
constexpr char kRestore[] = "setlogd restore";

const char* NameOf(Table table) {
  switch (table) {
    case Table::kBundle:
      return "bundle";
    case Table::kTile:
      return "tile";
    case Table::kSession:
      return "session";
    case Table::kTag:
      return "tag";
    case Table::kIndex:
      return "index";
    case Table::kKey:
      return "key";
    case Table::kWitness:
      return "witness";
  }
  return "unknown";
}

class LogCheck {
 public:
  LogCheck(const Store& store, const LogRecord& record)
      : store_(store), record_(record) {}

  LogCheckResult Run(const std::function<void(uint64_t)>& progress) {
    CheckKeyRows();
    absl::StatusOr<ReplayedLog> log = ReplayRows(
        store_, record_, [this](const Write& row) { return Compare(row); }, progress);
    if (!log.ok()) {
      Add(Finding::Kind::kDamage, record_.origin, std::string(log.status().message()),
          kRestore);
      return std::move(result_);
    }
    result_.manifest = log->manifest;
    CheckUnexplained(Table::kTile, log->tiles);
    CheckUnexplained(Table::kIndex, log->index_rows);
    CheckUnexplained(Table::kTag, log->tag_rows);
    CheckSessions(*log);
    CheckWitnessRows();
    return std::move(result_);
  }

 private:
  void Add(Finding::Kind kind, std::string where, std::string what,
           const char* remedy) {
    result_.findings.push_back({kind, std::move(where), std::move(what), remedy});
  }
  std::string RowName(Table table, std::string_view key) const {
    const std::string shown =
        table == Table::kTag || table == Table::kKey || table == Table::kWitness
            ? std::string(key)
        : table == Table::kTile && key.size() == 9
            ? absl::StrFormat("%d/%u", key[0], ReadU64(AsBytes(key.substr(1))))
        : table == Table::kIndex && key.size() == 8
            ? absl::StrFormat("m = %u", ReadU64(AsBytes(key)))
            : ToHex(AsBytes(key));
    return absl::StrFormat("%s: %s row %s", record_.origin, NameOf(table), shown);
  }

  // Only whether the expected row is there: others are counted afterwards.
  absl::Status Compare(const Write& row) {
    absl::StatusOr<std::string> stored = store_.Read(record_.log, row.table, row.key);
    if (!stored.ok()) {
      if (!absl::IsNotFound(stored.status())) return stored.status();
      Add(Finding::Kind::kRebuildable, RowName(row.table, row.key),
          "is missing, the log's entries ask for it", kRepair);
    } else {
      ++found_[static_cast<size_t>(row.table)];
      if (*stored != row.value) {
        Add(Finding::Kind::kRebuildable, RowName(row.table, row.key),
            "is not what the log's entries give", kRepair);
      }
    }
    return absl::OkStatus();
  }

  // Rows that nobody asked for. Named by a second replay only if there are any.
  void CheckUnexplained(Table table, uint64_t expected) {
    uint64_t rows = 0;
    absl::Status read = store_.Scan(record_.log, table, "", "",
                                    [&](std::string_view, std::string_view) {
                                      ++rows;
                                      return true;
                                    });
    const uint64_t explained = found_[static_cast<size_t>(table)];
    if (!read.ok()) {
      Add(Finding::Kind::kDamage, record_.origin, std::string(read.message()),
          kRestore);
    } else if (rows != explained) {
      NameUnexplained(table, rows - explained);
    }
  }

  void NameUnexplained(Table table, uint64_t count) {
    std::vector<std::string> expected;
    absl::StatusOr<ReplayedLog> log = ReplayRows(
        store_, record_,
        [&](const Write& row) {
          if (row.table == table) expected.push_back(row.key);
          return absl::OkStatus();
        },
        [](uint64_t) {});
    if (!log.ok()) return;
    std::sort(expected.begin(), expected.end());
    store_
        .Scan(record_.log, table, "", "",
              [&](std::string_view key, std::string_view) {
                if (!std::binary_search(expected.begin(), expected.end(), key)) {
                  Add(Finding::Kind::kRebuildable, RowName(table, key),
                      "no entry of the log explains it", kRepair);
                }
                return true;
              })
        .IgnoreError();  // it was read a moment ago
  }

  void CheckKeyRows() {
    uint64_t rows = 0;
    absl::Status read =
        store_.Scan(record_.log, Table::kKey, "", "",
                    [&](std::string_view key, std::string_view value) {
                      ++rows;
                      const std::string text(value);
                      const absl::StatusOr<VerifierKey> vkey = ParseVkey(text);
                      if (key == kVkeyRow && vkey.ok() &&
                          vkey->name == record_.origin && FormatVkey(*vkey) == text) {
                        result_.vkey = text;
                      } else {
                        Add(Finding::Kind::kDamage, RowName(Table::kKey, key),
                            "is not the verifier key of this log", kRestore);
                      }
                      return true;
                    });
    if (!read.ok()) {
      Add(Finding::Kind::kDamage, record_.origin, std::string(read.message()),
          kRestore);
    } else if (rows == 0) {
      Add(Finding::Kind::kDamage, RowName(Table::kKey, kVkeyRow), "is missing",
          kRestore);
    }
  }

  // The note of a head that met a quorum, and sizes that witnesses cosigned.
  void CheckWitnessRows() {
    absl::Status read =
        store_.Scan(record_.log, Table::kWitness, "", "",
                    [&](std::string_view key, std::string_view value) {
                      const std::string wrong = WitnessFault(key, value);
                      if (!wrong.empty()) {
                        Add(Finding::Kind::kRebuildable, RowName(Table::kWitness, key),
                            wrong, kRepair);
                      }
                      return true;
                    });
    if (!read.ok()) {
      Add(Finding::Kind::kDamage, record_.origin, std::string(read.message()),
          kRestore);
    }
  }

  std::string WitnessFault(std::string_view key, std::string_view value) const {
    if (key != kQuorumRow) {
      if (!ParseVkey(key).ok()) return "is of no witness";
      return value.size() == 8 ? "" : "is no size";
    }
    const absl::StatusOr<VerifierKey> vkey = ParseVkey(result_.vkey);
    if (!vkey.ok()) return "";  // that is a finding of its own
    const absl::StatusOr<Checkpoint> head = OpenCheckpoint(value, *vkey);
    if (!head.ok()) return std::string(head.status().message());
    return head->size <= record_.head.size ? "" : "is of a size beyond the log's head";
  }

  // A session's row cannot be recomputed, but it cannot say just anything either.
  void CheckSessions(const ReplayedLog& log) {
    absl::Status read = store_.Scan(
        record_.log, Table::kSession, "", "",
        [&](std::string_view key, std::string_view value) {
          const std::string wrong = SessionFault(log, key, value);
          if (!wrong.empty()) {
            Add(Finding::Kind::kDamage, RowName(Table::kSession, key), wrong, kRestore);
          }
          return true;
        });
    if (!read.ok()) {
      Add(Finding::Kind::kDamage, record_.origin, std::string(read.message()),
          kRestore);
    }
  }

  std::string SessionFault(const ReplayedLog& log, std::string_view key,
                           std::string_view value) const {
    const uint8_t type = key.empty() ? 0 : static_cast<uint8_t>(key[0]);
    if (key.size() != kSessionKeyBytes || (type != 1 && type != 2)) {
      return "has a malformed key";
    }
    const absl::StatusOr<SessionRow> row = DecodeSessionRow(value);
    if (!row.ok()) return std::string(row.status().message());
    if (row->first > row->end || row->end > record_.head.size) {
      return absl::StrFormat("names entries [%u, %u) of a log of %u", row->first,
                             row->end, record_.head.size);
    }
    const EntryType kind = static_cast<EntryType>(type);
    absl::StatusOr<uint64_t> before =
        CountValues(store_, record_, log, kind, row->first);
    absl::StatusOr<uint64_t> until = CountValues(store_, record_, log, kind, row->end);
    if (!before.ok()) return std::string(before.status().message());
    if (!until.ok()) return std::string(until.status().message());
    if (*until - *before < row->count) {
      return absl::StrFormat(
          "counts %u records, but entries [%u, %u) hold %u of their type", row->count,
          row->first, row->end, *until - *before);
    }
    return "";
  }

  const Store& store_;
  const LogRecord& record_;
  uint64_t found_[256] = {};  // by table: expected rows that are there
  LogCheckResult result_;
};

}  // namespace

LogCheckResult CheckLog(const Store& store, const LogRecord& record,
                        const std::function<void(uint64_t)>& progress) {
  return LogCheck(store, record).Run(progress);
}

std::vector<Finding> CheckIndex(Store* store, const LogRecord& record,
                                const std::string& manifest,
                                const std::string& data_dir) {
  absl::StatusOr<SigningKey> key = ReadSigningKey(data_dir, record.origin);
  if (!key.ok()) return {};
  constexpr uint64_t kCacheBytes = uint64_t{1} << 20;
  const TreeReader reader(store, kCacheBytes);
  HostedLog log(record.log, record.origin, *std::move(key), manifest, store, &reader,
                {.directory = IndexPath(data_dir, record.log)});
  PublishedHead head;
  head.head = record.head;
  log.state.PublishHead(std::move(head));
  const absl::Status checked = log.index.Check();
  if (checked.ok() || absl::IsNotFound(checked)) return {};
  return {{Finding::Kind::kRebuildable, IndexPath(data_dir, record.log),
           absl::StrFormat("the index of %s: %s", record.origin, checked.message()),
           kRepair}};
}

}  // namespace setlog
