// bench/call_rate.h -- unary calls a second, and what gRPC alone would do.
//
//   Calls calls = CallRate(address, "/setlog.v1.Reader/Lookup", requests, 40000);
//   RunEcho(calls.answer_bytes);          // in another process, asked for kEchoMethod
#ifndef SETLOG_BENCH_CALL_RATE_H_
#define SETLOG_BENCH_CALL_RATE_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <string>
#include <vector>

namespace setlog {

// Makes `calls` calls, 64 of them under way at any time, with the requests in turn: the
// same client for every server. Ends the program if one of them fails.
struct Calls {
  double per_second = 0;
  size_t answer_bytes = 0;  // on average
};
Calls CallRate(const std::string& address, const std::string& method,
               const std::vector<grpc::ByteBuffer>& requests, size_t calls);

inline constexpr char kEchoMethod[] = "/setlog.v1.Reader/Lookup";
// Answers kEchoMethod with so many bytes, as fast as gRPC can: nothing is parsed, made
// or copied. Serves until SIGTERM, after printing `ready grpc=ADDRESS` as setlogd does.
void RunEcho(size_t answer_bytes);

}  // namespace setlog

#endif  // SETLOG_BENCH_CALL_RATE_H_
