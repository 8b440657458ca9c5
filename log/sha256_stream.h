// log/sha256_stream.h -- the SHA-256 of data that comes in pieces.
//
//   Sha256Stream stream;
//   while (...) stream.Update(piece);
//   Hash h = stream.Finish();  // = Sha256(all pieces)
//
// For data that need not fit into memory; one-shot and batched hashing is in
// log/sha256.h. Thread-compatible.
#ifndef SETLOG_LOG_SHA256_STREAM_H_
#define SETLOG_LOG_SHA256_STREAM_H_

#include <memory>

#include "log/bytes.h"

namespace setlog {

class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;

  void Update(Bytes piece);
  // The digest of all pieces; the stream is then as new.
  Hash Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_SHA256_STREAM_H_
