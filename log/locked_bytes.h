// log/locked_bytes.h -- a secret in memory that is kept apart.
//
//   absl::StatusOr<LockedBytes> passphrase = LockedBytes::Allocate(1024);
//   while (Next(&c)) passphrase->Append(c);      // in place: no copy stays behind
//   Use(passphrase->bytes());
//
// libsodium's: locked, so that it is not swapped out, if the system lets it be; left
// out of core dumps; surrounded by pages that cannot be touched; wiped when it dies.
// Moves, never copies; one that was moved from may only be assigned to or destroyed.
// Not thread-safe.
#ifndef SETLOG_LOG_LOCKED_BYTES_H_
#define SETLOG_LOG_LOCKED_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

class LockedBytes {
 public:
  // Empty, with room for `capacity` bytes. ResourceExhausted if there is no memory of
  // that kind. Pages are mapped for each one: for keys and passphrases, not for many.
  static absl::StatusOr<LockedBytes> Allocate(size_t capacity);

  LockedBytes(LockedBytes&& other) noexcept
      : memory_(std::move(other.memory_)),
        capacity_(std::exchange(other.capacity_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  LockedBytes& operator=(LockedBytes&& other) noexcept {
    memory_ = std::move(other.memory_);
    capacity_ = std::exchange(other.capacity_, 0);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  size_t capacity() const { return capacity_; }
  size_t size() const { return size_; }
  // All of it may be written to; Resize then says how much of it counts.
  uint8_t* data() { return memory_.get(); }
  Bytes bytes() const { return {memory_.get(), size_}; }

  // `size` is at most the capacity.
  void Resize(size_t size) { size_ = size; }
  // False, and nothing is changed, if there is no room left.
  bool Append(uint8_t byte);

 private:
  struct Wipe {
    void operator()(uint8_t* memory) const;
  };
  using Memory = std::unique_ptr<uint8_t[], Wipe>;

  LockedBytes(Memory memory, size_t capacity)
      : memory_(std::move(memory)), capacity_(capacity) {}

  Memory memory_;
  size_t capacity_;
  size_t size_ = 0;
};

}  // namespace setlog

#endif  // SETLOG_LOG_LOCKED_BYTES_H_
