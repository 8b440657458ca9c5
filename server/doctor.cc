#include "server/doctor.h"

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "log/vkey.h"
#include "server/key_files.h"
#include "server/log_state.h"
#include "server/tree_reader.h"
#include "storage/anchored_store.h"

namespace setlog {
namespace {

constexpr uint64_t kLittleSpace = uint64_t{1} << 30;
constexpr rlim_t kDescriptors = 4096;

class Examination {
 public:
  explicit Examination(const DataDirectory& where) : where_(where) {}

  std::vector<Symptom> Run(const std::vector<std::string>& addresses) {
    if (!CheckDirectory()) return std::move(symptoms_);
    CheckSpace();
    CheckDescriptors();
    CheckToken();
    absl::StatusOr<std::unique_ptr<StoreInspection>> store =
        StoreInspection::Open(where_.store_path(), where_.memory_bytes);
    if (absl::IsFailedPrecondition(store.status())) {
      Good("lock", Text(store.status()) + " (so the store is not looked into)");
      return std::move(symptoms_);
    }
    Good("lock", "no server runs on it");
    if (absl::IsNotFound(store.status())) {
      Good("store", "there is none yet: the first start makes it");
    } else if (!store.ok()) {
      Bad("store", Text(store.status()), "setlogd fsck --data " + where_.data_dir);
    } else {
      CheckStore(**store);
    }
    for (const std::string& address : addresses) CheckPort(address);
    return std::move(symptoms_);
  }

 private:
  static std::string Text(const absl::Status& status) {
    return std::string(status.message());
  }
  void Good(std::string what, std::string result) {
    symptoms_.push_back({true, std::move(what), std::move(result), ""});
  }
  void Bad(std::string what, std::string result, std::string remedy) {
    symptoms_.push_back({false, std::move(what), std::move(result), std::move(remedy)});
  }

  bool CheckDirectory() {
    struct stat info;
    const std::string& path = where_.data_dir;
    if (stat(path.c_str(), &info) != 0) {
      Bad("directory", path + ": " + std::strerror(errno),
          "name the right one with --data; the first start makes a new one");
      return false;
    }
    if (!S_ISDIR(info.st_mode) || access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
      Bad("directory", path + " is not a directory that this user may write",
          "run as its owner, or chown it");
      return false;
    }
    if ((info.st_mode & 022) != 0) {
      Bad("directory", absl::StrFormat("%s may be written by others", path),
          "chmod 700 " + path);
    } else {
      Good("directory", path);
    }
    return true;
  }

  void CheckSpace() {
    std::error_code error;
    const auto space = std::filesystem::space(where_.data_dir, error);
    const std::string free = absl::StrFormat("%u MiB free", space.available >> 20);
    if (!error && space.available < kLittleSpace) {
      Bad("space", free,
          "make room, or move the directory: writes stop on a full disk");
    } else {
      Good("space", free);
    }
  }

  void CheckDescriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const std::string allowed = absl::StrFormat("%u allowed", limit.rlim_max);
    if (limit.rlim_max < kDescriptors) {
      Bad("descriptors", allowed, "ulimit -Hn 4096, or LimitNOFILE=4096 in the unit");
    } else {
      Good("descriptors", allowed);
    }
  }

  void CheckToken() {
    const std::string path = where_.data_dir + "/admin.token";
    struct stat info;
    if (stat(path.c_str(), &info) != 0) {
      Good("token", path + " is missing: the next start makes one");
    } else if ((info.st_mode & 077) != 0) {
      Bad("token", path + " can be read by others", "chmod 600 " + path);
    } else {
      Good("token", path);
    }
  }

  void CheckStore(StoreInspection& inspection) {
    const Store& store = inspection.store();
    const absl::Status fits = JudgeAnchor(store.state(), where_.anchor(),
                                          Anchor::Open(where_.anchor()), std::nullopt);
    if (fits.ok()) {
      Good("anchor", absl::StrFormat("%s, commit %u", where_.anchor(),
                                     store.state().commit.number));
    } else {
      Bad("anchor", Text(fits), "setlogd fsck --data " + where_.data_dir);
    }
    absl::StatusOr<std::vector<LogRecord>> logs = store.Logs();
    if (!logs.ok()) {
      Bad("logs", Text(logs.status()), "setlogd fsck --data " + where_.data_dir);
      return;
    }
    constexpr uint64_t kCacheBytes = uint64_t{1} << 20;
    const TreeReader reader(&store, kCacheBytes);
    for (const LogRecord& log : *logs) {
      CheckKey(store, log);
      const absl::Status head = reader.Restore(log.log, log.head).status();
      if (head.ok()) {
        Good("head", absl::StrFormat("%s, %u entries", log.origin, log.head.size));
      } else {
        Bad("head", log.origin + ": " + Text(head),
            "setlogd fsck --data " + where_.data_dir);
      }
    }
  }

  void CheckKey(const Store& store, const LogRecord& log) {
    const std::string path = SigningKeyPath(where_.data_dir, log.origin);
    absl::StatusOr<SigningKey> key = ReadSigningKey(where_.data_dir, log.origin);
    if (absl::IsNotFound(key.status())) {
      absl::StatusOr<SigningKey> fresh = ReadNewSigningKey(where_.data_dir, log.origin);
      if (fresh.ok()) key = std::move(fresh);
    }
    if (!key.ok()) {
      Bad("key", log.origin + ": " + Text(key.status()),
          absl::IsFailedPrecondition(key.status())
              ? "chmod 600 " + path + ", if nobody else read it"
              : "put it back from a backup made --with-keys");
      return;
    }
    const absl::StatusOr<std::string> vkey = store.Read(log.log, Table::kKey, kVkeyRow);
    if (!vkey.ok() || *vkey != FormatVkey(key->Verifier(SignatureType::kEd25519))) {
      Bad("key", path + " is not the key that signed " + log.origin + " so far",
          "put the right one back from a backup made --with-keys");
    } else {
      Good("key", log.origin);
    }
  }

  void CheckPort(const std::string& address) {
    const size_t colon = address.rfind(':');
    uint32_t port = 0;
    sockaddr_in socket_address{};
    socket_address.sin_family = AF_INET;
    if (colon == address.npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) ||
        port > 65535 ||
        inet_pton(AF_INET, address.substr(0, colon).c_str(),
                  &socket_address.sin_addr) != 1) {
      Good("port", address + " is not an IPv4 address: not looked at");
      return;
    }
    socket_address.sin_port = htons(static_cast<uint16_t>(port));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&socket_address),
                           sizeof(socket_address)) == 0;
    const std::string why = std::strerror(errno);
    close(fd);
    if (free) {
      Good("port", address + " is free");
    } else {
      Bad("port", address + ": " + why, "choose another with --listen or --http");
    }
  }

  const DataDirectory& where_;
  std::vector<Symptom> symptoms_;
};

}  // namespace

std::vector<Symptom> Examine(const DataDirectory& where,
                             const std::vector<std::string>& addresses) {
  return Examination(where).Run(addresses);
}

}  // namespace setlog
