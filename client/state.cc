#include "client/state.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "log/decimal.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/note.h"
#include "log/origin.h"
#include "log/policy.h"
#include "log/sha256.h"

namespace setlog {
namespace {

// Two notes of 1 MiB, and a policy of as much, every byte of it escaped in JSON (a
// backslash before each: control characters no note has), and the rest. So all that is
// written is read again.
constexpr size_t kMaxStateBytes = size_t{16} << 20;

std::string Format(const KnownLog& log) {
  JsonValue::Object members;
  const auto add = [&](const char* key, auto value) {
    members.push_back({key, JsonValue{std::move(value)}});
  };
  if (log.convicted) add("convicted", *log.convicted);
  if (log.cosigned) {
    add("cosigned", log.cosigned->note);
    add("cosigned_m", absl::StrFormat("%d", log.cosigned_m));
  }
  if (log.head) add("head", log.head->note);
  add("highest_m", absl::StrFormat("%d", log.highest_m));
  add("origin", log.key.name);
  add("pinned", log.pinned);
  if (!log.policy.empty()) add("policy", log.policy);
  add("vkey", FormatVkey(log.key));
  return CanonicalJson({std::move(members)}) + "\n";
}

absl::StatusOr<KnownLog> Parse(std::string_view text, std::string_view origin) {
  const absl::StatusOr<JsonValue> value = ParseJson(text);
  if (!value.ok()) return value.status();
  const auto text_of = [&](const char* key) {
    const JsonValue* member = value->Find(key);
    return member == nullptr ? nullptr : member->AsString();
  };
  const std::string* vkey = text_of("vkey");
  const std::string* highest_m = text_of("highest_m");
  const JsonValue* pinned = value->Find("pinned");
  if (vkey == nullptr || highest_m == nullptr || pinned == nullptr ||
      pinned->AsBool() == nullptr) {
    return absl::DataLossError("a member is missing");
  }
  absl::StatusOr<VerifierKey> key = ParseVkey(*vkey);
  if (!key.ok()) return key.status();
  if (!origin.empty() && key->name != origin) {
    return absl::DataLossError("it is another log's");
  }
  const std::optional<uint64_t> m = ParseDecimal(*highest_m);
  if (!m) return absl::DataLossError("highest_m is no number");
  KnownLog log{.key = *std::move(key), .pinned = *pinned->AsBool(), .highest_m = *m};
  if (const std::string* policy = text_of("policy")) {
    if (absl::Status s = CheckPolicyFor(log.key, *policy); !s.ok()) return s;
    log.policy = *policy;
  }
  if (const std::string* convicted = text_of("convicted")) {
    // A name, and no way out of the directory.
    if (convicted->find('/') != convicted->npos) {
      return absl::DataLossError("convicted is no file's name");
    }
    log.convicted = *convicted;
  }
  const auto read_head = [&](const char* name, std::optional<KnownHead>& head) {
    const std::string* note = text_of(name);
    if (note == nullptr) return absl::OkStatus();
    absl::StatusOr<Checkpoint> checkpoint = OpenCheckpoint(*note, log.key);
    if (!checkpoint.ok()) return checkpoint.status();
    head = KnownHead{*note, *std::move(checkpoint)};
    return absl::OkStatus();
  };
  if (absl::Status s = read_head("head", log.head); !s.ok()) return s;
  if (absl::Status s = read_head("cosigned", log.cosigned); !s.ok()) return s;
  if (const std::string* cosigned_m = text_of("cosigned_m")) {
    log.cosigned_m = ParseDecimal(*cosigned_m).value_or(0);
  }
  if (Format(log) != text) return absl::DataLossError("it was changed by hand");
  return log;
}

absl::StatusOr<KnownLog> ReadLog(const std::string& path, std::string_view origin) {
  absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxStateBytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<KnownLog> log = Parse(*text, origin);
  if (log.ok()) return log;
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged (%s): restore it, or remove it to forget this log's key and head",
      path, std::string(log.status().message())));
}

// Notes, and pieces of evidence, that are kept of one log.
constexpr size_t kMaxKeptOfOrigin = 64;
// Notes of heads that went back: two each time.
constexpr size_t kMaxRollbackNotes = 8;

// The oldest go, until there is room for one more.
void MakeRoom(std::vector<std::filesystem::path> kept, size_t most) {
  std::error_code gone;  // somebody else was faster
  const auto written = [&gone](const std::filesystem::path& path) {
    return std::filesystem::last_write_time(path, gone);
  };
  std::sort(kept.begin(), kept.end(),
            [&](const auto& a, const auto& b) { return written(a) < written(b); });
  for (size_t i = 0; i + most <= kept.size(); ++i) {
    std::filesystem::remove(kept[i], gone);
  }
}

}  // namespace

absl::Status CheckPolicyFor(const VerifierKey& key, std::string_view text) {
  const absl::StatusOr<Policy> policy = ParsePolicy(text);
  if (!policy.ok()) return policy.status();
  for (const Policy::Log& log : policy->logs) {
    if (log.key == key) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "the policy does not name the key: it needs the line `log %s`", FormatVkey(key)));
}

absl::StatusOr<std::string> StateDirectory::DefaultPath() {
  if (const char* home = std::getenv("SETLOG_HOME"); home != nullptr && *home != 0) {
    return std::string(home);
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != 0) {
    return absl::StrFormat("%s/.config/setlog", home);
  }
  return absl::FailedPreconditionError(
      "there is no place for keys and heads: set SETLOG_HOME");
}

absl::StatusOr<StateDirectory> StateDirectory::Open(std::string path) {
  for (const char* part : {"/logs", "/seen", "/evidence"}) {
    if (absl::Status s = MakePrivateDirectory(path + part); !s.ok()) return s;
  }
  return StateDirectory(std::move(path));
}

std::string StateDirectory::FileOf(std::string_view origin) const {
  return absl::StrFormat("%s/logs/%s", path_, ToHex(Sha256(AsBytes(origin))));
}

absl::StatusOr<std::optional<KnownLog>> StateDirectory::Load(
    std::string_view origin) const {
  if (absl::Status s = CheckOrigin(origin); !s.ok()) return s;
  absl::StatusOr<KnownLog> log = ReadLog(FileOf(origin) + ".json", origin);
  if (absl::IsNotFound(log.status())) return std::nullopt;
  if (!log.ok()) return log.status();
  return *std::move(log);
}

absl::StatusOr<std::vector<KnownLog>> StateDirectory::List() const {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(path_ + "/logs", error)) {
    if (file.path().extension() == ".json") paths.push_back(file.path().string());
  }
  if (error) {
    return absl::ErrnoToStatus(error.value(),
                               absl::StrFormat("cannot list %s/logs", path_));
  }
  std::sort(paths.begin(), paths.end());
  std::vector<KnownLog> logs;
  for (const std::string& path : paths) {
    absl::StatusOr<KnownLog> log = ReadLog(path, "");
    if (!log.ok()) return log.status();
    logs.push_back(*std::move(log));
  }
  return logs;
}

absl::Status StateDirectory::Update(
    std::string_view origin,
    const std::function<absl::Status(std::optional<KnownLog>&)>& change) const {
  if (absl::Status s = CheckOrigin(origin); !s.ok()) return s;
  const std::string file = FileOf(origin);
  absl::StatusOr<FileLock> lock = FileLock::Acquire(file + ".lock");
  if (!lock.ok()) return lock.status();
  absl::StatusOr<std::optional<KnownLog>> log = Load(origin);
  if (!log.ok()) return log.status();
  const std::optional<KnownLog> before = *log;
  if (absl::Status s = change(*log); !s.ok()) return s;
  if (*log == before) return absl::OkStatus();
  if (*log) return ReplaceFile(file + ".json", Format(**log), 0600);
  if (::unlink((file + ".json").c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrFormat("cannot remove %s.json", file));
  }
  return absl::OkStatus();
}

absl::Status StateDirectory::ForgetSeen(std::string_view origin) const {
  const std::string prefix = ToHex(Sha256(AsBytes(origin))) + "-";
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(path_ + "/seen", error)) {
    if (file.path().filename().string().starts_with(prefix)) files.push_back(file);
  }
  for (const std::filesystem::path& file : files) {
    if (!error) std::filesystem::remove(file, error);
  }
  if (!error) return absl::OkStatus();
  return absl::ErrnoToStatus(
      error.value(), absl::StrFormat("cannot forget the versions in %s/seen", path_));
}

absl::Status StateDirectory::Forget(std::string_view origin) const {
  // First what stands under the key: cut short, the log is still a known one.
  if (absl::Status s = ForgetSeen(origin); !s.ok()) return s;
  return Update(origin, [](std::optional<KnownLog>& log) {
    log.reset();
    return absl::OkStatus();
  });
}

absl::Status StateDirectory::ReplaceKey(const VerifierKey& key,
                                        std::string_view policy) const {
  if (absl::Status s = ForgetSeen(key.name); !s.ok()) return s;
  return Update(key.name, [&](std::optional<KnownLog>& log) {
    log = KnownLog{.key = key, .pinned = true, .policy = std::string(policy)};
    return absl::OkStatus();
  });
}

absl::Status StateDirectory::MarkConvicted(const VerifierKey& key,
                                           std::string_view evidence) const {
  const std::string_view name = evidence.substr(evidence.rfind('/') + 1);
  return Update(key.name, [&](std::optional<KnownLog>& log) {
    if (!log) log = KnownLog{.key = key};
    const bool first = !log->convicted || log->convicted->empty();
    if (log->key == key && first) log->convicted = std::string(name);
    return absl::OkStatus();
  });
}

std::string StateDirectory::EvidenceOf(const KnownLog& log) const {
  if (!log.convicted || log.convicted->empty()) return "";
  return absl::StrFormat("%s/evidence/%s", path_, *log.convicted);
}

std::string StateDirectory::SeenFile(std::string_view origin,
                                     std::string_view name) const {
  return absl::StrFormat("%s/seen/%s-%s.json", path_, ToHex(Sha256(AsBytes(origin))),
                         ToHex(Sha256(AsBytes(name))));
}

absl::StatusOr<std::string> StateDirectory::SaveEvidence(
    std::string_view origin, std::string_view bytes, std::string_view extension) const {
  // For people to recognise; what makes the name unique is the hash.
  std::string name(origin.substr(0, 100));
  for (char& c : name) {
    if (c == '/') c = '+';
  }
  const std::string directory = path_ + "/evidence";
  const std::string file = absl::StrFormat(
      "%s-%s%s", name, ToHex(Bytes(Sha256(AsBytes(bytes))).first(8)), extension);
  std::vector<std::filesystem::path> kept;
  std::error_code none;  // says so below, where the file is written
  for (const auto& other : std::filesystem::directory_iterator(directory, none)) {
    const std::string beside = other.path().filename().string();
    if (beside == file) continue;
    if (beside.size() == file.size() && beside.starts_with(name + "-") &&
        beside.ends_with(extension)) {
      kept.push_back(other.path());
    }
  }
  if (extension == kRollbackNote) {
    MakeRoom(std::move(kept), kMaxRollbackNotes);
  } else if (kept.size() >= kMaxKeptOfOrigin) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%s has %d files *%s of %s already, and no more than %d are "
                        "kept: look at them, "
                        "and move them elsewhere",
                        directory, kept.size(), extension, origin, kMaxKeptOfOrigin));
  }
  const std::string path = absl::StrFormat("%s/%s", directory, file);
  if (absl::Status s = ReplaceFile(path, bytes, 0600); !s.ok()) return s;
  return path;
}

}  // namespace setlog
