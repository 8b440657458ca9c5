// client/proto_forms.h -- between the protobuf messages and the structs that log/
// verifies.
//
//   absl::StatusOr<VersionProof> version = VersionFromProto(head);   // v1::Head
//   *proof.mutable_index() = EntryToProto(version->index);
//   std::string field = ConcatHashes(path);          // 32 bytes a hash
//
// Strict: a field of hashes has whole hashes only, a required part is there, and the
// messages that people carry (EntryProof, LookupProof, Proof) hold no field that this
// code does not know, because nobody would verify it. Nothing is verified here. Errors
// are InvalidArgument and name the field. Pure functions; thread-safe.
#ifndef SETLOG_CLIENT_PROTO_FORMS_H_
#define SETLOG_CLIENT_PROTO_FORMS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/verify.h"
#include "setlog/v1/proof.pb.h"
#include "setlog/v1/reader.pb.h"

namespace setlog {

// The hashes of a field, 32 bytes each. `field` is its name, for the message.
absl::StatusOr<std::vector<Hash>> SplitHashes(std::string_view bytes,
                                              std::string_view field);
absl::StatusOr<Hash> OneHash(std::string_view bytes, std::string_view field);
std::string ConcatHashes(std::span<const Hash> hashes);

absl::StatusOr<ProvenEntry> EntryFromProto(const v1::EntryProof& proto,
                                           std::string_view field);
v1::EntryProof EntryToProto(const ProvenEntry& entry);

absl::StatusOr<LookupProof> LookupFromProto(const v1::LookupProof& proto);
v1::LookupProof LookupToProto(const LookupProof& proof);

// Without `consistency`, which is about another head.
absl::StatusOr<VersionProof> VersionFromProto(const v1::Head& proto);
v1::Head VersionToProto(const VersionProof& proof);

// A whole proof file.
struct ProofFile {
  VersionProof version;
  AnswerProof answer;
  friend bool operator==(const ProofFile&, const ProofFile&) = default;
};
absl::StatusOr<ProofFile> ProofFromProto(const v1::Proof& proto);
v1::Proof ProofToProto(const ProofFile& proof);

}  // namespace setlog

#endif  // SETLOG_CLIENT_PROTO_FORMS_H_
