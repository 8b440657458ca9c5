#include "client/pads_file.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "proto/forms.h"
#include "proto/message_file.h"
#include "setlog/v1/pads.pb.h"

namespace setlog {
namespace {

v1::PadOpening ToProto(const PadOpening& opening) {
  v1::Head head = VersionToProto(opening.version);
  v1::PadOpening proto;
  proto.set_checkpoint(std::move(*head.mutable_checkpoint()));
  *proto.mutable_manifest() = std::move(*head.mutable_manifest());
  *proto.mutable_index() = std::move(*head.mutable_index());
  if (head.has_tag()) *proto.mutable_tag() = std::move(*head.mutable_tag());
  proto.mutable_pads()->Add(opening.proofs.pads.begin(), opening.proofs.pads.end());
  proto.set_vrf_proofs(opening.proofs.vrf_proofs);
  for (const std::string& lookup : opening.proofs.lookups) proto.add_lookups(lookup);
  return proto;
}

absl::StatusOr<PadOpening> FromProto(v1::PadOpening proto) {
  if (static_cast<size_t>(proto.pads_size()) > kMaxOpenedPads) {
    return absl::InvalidArgumentError(
        absl::StrFormat("pads: more than %d", kMaxOpenedPads));
  }
  v1::Head head;
  head.set_checkpoint(std::move(*proto.mutable_checkpoint()));
  if (proto.has_manifest()) *head.mutable_manifest() = proto.manifest();
  if (proto.has_index()) *head.mutable_index() = proto.index();
  if (proto.has_tag()) *head.mutable_tag() = proto.tag();
  absl::StatusOr<VersionProof> version = VersionFromProto(head);
  if (!version.ok()) return version.status();
  PadOpening opening{.version = *std::move(version)};
  opening.proofs.pads.assign(proto.pads().begin(), proto.pads().end());
  opening.proofs.vrf_proofs = std::move(*proto.mutable_vrf_proofs());
  for (std::string& lookup : *proto.mutable_lookups()) {
    opening.proofs.lookups.push_back(std::move(lookup));
  }
  return opening;
}

}  // namespace

absl::StatusOr<PadOpening> ParsePadsFile(std::string_view bytes) {
  absl::StatusOr<v1::PadOpening> message = ParseMessageFile<v1::PadOpening>(
      bytes, {"an opening of pads", kMaxPadsFileBytes});
  if (!message.ok()) return message.status();
  absl::StatusOr<PadOpening> opening = FromProto(*std::move(message));
  if (opening.ok()) return opening;
  return absl::InvalidArgumentError(absl::StrFormat(
      "not an opening of pads: %s", std::string(opening.status().message())));
}

std::string FormatPadsFile(const PadOpening& opening) {
  return opening.proofs.pads.size() <= kPadsPerLookup ? FormatJsonPadsFile(opening)
                                                      : FormatBinaryPadsFile(opening);
}

std::string FormatJsonPadsFile(const PadOpening& opening) {
  return FormatMessageFile(ToProto(opening));
}

std::string FormatBinaryPadsFile(const PadOpening& opening) {
  return FormatBinaryMessageFile(ToProto(opening));
}

}  // namespace setlog
