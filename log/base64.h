// log/base64.h -- the base64 of notes: RFC 4648 section 4, padded, no line breaks.
//
//   ToBase64(AsBytes("demo"));       // "ZGVtbw=="
//   *BytesFromBase64("ZGVtbw==");    // "demo"
//   BytesFromBase64("ZGVtbw");       // nothing: the padding is missing
//   BytesFromBase64("ZGVtbx==");     // nothing: the unused last bits are not zero
//
// Strict, because a byte string must have one encoding: a lenient decoder would let
// anybody change a signed file's bytes without breaking its signature.
// Thread-safe: pure functions.
#ifndef SETLOG_LOG_BASE64_H_
#define SETLOG_LOG_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

#include "log/bytes.h"

namespace setlog {

std::string ToBase64(Bytes bytes);

// The bytes whose encoding is exactly `text`, or nothing. Leaves no copy of them
// behind, so it may be used for secrets too.
std::optional<std::string> BytesFromBase64(std::string_view text);

// The same, for exactly 32 bytes.
std::optional<Hash> HashFromBase64(std::string_view text);

}  // namespace setlog

#endif  // SETLOG_LOG_BASE64_H_
