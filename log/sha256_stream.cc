#include "log/sha256_stream.h"

// The low-level calls, as in sha256.cc: they cannot fail and need no fetched method.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace setlog {

struct Sha256Stream::State {
  SHA256_CTX context;
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  SHA256_Init(&state_->context);
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::Update(Bytes piece) {
  SHA256_Update(&state_->context, piece.data(), piece.size());
}

Hash Sha256Stream::Finish() {
  Hash hash;
  SHA256_Final(hash.data(), &state_->context);
  SHA256_Init(&state_->context);
  return hash;
}

}  // namespace setlog
