#include "client/vrf_key_uses.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "log/decimal.h"
#include "log/jcs.h"
#include "log/json.h"
#include "log/origin.h"

namespace setlog {
namespace {

constexpr size_t kMaxFileBytes = 4096;

std::string Format(const VrfKeyUse& use) {
  JsonValue::Object members;
  const auto add = [&](const char* key, std::string value) {
    members.push_back({key, JsonValue{std::move(value)}});
  };
  if (use.manifest) add("manifest", ToHex(*use.manifest));
  add("next_pad", absl::StrFormat("%d", use.next_pad));
  add("origin", use.origin);
  if (use.log_key) add("vkey", FormatVkey(*use.log_key));
  return CanonicalJson({std::move(members)}) + "\n";
}

absl::StatusOr<VrfKeyUse> Parse(std::string_view text) {
  const absl::StatusOr<JsonValue> value = ParseJson(text);
  if (!value.ok()) return value.status();
  const auto text_of = [&](const char* key) {
    const JsonValue* member = value->Find(key);
    return member == nullptr ? nullptr : member->AsString();
  };
  VrfKeyUse use;
  const std::string* origin = text_of("origin");
  const std::string* next_pad = text_of("next_pad");
  if (origin == nullptr || next_pad == nullptr) {
    return absl::DataLossError("a member is missing");
  }
  if (absl::Status s = CheckOrigin(*origin); !s.ok()) return s;
  use.origin = *origin;
  const std::optional<uint64_t> next = ParseDecimal(*next_pad);
  if (!next) return absl::DataLossError("next_pad is no number");
  use.next_pad = *next;
  if (const std::string* manifest = text_of("manifest")) {
    use.manifest = HashFromHex(*manifest);
  }
  if (const std::string* vkey = text_of("vkey")) {
    absl::StatusOr<VerifierKey> key = ParseVkey(*vkey);
    if (!key.ok()) return key.status();
    use.log_key = *std::move(key);
  }
  if (Format(use) != text) return absl::DataLossError("it was changed by hand");
  return use;
}

absl::Status OtherLog(const VrfKeyUse& use, std::string_view path) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "this VRF key is that of %s already%s, as %s says: under one key two logs have "
      "the same label for the same record, and everybody could compare them. `setlog "
      "key vrf --out FILE` makes a key for another log",
      use.origin, use.log_key ? absl::StrFormat(" (%s)", FormatVkey(*use.log_key)) : "",
      path));
}

}  // namespace

std::string VrfKeyUses::PathOf(const Hash& public_key) const {
  return directory_ + "/" + ToHex(public_key) + ".json";
}

absl::StatusOr<std::optional<VrfKeyUse>> VrfKeyUses::Load(
    const Hash& public_key) const {
  const std::string path = PathOf(public_key);
  const absl::StatusOr<std::string> text = ReadSmallFile(path, kMaxFileBytes);
  if (absl::IsNotFound(text.status())) return std::nullopt;
  if (!text.ok()) return text.status();
  absl::StatusOr<VrfKeyUse> use = Parse(*text);
  if (use.ok()) return *std::move(use);
  return absl::DataLossError(absl::StrFormat(
      "%s, which says which log a VRF key is for, is damaged (%s): restore it, or "
      "remove it if the log is the one that was made for the key",
      path, std::string(use.status().message())));
}

absl::Status VrfKeyUses::Update(
    const Hash& public_key,
    const std::function<absl::Status(std::optional<VrfKeyUse>&)>& change) const {
  if (absl::Status s = MakePrivateDirectory(directory_); !s.ok()) return s;
  const std::string path = PathOf(public_key);
  const absl::StatusOr<FileLock> lock =
      FileLock::Acquire(directory_ + "/" + ToHex(public_key) + ".lock");
  if (!lock.ok()) return lock.status();
  absl::StatusOr<std::optional<VrfKeyUse>> use = Load(public_key);
  if (!use.ok()) return use.status();
  const std::optional<VrfKeyUse> before = *use;
  if (absl::Status s = change(*use); !s.ok()) return s;
  if (*use == before) return absl::OkStatus();
  if (*use) return ReplaceFile(path, Format(**use), 0600);
  if (unlink(path.c_str()) != 0) return absl::ErrnoToStatus(errno, path);
  return SyncDirectoryOf(path);
}

absl::StatusOr<bool> VrfKeyUses::Begin(const Hash& public_key,
                                       const std::string& origin, const Hash& manifest,
                                       bool again) const {
  bool is_new = false;
  const absl::Status updated =
      Update(public_key, [&](std::optional<VrfKeyUse>& use) -> absl::Status {
        if (!use) {
          is_new = true;
          use = VrfKeyUse{.origin = origin, .manifest = manifest};
          return absl::OkStatus();
        }
        const bool same = use->origin == origin && use->manifest == manifest;
        return same && (again || !use->log_key) ? absl::OkStatus()
                                                : OtherLog(*use, PathOf(public_key));
      });
  if (!updated.ok()) return updated;
  return is_new;
}

absl::Status VrfKeyUses::Withdraw(const Hash& public_key) const {
  return Update(public_key, [](std::optional<VrfKeyUse>& use) {
    if (use && !use->log_key) use.reset();
    return absl::OkStatus();
  });
}

absl::Status VrfKeyUses::Settle(const Hash& public_key,
                                const VerifierKey& log_key) const {
  return Update(public_key, [&](std::optional<VrfKeyUse>& use) -> absl::Status {
    if (!use) use = VrfKeyUse{.origin = log_key.name};
    if (use->origin != log_key.name) return OtherLog(*use, PathOf(public_key));
    if (use->log_key && *use->log_key != log_key)
      return OtherLog(*use, PathOf(public_key));
    use->log_key = log_key;
    return absl::OkStatus();
  });
}

absl::StatusOr<PadRange> VrfKeyUses::TakePads(const Hash& public_key, uint64_t seen,
                                              uint64_t count) const {
  PadRange pads{0, count};
  const absl::Status updated =
      Update(public_key, [&](std::optional<VrfKeyUse>& use) -> absl::Status {
        if (!use) return absl::FailedPreconditionError("a key of no known log");
        pads.first = std::max(use->next_pad, seen);
        if (pads.first + count < pads.first) {
          return absl::OutOfRangeError("there are no numbers left for pads");
        }
        use->next_pad = pads.first + count;
        return absl::OkStatus();
      });
  if (!updated.ok()) return updated;
  return pads;
}

absl::Status VrfKeyUses::ReturnPads(const Hash& public_key, PadRange pads) const {
  return Update(public_key, [&](std::optional<VrfKeyUse>& use) {
    if (use && use->next_pad == pads.first + pads.count) use->next_pad = pads.first;
    return absl::OkStatus();
  });
}

}  // namespace setlog
