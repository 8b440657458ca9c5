#include "client/proto_forms.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

absl::Status Malformed(std::string what) {
  return absl::InvalidArgumentError(std::move(what));
}

absl::Status CheckKnownFields(const google::protobuf::Message& message,
                              std::string_view field) {
  if (message.GetReflection()->GetUnknownFields(message).empty()) {
    return absl::OkStatus();
  }
  return Malformed(absl::StrFormat("%s: a field that is not known here", field));
}

// The entry of an optional field.
absl::StatusOr<std::optional<ProvenEntry>> OptionalEntry(bool has,
                                                         const v1::EntryProof& proto,
                                                         std::string_view field) {
  if (!has) return std::nullopt;
  absl::StatusOr<ProvenEntry> entry = EntryFromProto(proto, field);
  if (!entry.ok()) return entry.status();
  return *std::move(entry);
}

// What v1::Head and v1::Proof have in common, by their equal field names.
template <typename Message>
absl::StatusOr<VersionProof> VersionOf(const Message& proto) {
  if (proto.checkpoint().empty()) return Malformed("checkpoint: missing");
  if (!proto.has_manifest()) return Malformed("manifest: missing");
  if (!proto.has_index()) return Malformed("index: missing");
  absl::StatusOr<ProvenEntry> manifest = EntryFromProto(proto.manifest(), "manifest");
  if (!manifest.ok()) return manifest.status();
  absl::StatusOr<ProvenEntry> index = EntryFromProto(proto.index(), "index");
  if (!index.ok()) return index.status();
  absl::StatusOr<std::optional<ProvenEntry>> tag =
      OptionalEntry(proto.has_tag(), proto.tag(), "tag");
  if (!tag.ok()) return tag.status();
  return VersionProof{proto.checkpoint(), *std::move(manifest), *std::move(index),
                      *std::move(tag)};
}

template <typename Message>
void SetVersion(const VersionProof& proof, Message* proto) {
  proto->set_checkpoint(proof.checkpoint);
  *proto->mutable_manifest() = EntryToProto(proof.manifest);
  *proto->mutable_index() = EntryToProto(proof.index);
  if (proof.tag) *proto->mutable_tag() = EntryToProto(*proof.tag);
}

}  // namespace

absl::StatusOr<std::vector<Hash>> SplitHashes(std::string_view bytes,
                                              std::string_view field) {
  if (bytes.size() % Hash::kSize != 0) {
    return Malformed(absl::StrFormat("%s: %d bytes are no whole number of hashes",
                                     field, bytes.size()));
  }
  std::vector<Hash> hashes(bytes.size() / Hash::kSize);
  if (!bytes.empty()) std::memcpy(hashes.data(), bytes.data(), bytes.size());
  return hashes;
}

absl::StatusOr<Hash> OneHash(std::string_view bytes, std::string_view field) {
  if (bytes.size() != Hash::kSize) {
    return Malformed(
        absl::StrFormat("%s: a hash has 32 bytes, not %d", field, bytes.size()));
  }
  return HashFromBytes(AsBytes(bytes));
}

std::string ConcatHashes(std::span<const Hash> hashes) {
  return std::string(reinterpret_cast<const char*>(hashes.data()), hashes.size_bytes());
}

absl::StatusOr<ProvenEntry> EntryFromProto(const v1::EntryProof& proto,
                                           std::string_view field) {
  if (absl::Status s = CheckKnownFields(proto, field); !s.ok()) return s;
  absl::StatusOr<std::vector<Hash>> path = SplitHashes(proto.path(), field);
  if (!path.ok()) return path.status();
  return ProvenEntry{proto.position(), proto.entry(), *std::move(path)};
}

v1::EntryProof EntryToProto(const ProvenEntry& entry) {
  v1::EntryProof proto;
  proto.set_position(entry.position);
  proto.set_entry(entry.entry);
  proto.set_path(ConcatHashes(entry.path));
  return proto;
}

absl::StatusOr<LookupProof> LookupFromProto(const v1::LookupProof& proto) {
  if (absl::Status s = CheckKnownFields(proto, "lookup"); !s.ok()) return s;
  LookupProof proof{.count = proto.count()};
  if (!proto.terminal().empty()) {
    absl::StatusOr<Hash> terminal = OneHash(proto.terminal(), "lookup.terminal");
    if (!terminal.ok()) return terminal.status();
    proof.terminal = *terminal;
  }
  proof.branch_bits.assign(proto.branch_bits().begin(), proto.branch_bits().end());
  absl::StatusOr<std::vector<Hash>> siblings =
      SplitHashes(proto.siblings(), "lookup.siblings");
  if (!siblings.ok()) return siblings.status();
  proof.siblings = *std::move(siblings);
  return proof;
}

v1::LookupProof LookupToProto(const LookupProof& proof) {
  v1::LookupProof proto;
  proto.set_count(proof.count);
  if (proof.terminal) proto.set_terminal(std::string(AsText(*proof.terminal)));
  proto.set_branch_bits(std::string(AsText(proof.branch_bits)));
  proto.set_siblings(ConcatHashes(proof.siblings));
  return proto;
}

absl::StatusOr<VersionProof> VersionFromProto(const v1::Head& proto) {
  return VersionOf(proto);
}

v1::Head VersionToProto(const VersionProof& proof) {
  v1::Head proto;
  SetVersion(proof, &proto);
  return proto;
}

absl::StatusOr<ProofFile> ProofFromProto(const v1::Proof& proto) {
  if (absl::Status s = CheckKnownFields(proto, "proof"); !s.ok()) return s;
  absl::StatusOr<VersionProof> version = VersionOf(proto);
  if (!version.ok()) return version.status();
  absl::StatusOr<Hash> record = OneHash(proto.record_hash(), "record_hash");
  if (!record.ok()) return record.status();
  if (!proto.has_lookup()) return Malformed("lookup: missing");
  absl::StatusOr<LookupProof> lookup = LookupFromProto(proto.lookup());
  if (!lookup.ok()) return lookup.status();
  absl::StatusOr<std::optional<ProvenEntry>> added =
      OptionalEntry(proto.has_added(), proto.added(), "added");
  if (!added.ok()) return added.status();
  absl::StatusOr<std::optional<ProvenEntry>> removed =
      OptionalEntry(proto.has_removed(), proto.removed(), "removed");
  if (!removed.ok()) return removed.status();
  return ProofFile{*std::move(version),
                   {*record, *std::move(lookup), *std::move(added), *std::move(removed),
                    proto.vrf_proof()}};
}

v1::Proof ProofToProto(const ProofFile& proof) {
  v1::Proof proto;
  SetVersion(proof.version, &proto);
  proto.set_record_hash(std::string(AsText(proof.answer.record)));
  *proto.mutable_lookup() = LookupToProto(proof.answer.lookup);
  if (proof.answer.added) *proto.mutable_added() = EntryToProto(*proof.answer.added);
  if (proof.answer.removed) {
    *proto.mutable_removed() = EntryToProto(*proof.answer.removed);
  }
  proto.set_vrf_proof(proof.answer.vrf_proof);
  return proto;
}

}  // namespace setlog
