#include "tools/offline_trust.h"

#include <unistd.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/seen_versions.h"
#include "client/state.h"
#include "log/checkpoint.h"
#include "log/entry.h"
#include "log/note.h"
#include "tools/known_conviction.h"

namespace setlog {
namespace {

// Of a note that need not be authentic.
absl::StatusOr<Checkpoint> CheckpointOf(const std::string& note) {
  const absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  return ParseCheckpoint(parsed->text);
}

absl::StatusOr<std::string> OriginOf(const std::string& note) {
  const absl::StatusOr<Checkpoint> checkpoint = CheckpointOf(note);
  if (!checkpoint.ok()) return checkpoint.status();
  return checkpoint->origin;
}

// The note with the line of `key` alone: others count for nothing in evidence, and each
// set of them would be one more file.
std::string OwnNote(const std::string& note, const VerifierKey& key) {
  const absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return note;
  const NoteSignature* own = FindSignature(*parsed, key);
  return own == nullptr ? note : FormatNote({parsed->text, {*own}});
}

// Nothing if there is none yet: verifying a file does not create it.
absl::StatusOr<std::optional<StateDirectory>> OpenExisting() {
  const absl::StatusOr<std::string> path = StateDirectory::DefaultPath();
  if (!path.ok() || access(path->c_str(), F_OK) != 0) return std::nullopt;
  absl::StatusOr<StateDirectory> state = StateDirectory::Open(*path);
  if (!state.ok()) return state.status();
  return *std::move(state);
}

// What is remembered of the log; nothing also if nothing was ever remembered.
absl::StatusOr<std::optional<KnownLog>> LoadKnown(const std::string& origin) {
  const absl::StatusOr<std::optional<StateDirectory>> state = OpenExisting();
  if (!state.ok()) return state.status();
  if (!*state) return std::nullopt;
  return (*state)->Load(origin);
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

std::optional<MemoryConviction> ConvictByMemory(const std::string& note,
                                                const VersionProof* version) {
  const absl::StatusOr<Checkpoint> checkpoint = CheckpointOf(note);
  const absl::StatusOr<std::optional<StateDirectory>> state = OpenExisting();
  if (!checkpoint.ok() || !state.ok() || !*state) return std::nullopt;
  const auto known = (*state)->Load(checkpoint->origin);
  if (!known.ok() || !*known) return std::nullopt;
  const VerifierKey& key = (*known)->key;
  std::vector<Evidence> candidates;
  const auto compare = [&](const std::string& other) {
    const absl::StatusOr<Checkpoint> before = CheckpointOf(other);
    if (before.ok() && before->size == checkpoint->size &&
        before->root != checkpoint->root) {
      candidates.push_back(TwoRoots{OwnNote(other, key), OwnNote(note, key)});
    }
  };
  if ((*known)->head) compare((*known)->head->note);
  if ((*known)->cosigned) compare((*known)->cosigned->note);
  std::optional<std::string> tag;
  if (version != nullptr && version->tag) {
    const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(version->tag->entry));
    const TagEntry* named = entry.ok() ? std::get_if<TagEntry>(&*entry) : nullptr;
    if (named != nullptr) tag = named->name;
  }
  const auto seen = SeenVersions(&**state, checkpoint->origin).Load(tag);
  if (seen.ok()) {
    for (const VersionProof& before : *seen) {
      compare(before.checkpoint);
      if (version == nullptr) continue;
      VersionProof shown = *version;
      shown.checkpoint = OwnNote(note, key);
      for (Evidence& evidence : ContradictionsIn(shown, before)) {
        candidates.push_back(std::move(evidence));
      }
    }
  }
  std::optional<Conviction> found = Convict(**state, {.log_key = key}, candidates);
  if (!found) return std::nullopt;
  return MemoryConviction{*std::move(found), (*known)->pinned};
}

void WarnOfKnownConviction(const std::string& note, Output& out) {
  const absl::StatusOr<std::string> origin = OriginOf(note);
  const absl::StatusOr<std::optional<StateDirectory>> state = OpenExisting();
  if (origin.ok() && state.ok() && *state) WarnIfConvicted(**state, *origin, out);
}

void KeepConviction(const Evidence& evidence, const VerifierKey& key) {
  const absl::StatusOr<std::optional<StateDirectory>> state = OpenExisting();
  if (state.ok() && *state) Convict(**state, {.log_key = key}, {&evidence, 1});
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
