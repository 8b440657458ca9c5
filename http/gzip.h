// http/gzip.h -- bodies in fewer bytes, for those who can read them (RFC 9110, 8.4).
//
//   if (AcceptsGzip(header)) body = Gzip(body);
//
// Thread-safe: pure functions.
#ifndef SETLOG_HTTP_GZIP_H_
#define SETLOG_HTTP_GZIP_H_

#include <string>
#include <string_view>

namespace setlog {

// Whether an Accept-Encoding header names gzip, or "*", with a weight above 0. What is
// malformed accepts nothing.
bool AcceptsGzip(std::string_view accept_encoding);

// One gzip member (RFC 1952), the same for the same bytes. Fast rather than small.
std::string Gzip(std::string_view bytes);

}  // namespace setlog

#endif  // SETLOG_HTTP_GZIP_H_
