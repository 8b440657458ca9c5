#include "server/store_check.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/origin.h"
#include "log/vkey.h"
#include "server/budgets.h"
#include "server/key_files.h"
#include "server/log_check.h"
#include "server/tokens.h"
#include "storage/anchored_store.h"
#include "storage/row_format.h"

namespace setlog {
namespace {

namespace fs = std::filesystem;
using Kind = Finding::Kind;

constexpr char kRepair[] = "setlogd repair";
constexpr char kRestore[] = "setlogd restore";
constexpr std::string_view kTables = "btsgikw";

void Add(StoreCheck* check, Kind kind, std::string where, std::string what,
         std::string remedy) {
  check->findings.push_back(
      {kind, std::move(where), std::move(what), std::move(remedy)});
}

// Files, rows that belong to nobody, logs.
class StoreChecker {
 public:
  StoreChecker(StoreInspection& store, const CheckProgressFn& progress)
      : store_(store), progress_(progress) {}

  StoreCheck Run(const std::string& keys_data_dir) {
    check_.state = store_.store().state();
    store_.VerifyFiles(
        [&](std::string file, absl::Status why) {
          Add(&check_, Kind::kDamage, std::move(file), std::string(why.message()),
              kRestore);
        },
        [&](uint64_t done, uint64_t total) {
          progress_({"files", done, total});
        });
    absl::StatusOr<std::vector<LogRecord>> logs = store_.store().Logs();
    if (!logs.ok()) {
      Add(&check_, Kind::kDamage, "the rows of the logs",
          std::string(logs.status().message()), kRestore);
      return std::move(check_);
    }
    CheckOrigins(*logs);
    CheckOwners();
    for (const LogRecord& record : *logs) {
      LogCheckResult log = CheckLog(store_.store(), record, [&](uint64_t entries) {
        progress_({record.origin, entries, record.head.size});
      });
      std::move(log.findings.begin(), log.findings.end(),
                std::back_inserter(check_.findings));
      if (!keys_data_dir.empty() && !log.manifest.empty()) {
        for (Finding& finding :
             CheckIndex(&store_.store(), record, log.manifest, keys_data_dir)) {
          check_.findings.push_back(std::move(finding));
        }
      }
      check_.logs.push_back({record, std::move(log.vkey)});
    }
    return std::move(check_);
  }

 private:
  void CheckOrigins(const std::vector<LogRecord>& logs) {
    std::set<std::string> origins;
    for (const LogRecord& log : logs) {
      numbers_.insert(log.log);
      if (absl::Status origin = CheckOrigin(log.origin); !origin.ok()) {
        Add(&check_, Kind::kDamage, absl::StrFormat("the row of log %u", log.log),
            std::string(origin.message()), kRestore);
      } else if (!origins.insert(log.origin).second) {
        Add(&check_, Kind::kDamage, absl::StrFormat("the row of log %u", log.log),
            "a second log is called " + log.origin, kRestore);
      }
    }
  }

  // Whether each row is one of the store's own, or of a table of a log that it has.
  void CheckOwners() {
    std::string last;
    absl::Status read = store_.ScanRows([&](std::string_view key, std::string_view) {
      last = std::string(key);
      if (!IsKnown(key)) {
        Add(&check_, Kind::kDamage, "the row with key " + ToHex(AsBytes(key)),
            "it is of no log and no table that this store has", kRestore);
      }
      return true;
    });
    if (read.ok()) return;
    Add(&check_, Kind::kDamage,
        last.empty() ? "the first row"
                     : "the row after the one with key " + ToHex(AsBytes(last)),
        std::string(read.message()), kRestore);
  }

  bool IsKnown(std::string_view key) const {
    if (key.size() < 5) return false;
    const LogNumber log = ReadU32(AsBytes(key));
    const char table = key[4];
    if (log != 0) {
      return kTables.find(table) != kTables.npos && numbers_.contains(log);
    }
    return key == IdentityKey() || key == CommitKey() ||
           (key.starts_with(LogKeyPrefix()) && key.size() == 9);
  }

  StoreInspection& store_;
  const CheckProgressFn& progress_;
  StoreCheck check_;
  std::set<LogNumber> numbers_;
};

void CheckAnchorFile(const DataDirectory& where, StoreCheck* check) {
  const std::string path = where.anchor();
  const absl::Status fits =
      JudgeAnchor(check->state, path, Anchor::Open(path), std::nullopt);
  if (fits.ok()) return;
  const absl::StatusOr<bool> mendable = Anchor::IsMendable(path, check->state);
  if (mendable.ok() && *mendable) {
    Add(check, Kind::kRebuildable, path, std::string(fits.message()), kRepair);
  } else {
    Add(check, Kind::kDamage, path, std::string(fits.message()), kRestore);
  }
}

void CheckKeyFiles(const DataDirectory& where, StoreCheck* check) {
  std::set<std::string> known;
  for (const CheckedLog& log : check->logs) {
    const std::string path = SigningKeyPath(where.data_dir, log.record.origin);
    known.insert(fs::path(path).filename());
    known.insert(std::string(fs::path(path).filename()) + ".new");
    absl::StatusOr<SigningKey> key = ReadSigningKey(where.data_dir, log.record.origin);
    // Until the next start, after a crash that fell between the log and its key.
    if (absl::IsNotFound(key.status())) {
      absl::StatusOr<SigningKey> fresh =
          ReadNewSigningKey(where.data_dir, log.record.origin);
      if (fresh.ok()) key = std::move(fresh);
    }
    const std::string remedy =
        "put the key of " + log.record.origin + " back from a backup made --with-keys";
    if (!key.ok()) {
      Add(check, Kind::kDamage, path, std::string(key.status().message()), remedy);
    } else if (!log.vkey.empty() &&
               FormatVkey(key->Verifier(SignatureType::kEd25519)) != log.vkey) {
      Add(check, Kind::kDamage, path,
          absl::StrFormat("is not the key that signed %s so far, %s", log.record.origin,
                          log.vkey),
          remedy);
    }
  }
  std::error_code none;
  for (const auto& file : fs::directory_iterator(where.data_dir + "/keys", none)) {
    if (!known.contains(file.path().filename())) {
      Add(check, Kind::kNote, file.path(), "belongs to no log of this store", "");
    }
  }
}

// By name only: what RocksDB does not need any more it deletes itself.
bool IsRocksFile(const fs::path& file) {
  const std::string name = file.filename();
  const std::string type = file.extension();
  return name == "CURRENT" || name == "IDENTITY" || name.starts_with("LO") ||
         name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-") ||
         type == ".sst" || type == ".blob" || type == ".log" || type == ".dbtmp";
}

void CheckOtherFiles(const DataDirectory& where, StoreCheck* check) {
  static const std::set<std::string> kKnown = {
      "store",       "index",       "anchor",       "keys",
      "admin.token", "tokens.json", "budgets.json", "audit.log"};
  std::error_code none;
  for (const auto& file : fs::directory_iterator(where.data_dir, none)) {
    const std::string name = file.path().filename();
    if (kKnown.contains(name)) continue;
    const bool leftover =
        name == "checkpoint" || name == "store.repair" || name == "store.new";
    const bool kept = name.starts_with("store.damaged");
    Add(check, Kind::kNote, file.path(),
        leftover ? "was left behind by a command that did not end"
        : kept   ? "is what a repair replaced"
                 : "is no file of setlog's",
        leftover || kept ? "delete it" : "");
  }
  for (const auto& file : fs::directory_iterator(where.store_path(), none)) {
    if (IsRocksFile(file.path())) continue;
    Add(check, Kind::kNote, file.path(), "is no file of the store", "");
  }
}

// What the server itself would say of its secrets.
void CheckTokens(const DataDirectory& where, StoreCheck* check) {
  const std::string admin = where.data_dir + "/admin.token";
  const absl::Status token = ReadAdminToken(where.data_dir).status();
  if (absl::IsNotFound(token)) {
    Add(check, Kind::kNote, admin, "is missing: the next start makes a new one", "");
  } else if (!token.ok()) {
    Add(check, Kind::kDamage, admin, std::string(token.message()), "");
  }
  const auto clock = [] { return int64_t{0}; };
  const absl::StatusOr<std::unique_ptr<Tokens>> scoped =
      Tokens::Open(where.data_dir, clock);
  if (!scoped.ok()) {
    Add(check, Kind::kDamage, where.data_dir + "/tokens.json",
        std::string(scoped.status().message()), "");
    return;
  }
  // Of which nothing is spent, so nothing is written.
  const absl::Status budgets =
      Budgets::Open(where.data_dir, scoped->get(), kDefaultBudget, clock).status();
  if (!budgets.ok()) {
    Add(check, Kind::kDamage, where.data_dir + "/budgets.json",
        std::string(budgets.message()), "");
  }
}

}  // namespace

Finding::Kind StoreCheck::worst() const {
  Kind worst = Kind::kNote;
  for (const Finding& finding : findings) worst = std::max(worst, finding.kind);
  return worst;
}

StoreCheck CheckStore(StoreInspection& store, const std::string& keys_data_dir,
                      const CheckProgressFn& progress) {
  return StoreChecker(store, progress).Run(keys_data_dir);
}

StoreCheck CheckDataDirectory(const DataDirectory& where, StoreInspection& store,
                              const CheckProgressFn& progress) {
  StoreCheck check = CheckStore(store, where.data_dir, progress);
  CheckAnchorFile(where, &check);
  CheckKeyFiles(where, &check);
  CheckTokens(where, &check);
  CheckOtherFiles(where, &check);
  return check;
}

absl::StatusOr<StoreCheck> CheckDataDirectory(const DataDirectory& where,
                                              const CheckProgressFn& progress) {
  struct stat info;
  if (stat(where.data_dir.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return absl::NotFoundError(
        absl::StrFormat("--data %s: there is no such directory", where.data_dir));
  }
  StoreCheck check;
  absl::StatusOr<std::unique_ptr<StoreInspection>> store =
      StoreInspection::Open(where.store_path(), where.memory_bytes);
  if (absl::IsFailedPrecondition(store.status())) return store.status();
  std::error_code none;
  if (absl::IsNotFound(store.status()) && !fs::exists(where.anchor(), none)) {
    return store.status();  // never used
  }
  if (!store.ok()) {
    Add(&check, Kind::kDamage, where.store_path(),
        std::string(store.status().message()), kRestore);
    CheckOtherFiles(where, &check);
    return check;
  }
  return CheckDataDirectory(where, **store, progress);
}

}  // namespace setlog
