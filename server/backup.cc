#include "server/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/sha256_stream.h"
#include "log/vkey.h"
#include "server/checkpoint_door.h"
#include "server/key_files.h"
#include "storage/anchored_store.h"
#include "storage/durable_file.h"

namespace setlog {
namespace {

namespace fs = std::filesystem;

absl::Status Failed(const char* what, const std::string& path) {
  const int error = errno;
  const std::string text =
      absl::StrFormat("cannot %s %s: %s", what, path, std::strerror(error));
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(text);
  if (error == ENOENT) return absl::NotFoundError(text);
  return absl::UnavailableError(text);
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  int value() const { return value_; }

 private:
  const int value_;
};

// Copies one file, on the disk if OK, and says what was copied.
absl::StatusOr<BackupFile> CopyFile(const std::string& from, const std::string& to) {
  const Descriptor in(open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (in.value() < 0) return Failed("read", from);
  const Descriptor out(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (out.value() < 0) return Failed("create", to);
  BackupFile file;
  Sha256Stream sha256;
  std::vector<uint8_t> buffer(size_t{1} << 20);
  while (true) {
    const ssize_t got = read(in.value(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", from);
    if (got == 0) break;
    const Bytes piece(buffer.data(), static_cast<size_t>(got));
    for (size_t done = 0; done < piece.size();) {
      const ssize_t put = write(out.value(), &piece[done], piece.size() - done);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return Failed("write", to);
      done += static_cast<size_t>(put);
    }
    sha256.Update(piece);
    file.size += piece.size();
  }
  if (fsync(out.value()) != 0) return Failed("sync", to);
  file.sha256 = sha256.Finish();
  return file;
}

absl::Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0) return Failed("create", path);
  return SyncParentDirectory(path);
}

absl::Status CheckTarget(const char* what, const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error) || fs::is_empty(path, error)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s %s is there already: name a directory that is not", what, path));
}

// A directory that is written under another name; what is left of it is removed.
class Draft {
 public:
  static absl::StatusOr<std::unique_ptr<Draft>> Make(const std::string& target) {
    std::string path = target;
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    path += ".partial";
    std::error_code error;
    fs::remove_all(path, error);  // of an attempt that did not end
    if (absl::Status made = MakeDirectory(path); !made.ok()) return made;
    return std::unique_ptr<Draft>(new Draft(target, std::move(path)));
  }
  ~Draft() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  const std::string& path() const { return path_; }

  absl::Status Publish() {
    // Replaces nothing but an empty directory.
    if (std::rename(path_.c_str(), target_.c_str()) != 0) {
      return Failed("create", target_);
    }
    path_.clear();
    return SyncParentDirectory(target_);
  }

 private:
  Draft(std::string target, std::string path)
      : target_(std::move(target)), path_(std::move(path)) {}
  const std::string target_;
  std::string path_;
};

// Checks a whole copy: the anchor at its side, and all that CheckStore looks at.
absl::StatusOr<StoreCheck> CheckCopy(const std::string& directory,
                                     uint64_t memory_bytes,
                                     const CheckProgressFn& progress) {
  absl::StatusOr<std::unique_ptr<StoreInspection>> store =
      StoreInspection::Open(directory + "/store", memory_bytes);
  if (!store.ok()) return store.status();
  StoreCheck check = CheckStore(**store, "", progress);
  const std::string anchor = directory + "/anchor";
  absl::Status fits =
      JudgeAnchor(check.state, anchor, Anchor::Open(anchor), std::nullopt);
  if (!fits.ok()) return fits;
  for (const Finding& finding : check.findings) {
    if (finding.kind == Finding::Kind::kNote) continue;
    return absl::DataLossError(absl::StrFormat(
        "%s: %s: run `setlogd fsck` on the data directory, then `setlogd %s`",
        finding.where, finding.what,
        finding.kind == Finding::Kind::kDamage ? "restore" : "repair"));
  }
  return check;
}

class BackupWriter {
 public:
  BackupWriter(const CheckProgressFn& progress, std::string directory)
      : progress_(progress), directory_(std::move(directory)) {}

  absl::Status Add(const std::string& from, const std::string& name) {
    absl::StatusOr<BackupFile> file = CopyFile(from, directory_ + "/" + name);
    if (!file.ok()) return file.status();
    file->path = name;
    files_.push_back(*std::move(file));
    progress_({"files", files_.size(), 0});
    return absl::OkStatus();
  }
  absl::Status AddStore(const std::string& from) {
    if (absl::Status s = MakeDirectory(directory_ + "/store"); !s.ok()) return s;
    std::error_code error;
    for (const auto& file : fs::directory_iterator(from, error)) {
      const std::string name = file.path().filename();
      // Not LOCK (to close it would give this process's lock away), nor the text logs.
      if (name.starts_with("LO") || !file.is_regular_file()) continue;
      if (absl::Status s = Add(file.path(), "store/" + name); !s.ok()) return s;
    }
    return error ? absl::UnavailableError("cannot list " + from) : absl::OkStatus();
  }
  std::vector<BackupFile> Files() {
    std::sort(files_.begin(), files_.end(),
              [](const BackupFile& a, const BackupFile& b) { return a.path < b.path; });
    return std::move(files_);
  }

 private:
  const CheckProgressFn& progress_;
  const std::string directory_;
  std::vector<BackupFile> files_;
};

absl::Status AddKeys(const DataDirectory& where, const StoreCheck& check,
                     const std::string& directory, BackupWriter* writer) {
  if (absl::Status s = MakeDirectory(directory + "/keys"); !s.ok()) return s;
  for (const CheckedLog& log : check.logs) {
    // Read first: a key that others can read, or another log's, is not passed on.
    const std::string kept = SigningKeyPath(where.data_dir, log.record.origin);
    std::string path = kept;
    absl::StatusOr<SigningKey> key = ReadSigningKey(where.data_dir, log.record.origin);
    if (absl::IsNotFound(key.status())) {
      // The log was stored, and the server stopped before its key got its name.
      absl::StatusOr<SigningKey> fresh =
          ReadNewSigningKey(where.data_dir, log.record.origin);
      if (fresh.ok()) {
        key = std::move(fresh);
        path += ".new";
      }
    }
    if (!key.ok()) return key.status();
    if (!log.vkey.empty() &&
        FormatVkey(key->Verifier(SignatureType::kEd25519)) != log.vkey) {
      return absl::DataLossError(absl::StrFormat(
          "%s is not the key that signed %s so far", path, log.record.origin));
    }
    absl::Status added =
        writer->Add(path, "keys/" + std::string(fs::path(kept).filename()));
    if (!added.ok()) return added;
  }
  for (const char* name : {"admin.token", "tokens.json"}) {
    const std::string path = where.data_dir + "/" + name;
    std::error_code none;
    if (!fs::exists(path, none)) continue;
    if (absl::Status s = writer->Add(path, name); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status CopyStopped(const DataDirectory& where, BackupWriter* writer) {
  absl::StatusOr<std::unique_ptr<StoreInspection>> store =
      StoreInspection::Open(where.store_path(), where.memory_bytes);
  if (!store.ok()) return store.status();
  absl::Status fits = JudgeAnchor((*store)->store().state(), where.anchor(),
                                  Anchor::Open(where.anchor()), std::nullopt);
  if (!fits.ok()) return fits;
  absl::Status added = writer->AddStore(where.store_path());
  return added.ok() ? writer->Add(where.anchor(), "anchor") : added;
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrFormat("cannot read %s", path));
  return text.str();
}

// Whether `path` may be a file of a backup: nothing that leads out of it.
bool IsBackupPath(const std::string& path) {
  const size_t slash = path.find('/');
  const std::string name = slash == path.npos ? path : path.substr(slash + 1);
  const std::string folder = slash == path.npos ? "" : path.substr(0, slash);
  if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos) {
    return false;
  }
  if (folder.empty()) {
    return name == "anchor" || name == "admin.token" || name == "tokens.json";
  }
  return folder == "store" || folder == "keys";
}

absl::Status CopyVerified(const std::string& backup, const BackupManifest& manifest,
                          const std::string& to, const CheckProgressFn& progress) {
  std::set<std::string> names;
  for (const char* folder : {"/store", "/keys"}) {
    if (absl::Status s = MakeDirectory(to + folder); !s.ok()) return s;
  }
  for (const BackupFile& file : manifest.files) {
    const std::string from = backup + "/" + file.path;
    if (!IsBackupPath(file.path) || !names.insert(file.path).second) {
      return absl::DataLossError(absl::StrFormat("%s/%s names %s, which no backup has",
                                                 backup, kBackupManifestName,
                                                 file.path));
    }
    absl::StatusOr<BackupFile> copied = CopyFile(from, to + "/" + file.path);
    if (!copied.ok()) return copied.status();
    if (copied->size != file.size || copied->sha256 != file.sha256) {
      return absl::DataLossError(absl::StrFormat(
          "%s is not the file that was backed up: use another backup", from));
    }
    progress({"files", names.size(), manifest.files.size()});
  }
  return absl::OkStatus();
}

absl::Status SameLogs(const BackupManifest& manifest, const StoreCheck& check) {
  bool same = check.state.id == manifest.store &&
              check.state.commit == manifest.commit &&
              check.logs.size() == manifest.logs.size();
  for (size_t i = 0; same && i < check.logs.size(); ++i) {
    const CheckedLog& log = check.logs[i];
    same = manifest.logs[i] == BackupLog{log.record.origin, log.record.head.size,
                                         log.record.head.root, log.vkey};
  }
  return same ? absl::OkStatus()
              : absl::DataLossError(
                    "the store of this backup is not the one its manifest tells of: "
                    "use another backup");
}

}  // namespace

absl::StatusOr<BackupManifest> BackUp(const DataDirectory& where,
                                      const std::string& target, bool with_keys,
                                      const CheckProgressFn& progress) {
  if (absl::Status free = CheckTarget("the backup", target); !free.ok()) return free;
  absl::StatusOr<CheckpointGuest> guest = CheckpointGuest::Knock(where.data_dir);
  if (!guest.ok() && !absl::IsNotFound(guest.status())) return guest.status();
  absl::StatusOr<std::unique_ptr<Draft>> draft = Draft::Make(target);
  if (!draft.ok()) return draft.status();
  const std::string& directory = (*draft)->path();
  BackupWriter writer(progress, directory);
  absl::Status copied;
  if (guest.ok()) {
    copied = writer.AddStore(guest->directory() + "/store");
    if (copied.ok()) copied = writer.Add(guest->directory() + "/anchor", "anchor");
  } else {
    copied = CopyStopped(where, &writer);
  }
  if (!copied.ok()) return copied;
  absl::StatusOr<StoreCheck> check = CheckCopy(directory, where.memory_bytes, progress);
  if (!check.ok()) return check.status();
  if (with_keys) {
    if (absl::Status s = AddKeys(where, *check, directory, &writer); !s.ok()) return s;
  }
  std::error_code gone;  // of the check
  fs::remove(directory + "/store/LOCK", gone);

  BackupManifest manifest{.created = std::time(nullptr),
                          .keys = with_keys,
                          .store = check->state.id,
                          .commit = check->state.commit};
  for (const CheckedLog& log : check->logs) {
    manifest.logs.push_back(
        {log.record.origin, log.record.head.size, log.record.head.root, log.vkey});
  }
  manifest.files = writer.Files();
  absl::Status written = ReplaceFile(directory + "/" + kBackupManifestName,
                                     FormatBackupManifest(manifest));
  if (written.ok()) written = (*draft)->Publish();
  if (!written.ok()) return written;
  return manifest;
}

absl::StatusOr<Restored> Restore(const std::string& backup, const DataDirectory& to,
                                 std::optional<uint64_t> accept_rollback,
                                 const CheckProgressFn& progress) {
  if (absl::Status s = CheckTarget("--data", to.data_dir); !s.ok()) return s;
  const std::string manifest_path = backup + "/" + kBackupManifestName;
  absl::StatusOr<std::string> text = ReadText(manifest_path);
  if (!text.ok()) return text.status();
  absl::StatusOr<BackupManifest> manifest = ParseBackupManifest(*text);
  if (!manifest.ok()) {
    return absl::Status(manifest.status().code(),
                        manifest_path + " " + std::string(manifest.status().message()));
  }
  absl::StatusOr<std::unique_ptr<Draft>> draft = Draft::Make(to.data_dir);
  if (!draft.ok()) return draft.status();
  const std::string& directory = (*draft)->path();
  absl::Status copied = CopyVerified(backup, *manifest, directory, progress);
  if (!copied.ok()) return copied;
  absl::StatusOr<StoreCheck> check = CheckCopy(directory, to.memory_bytes, progress);
  if (!check.ok()) return check.status();
  if (absl::Status same = SameLogs(*manifest, *check); !same.ok()) return same;

  Restored restored{.manifest = *manifest};
  bool new_anchor = false;
  if (!to.anchor_path.empty()) {
    const absl::StatusOr<Anchor> anchor = Anchor::Open(to.anchor_path);
    // A name that was mistyped must not pass for an anchor that agrees.
    absl::Status fits =
        JudgeAnchor(check->state, to.anchor_path, anchor, accept_rollback);
    if (!fits.ok()) return fits;
    new_anchor = !anchor.ok() || accept_rollback.has_value();
    if (anchor.ok() && accept_rollback) {
      restored.rolled_back_from = anchor->point().number;
    }
    std::error_code gone;
    fs::remove(directory + "/anchor", gone);
  } else if (accept_rollback) {
    return absl::FailedPreconditionError(
        "there is nothing to accept: --accept-rollback is for an --anchor FILE that is "
        "ahead of the backup");
  }
  for (const CheckedLog& log : check->logs) {
    const absl::StatusOr<SigningKey> key = ReadSigningKey(directory, log.record.origin);
    if (key.ok()) continue;
    if (!absl::IsNotFound(key.status())) return key.status();
    restored.missing_keys.push_back(SigningKeyPath(to.data_dir, log.record.origin));
  }
  if (absl::Status published = (*draft)->Publish(); !published.ok()) return published;
  // After the store: a crash in between leaves an anchor that refuses, not one that
  // lets an older store in.
  if (new_anchor) {
    absl::Status made = Anchor::Create(to.anchor_path, check->state);
    if (!made.ok()) return made;
  }
  return restored;
}

}  // namespace setlog
