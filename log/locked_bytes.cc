#include "log/locked_bytes.h"

#include <sodium.h>

#include "absl/status/status.h"

namespace setlog {

void LockedBytes::Wipe::operator()(uint8_t* memory) const { sodium_free(memory); }

absl::StatusOr<LockedBytes> LockedBytes::Allocate(size_t capacity) {
  // Initialised, libsodium also notices when somebody wrote over the edges.
  const bool usable = sodium_init() >= 0;
  Memory memory(usable ? static_cast<uint8_t*>(sodium_malloc(capacity)) : nullptr);
  if (memory == nullptr) {
    return absl::ResourceExhaustedError("no protected memory for a secret");
  }
  return LockedBytes(std::move(memory), capacity);
}

bool LockedBytes::Append(uint8_t byte) {
  if (size_ == capacity_) return false;
  memory_[size_++] = byte;
  return true;
}

}  // namespace setlog
