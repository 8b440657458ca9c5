#include "log/witness_judge.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/proof.h"

namespace setlog {
namespace {

constexpr int kOk = 200;
constexpr int kMalformed = 400;
constexpr int kForbidden = 403;
constexpr int kUnknown = 404;
constexpr int kConflict = 409;
constexpr int kInconsistent = 422;

}  // namespace

std::variant<SubmittedHead, WitnessRefusal> ReadSubmission(std::string_view body,
                                                           const KeysOf& keys_of) {
  absl::StatusOr<AddCheckpoint> request = ParseAddCheckpoint(body);
  if (!request.ok()) {
    return WitnessRefusal{kMalformed, std::string(request.status().message())};
  }
  // Both parsed a moment ago.
  Note note = *ParseNote(request->note);
  Checkpoint head = *ParseCheckpoint(note.text);
  const std::span<const VerifierKey> keys = keys_of(head.origin);
  if (keys.empty()) {
    return WitnessRefusal{kUnknown, "this witness knows no log of this origin"};
  }
  const VerifierKey* signer = nullptr;
  for (const VerifierKey& key : keys) {
    const absl::Status status = VerifyNote(note, key);
    if (absl::IsNotFound(status)) continue;
    if (!status.ok()) return WitnessRefusal{kForbidden, std::string(status.message())};
    if (signer == nullptr) signer = &key;
  }
  if (signer == nullptr) {
    return WitnessRefusal{kForbidden,
                          "no key that this witness knows of the log signed the note"};
  }
  return SubmittedHead{*std::move(request), std::move(note), std::move(head), *signer};
}

Note WithoutStrangers(const Note& note, std::span<const VerifierKey> keys) {
  Note kept{note.text, {}};
  for (const VerifierKey& key : keys) {
    const NoteSignature* line = FindSignature(note, key);
    if (line != nullptr) kept.signatures.push_back(*line);
  }
  return kept;
}

WitnessVerdict JudgeSubmission(const SubmittedHead& submitted,
                               const std::optional<Checkpoint>& last) {
  const Checkpoint& head = submitted.head;
  const uint64_t old_size = submitted.request.old_size;
  const uint64_t last_size = last ? last->size : 0;
  WitnessVerdict verdict{.status = kOk};
  // The empty tree has one root; another is a malformed head, not a second history.
  verdict.two_roots =
      last && head.size > 0 && head.size == last->size && head.root != last->root;
  const auto refuse = [&](int status, std::string why) {
    verdict.status = status;
    verdict.why = std::move(why);
    return verdict;
  };
  if (old_size > head.size) {
    return refuse(kMalformed, absl::StrFormat("old size %d is beyond the head's, %d",
                                              old_size, head.size));
  }
  if (old_size != last_size) {
    return refuse(kConflict, absl::StrFormat("size %d was cosigned last, not %d",
                                             last_size, old_size));
  }
  if (const absl::Status empty = CheckEmptyRoot(head); !empty.ok()) {
    return refuse(kInconsistent, std::string(empty.message()));
  }
  if (old_size == 0) {
    if (submitted.request.proof.empty()) return verdict;
    return refuse(kInconsistent, "there is a proof, but nothing that it could prove");
  }
  const absl::Status consistent = VerifyConsistency(old_size, head.size, last->root,
                                                    head.root, submitted.request.proof);
  if (consistent.ok()) return verdict;
  return refuse(kInconsistent, std::string(consistent.message()));
}

}  // namespace setlog
