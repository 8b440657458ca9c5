// proto/evidence_forms.h -- between setlog.v1.Evidence and the structs that log/
// judges.
//
//   absl::StatusOr<Evidence> evidence = EvidenceFromProto(message);
//   v1::Evidence message = EvidenceToProto(*evidence);
//
// As strict as forms.h: whole hashes only, nothing that is required is missing. Unknown
// fields are for the reader of the bytes to refuse (proto/message_file.h). Nothing is
// verified here. Pure functions; thread-safe.
#ifndef SETLOG_PROTO_EVIDENCE_FORMS_H_
#define SETLOG_PROTO_EVIDENCE_FORMS_H_

#include "absl/status/statusor.h"
#include "log/evidence.h"
#include "setlog/v1/evidence.pb.h"

namespace setlog {

// InvalidArgument, naming the field, if it is malformed.
absl::StatusOr<Evidence> EvidenceFromProto(const v1::Evidence& proto);
v1::Evidence EvidenceToProto(const Evidence& evidence);

}  // namespace setlog

#endif  // SETLOG_PROTO_EVIDENCE_FORMS_H_
