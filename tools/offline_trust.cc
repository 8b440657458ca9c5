#include "tools/offline_trust.h"

#include <unistd.h>

#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/state.h"
#include "log/checkpoint.h"
#include "log/note.h"

namespace setlog {
namespace {

absl::StatusOr<std::string> OriginOf(const std::string& note) {
  const absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  const absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(parsed->text);
  if (!checkpoint.ok()) return checkpoint.status();
  return checkpoint->origin;
}

// What is remembered of the log; nothing also if nothing was ever remembered. Verifying
// a file does not create the directory.
absl::StatusOr<std::optional<KnownLog>> LoadKnown(const std::string& origin) {
  const absl::StatusOr<std::string> path = StateDirectory::DefaultPath();
  if (!path.ok() || access(path->c_str(), F_OK) != 0) return std::nullopt;
  const absl::StatusOr<StateDirectory> state = StateDirectory::Open(*path);
  if (!state.ok()) return state.status();
  return state->Load(origin);
}

absl::Status OtherKey(const VerifierKey& named, const VerifierKey& known) {
  return absl::DataLossError(
      absl::StrFormat("the key %s is not the one known for %s, which is %s",
                      FormatVkey(named), known.name, FormatVkey(known)));
}

}  // namespace

absl::StatusOr<OfflineTrust> FindTrust(const Trust& named, const std::string& note) {
  if (named.policy && !named.log_key) return OfflineTrust{named, true};
  const absl::StatusOr<std::string> origin = OriginOf(note);
  if (!origin.ok()) return origin.status();
  const auto known = LoadKnown(*origin);
  Trust trust = named;
  if (known.ok() && *known && !trust.policy && !(*known)->policy.empty()) {
    absl::StatusOr<Policy> policy = ParsePolicy((*known)->policy);
    if (!policy.ok()) return policy.status();
    trust.policy = *std::move(policy);
  }
  if (named.log_key) {
    // An origin that cannot be remembered cannot be known under another key either.
    if (known.ok() && *known && (*known)->key != *named.log_key) {
      return OtherKey(*named.log_key, (*known)->key);
    }
    return OfflineTrust{std::move(trust), true};
  }
  if (!known.ok()) return known.status();
  if (!*known) {
    return absl::NotFoundError(absl::StrFormat(
        "no key of %s is known: name one with --key VKEY or --policy FILE", *origin));
  }
  trust.log_key = (*known)->key;
  return OfflineTrust{std::move(trust), (*known)->pinned};
}

absl::Status KeepKey(const VerifierKey& key, bool pinned) {
  const absl::StatusOr<std::string> path = StateDirectory::DefaultPath();
  if (!path.ok()) return path.status();
  const absl::StatusOr<StateDirectory> state = StateDirectory::Open(*path);
  if (!state.ok()) return state.status();
  return state->Update(key.name, [&](std::optional<KnownLog>& log) {
    if (log && log->key != key) return OtherKey(key, log->key);
    if (!log) log = KnownLog{.key = key};
    log->pinned |= pinned;
    return absl::OkStatus();
  });
}

}  // namespace setlog
