// model/dsse.h -- the bytes that a DSSE signature is over.
//
//   DssePae(payload) == "DSSEv1 28 application/vnd.in-toto+json 860 " + payload
//
// Source: DSSE 1.0, "Pre-Authentication Encoding". Pure.
#ifndef SETLOG_MODEL_DSSE_H_
#define SETLOG_MODEL_DSSE_H_

#include <string>
#include <string_view>

namespace setlog {

inline constexpr std::string_view kInTotoPayloadType = "application/vnd.in-toto+json";

std::string DssePae(std::string_view payload);

}  // namespace setlog

#endif  // SETLOG_MODEL_DSSE_H_
