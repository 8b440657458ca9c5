#include "server/repair.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "server/log_rows.h"
#include "storage/anchor.h"
#include "storage/durable_file.h"
#include "storage/row_format.h"

namespace setlog {
namespace {

namespace fs = std::filesystem;

// What the log does not tell: entries, keys, sessions, and the store's own rows. (What
// witnesses said of the log is not kept: the server asks them again.)
bool IsKept(std::string_view key) {
  return key.size() < 5 || ReadU32(AsBytes(key)) == 0 ||
         std::string_view("tgiw").find(key[4]) == std::string_view::npos;
}

uint64_t BytesIn(const std::string& directory) {
  uint64_t bytes = 0;
  std::error_code gone;
  for (const auto& file : fs::directory_iterator(directory, gone)) {
    const uint64_t size = file.file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

absl::Status CheckSpace(const DataDirectory& where) {
  std::error_code error;
  const fs::space_info space = fs::space(where.data_dir, error);
  const uint64_t needed = BytesIn(where.store_path());
  if (error || space.available >= needed) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "a second store is written beside the first: %s has %u bytes free, up to %u are "
      "needed",
      where.data_dir, space.available, needed));
}

absl::Status Rewrite(const DataDirectory& where, StoreInspection& store,
                     const StoreCheck& before, const std::string& fresh,
                     const CheckProgressFn& progress) {
  absl::Status written =
      RewriteStore(store, fresh, where.memory_bytes, IsKept, [&](const RowSink& put) {
        for (const CheckedLog& log : before.logs) {
          absl::StatusOr<ReplayedLog> replayed = ReplayRows(
              store.store(), log.record,
              [&](const Write& row) {
                return put(RowKey(row.log, row.table, row.key), row.value);
              },
              [&](uint64_t entries) {
                progress({log.record.origin, entries, log.record.head.size});
              });
          if (!replayed.ok()) return replayed.status();
        }
        return absl::OkStatus();
      });
  if (!written.ok()) return written;
  absl::StatusOr<std::unique_ptr<StoreInspection>> made =
      StoreInspection::Open(fresh, where.memory_bytes);
  if (!made.ok()) return made.status();
  const StoreCheck after = CheckStore(**made, "", progress);
  if (after.worst() != Finding::Kind::kNote || after.state != before.state ||
      after.logs.size() != before.logs.size()) {
    return absl::InternalError(absl::StrFormat(
        "the store made anew, %s, is not right either; nothing was changed: %s", fresh,
        after.findings.empty() ? "it stands elsewhere" : after.findings[0].what));
  }
  return absl::OkStatus();
}

bool IsIndex(const DataDirectory& where, const Finding& finding) {
  return finding.where.starts_with(where.data_dir + "/index/");
}

std::string NameForDamaged(const std::string& data_dir) {
  std::string name = data_dir + "/store.damaged";
  for (int i = 2; fs::exists(name); ++i) {
    name = absl::StrFormat("%s/store.damaged.%d", data_dir, i);
  }
  return name;
}

}  // namespace

absl::StatusOr<Repair> RepairDataDirectory(const DataDirectory& where,
                                           const CheckProgressFn& progress) {
  if (!fs::exists(where.data_dir)) {
    return absl::NotFoundError(
        absl::StrFormat("--data %s: there is no such directory", where.data_dir));
  }
  absl::StatusOr<std::unique_ptr<StoreInspection>> store =
      StoreInspection::Open(where.store_path(), where.memory_bytes);
  if (!store.ok()) return store.status();
  // Of a repair that did not end: not whole, or exchanged already.
  const std::string fresh = where.data_dir + "/store.repair";
  std::error_code gone;
  fs::remove_all(fresh, gone);

  Repair repair;
  repair.before = CheckDataDirectory(where, **store, progress);
  repair.refused = repair.before.worst() == Finding::Kind::kDamage;
  if (repair.refused || repair.before.worst() == Finding::Kind::kNote) return repair;

  bool rows = false;
  for (const Finding& finding : repair.before.findings) {
    if (finding.kind != Finding::Kind::kRebuildable) continue;
    if (IsIndex(where, finding)) {
      fs::remove_all(finding.where, gone);
      repair.done.push_back(absl::StrFormat(
          "%s was removed: the server makes it anew from the log", finding.where));
    } else {
      rows |= finding.where != where.anchor();
    }
  }
  if (rows) {
    if (absl::Status space = CheckSpace(where); !space.ok()) return space;
    absl::Status made = Rewrite(where, **store, repair.before, fresh, progress);
    if (made.ok()) made = ExchangeDirectories(where.store_path(), fresh);
    if (!made.ok()) {
      if (!absl::IsUnimplemented(made)) fs::remove_all(fresh, gone);
      return made;
    }
    const std::string kept = NameForDamaged(where.data_dir);
    fs::rename(fresh, kept, gone);
    repair.done.push_back(absl::StrFormat(
        "the store, from its log; what it was before is in %s: delete it", kept));
  }
  // Last: with a damaged anchor no server starts on what is not ready yet.
  absl::StatusOr<bool> mended = Anchor::Mend(where.anchor(), repair.before.state);
  if (!mended.ok()) return mended.status();
  if (*mended) repair.done.push_back("the anchor " + where.anchor());
  return repair;
}

}  // namespace setlog
