// model/tlog_entry.h -- the JSON of a transparency log's entry in a Sigstore bundle.
//
//   bundle.tlog_entries.push_back(ReadTlogEntry(object));
//
// Written as protocol buffers are in JSON: integers of 64 bits as strings, bytes in
// base64; an integer that is 0 may be missing, and null is as good as missing for what
// an entry may do without.
//
// Source: Sigstore protobuf-specs, sigstore_rekor.proto, TransparencyLogEntry.
#ifndef SETLOG_MODEL_TLOG_ENTRY_H_
#define SETLOG_MODEL_TLOG_ENTRY_H_

#include <string>
#include <string_view>

#include "log/json_object.h"
#include "model/bundle.h"

namespace setlog {

// What is wrong with it is refused by `object`.
TlogEntry ReadTlogEntry(JsonObject object);

}  // namespace setlog

#endif  // SETLOG_MODEL_TLOG_ENTRY_H_
