#include "tools/append_session.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/appender.h"
#include "log/sha256.h"

namespace setlog {
namespace {

using nlohmann::json;

constexpr unsigned kFileMode = 0600;
constexpr size_t kMaxFileBytes = size_t{16} << 20;
constexpr size_t kSessionBytes = 16;

std::string Absolute(const std::string& name) {
  if (name == "-") return name;
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(name, error);
  return error ? name : path.lexically_normal().string();
}

// File names are bytes, JSON strings are not.
std::string NameInHex(const std::string& name) { return ToHex(AsBytes(name)); }

// Length-prefixed, so that no two lists of parts read the same.
std::string FileStem(const AppendCommand& command) {
  std::string parts;
  const auto add = [&parts](std::string_view part) {
    AppendU64(&parts, part.size());
    parts += part;
  };
  add(command.vkey);
  add(command.command);
  add(command.form);
  for (const std::string& input : command.inputs) add(Absolute(input));
  return ToHex(Sha256(AsBytes(parts)));
}

json DescribeInput(const std::string& name) {
  json described{{"name", NameInHex(Absolute(name))}};
  struct stat info;
  if (name != "-" && stat(name.c_str(), &info) == 0) {
    described["size"] = static_cast<uint64_t>(info.st_size);
    described["mtime_us"] =
        int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000;
  }
  return described;
}

json Describe(const AppendCommand& command) {
  json described{{"command", command.command},
                 {"origin", command.origin},
                 {"records", command.records},
                 {"digest", ToHex(command.digest)},
                 {"inputs", json::array()}};
  for (const std::string& input : command.inputs) {
    described["inputs"].push_back(DescribeInput(input));
  }
  return described;
}

absl::Status Changed(const AppendCommand& command) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "the inputs have changed since `setlog %s %s` was interrupted, so it cannot go "
      "on "
      "where it stopped: run it with the inputs of then, or with --restart to append "
      "all of these (what was sent before stays in the log)",
      command.command, command.origin));
}

bool IsHeld(const std::string& lock_path) {
  const int fd = open(lock_path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  const bool held = flock(fd, LOCK_EX | LOCK_NB) != 0;
  close(fd);
  return held;
}

// The names in the session at `path`, if it is an interrupted one of this command, log
// and these very records.
std::optional<std::vector<std::string>> NamesOfSame(const std::filesystem::path& path,
                                                    const AppendCommand& command,
                                                    const json& described) {
  const absl::StatusOr<std::string> text = ReadSmallFile(path.string(), kMaxFileBytes);
  if (!text.ok()) return std::nullopt;
  const json stored = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!stored.is_object()) return std::nullopt;
  for (const char* field : {"command", "origin", "records", "digest"}) {
    if (!stored.contains(field) || stored[field] != described[field]) {
      return std::nullopt;
    }
  }
  if (!stored.contains("inputs") || !stored["inputs"].is_array()) return std::nullopt;
  AppendCommand other = command;
  other.inputs.clear();
  for (const json& input : stored["inputs"]) {
    if (!input.is_object() || !input.contains("name") || !input["name"].is_string()) {
      return std::nullopt;
    }
    const std::optional<std::string> name =
        BytesFromHex(input["name"].get<std::string>());
    if (!name) return std::nullopt;
    other.inputs.push_back(*name);
  }
  for (const char* form : {"files", "hashes", "packed"}) {
    other.form = form;  // and of this key, which only its name tells
    if (FileStem(other) == path.stem().string()) return other.inputs;
  }
  return std::nullopt;
}

// The same records, sent in part under other names, would be sent twice.
absl::Status CheckNotRenamed(const std::string& directory, const AppendCommand& command,
                             const json& described) {
  if (command.records == 0) return absl::OkStatus();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".json") continue;
    const std::optional<std::vector<std::string>> names =
        NamesOfSame(entry.path(), command, described);
    std::filesystem::path lock = entry.path();
    if (!names || names->empty() || IsHeld(lock.replace_extension(".lock").string())) {
      continue;
    }
    return absl::FailedPreconditionError(absl::StrFormat(
        "`setlog %s %s` of the same records, then named %s%s, was interrupted: run it "
        "with the names of then to go on where it stopped, or with --restart to append "
        "all of them (what was sent before stays in the log)",
        command.command, command.origin, names->front(),
        names->size() > 1 ? " ..." : ""));
  }
  return absl::OkStatus();
}

std::optional<uint64_t> TakeNumber(json& object, const char* key) {
  if (!object.contains(key)) return std::nullopt;
  const json value = object[key];
  object.erase(key);
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<uint64_t>();
}

struct StoredSession {
  std::string id;
  std::optional<PadRange> pads;
};

// The unfinished session in `text`.
absl::StatusOr<StoredSession> Resume(const std::string& path, const std::string& text,
                                     const AppendCommand& command,
                                     const json& described) {
  json stored = json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::optional<std::string> id;
  if (stored.is_object() && stored.contains("session") &&
      stored["session"].is_string()) {
    id = BytesFromHex(stored["session"].get<std::string>());
  }
  bool has_pads = false;
  std::optional<uint64_t> first_pad;
  std::optional<uint64_t> pads;
  if (id) {
    has_pads = stored.contains("first_pad") || stored.contains("pads");
    first_pad = TakeNumber(stored, "first_pad");
    pads = TakeNumber(stored, "pads");
  }
  if (!id || id->size() != kSessionBytes || (has_pads && !(first_pad && pads))) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s, which says how far an earlier run came, is damaged: --restart begins anew",
        path));
  }
  stored.erase("session");
  if (stored != described) return Changed(command);
  StoredSession session{.id = *std::move(id)};
  if (has_pads) session.pads = PadRange{*first_pad, *pads};
  return session;
}

}  // namespace

absl::StatusOr<AppendSession> AppendSession::Find(const std::string& state_path,
                                                  const AppendCommand& command,
                                                  bool restart) {
  const std::string directory = state_path + "/sessions";
  if (absl::Status status = MakePrivateDirectory(directory); !status.ok()) {
    return status;
  }
  const std::string stem = directory + "/" + FileStem(command);
  absl::StatusOr<FileLock> lock = FileLock::Acquire(stem + ".lock");
  if (!lock.ok()) return lock.status();
  const std::string path = stem + ".json";
  const absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxFileBytes);
  if (!text.ok() && !absl::IsNotFound(text.status())) return text.status();

  json described = Describe(command);
  if (text.ok() && !restart) {
    absl::StatusOr<StoredSession> stored = Resume(path, *text, command, described);
    if (!stored.ok()) return stored.status();
    AppendSession session(path, std::move(stored->id), /*is_new=*/false,
                          *std::move(lock));
    session.pads_ = stored->pads;
    return session;
  }
  if (!restart) {
    if (absl::Status same = CheckNotRenamed(directory, command, described);
        !same.ok()) {
      return same;
    }
  }
  std::string id = NewSessionId();
  described["session"] = ToHex(AsBytes(id));
  const absl::Status written = ReplaceFile(path, described.dump() + "\n", kFileMode);
  if (!written.ok()) return written;
  return AppendSession(path, std::move(id), /*is_new=*/true, *std::move(lock));
}

absl::Status AppendSession::KeepPads(PadRange pads) {
  const absl::StatusOr<std::string> text = ReadSmallFile(path_, kMaxFileBytes);
  if (!text.ok()) return text.status();
  json stored = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!stored.is_object()) return absl::DataLossError(path_ + " is damaged");
  stored["first_pad"] = pads.first;
  stored["pads"] = pads.count;
  absl::Status written = ReplaceFile(path_, stored.dump() + "\n", kFileMode);
  if (written.ok()) pads_ = pads;
  return written;
}

absl::Status AppendSession::Forget() {
  is_forgotten_ = true;
  if (unlink(path_.c_str()) != 0) {
    return errno == ENOENT ? absl::OkStatus() : absl::ErrnoToStatus(errno, path_);
  }
  // A session that came back after a power cut would swallow the next such command.
  return SyncDirectoryOf(path_);
}

}  // namespace setlog
