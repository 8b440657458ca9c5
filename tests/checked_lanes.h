// tests/checked_lanes.h -- lanes that end the program when a bound is broken.
//
// The instructions ignore what is over 52 bits of a factor, and sums wrap. Here both,
// and a difference below zero, are failures: so no test vector can hide them.
#ifndef SETLOG_TESTS_CHECKED_LANES_H_
#define SETLOG_TESTS_CHECKED_LANES_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "log/lanes_portable.h"

namespace setlog {

struct CheckedLanes {
  lanes::PortableLanes v;

  static constexpr const char* kName = "checked";

  static void Check(bool holds, const char* law) {
    if (holds) return;
    std::fprintf(stderr, "broken bound: %s\n", law);
    std::abort();
  }
  [[gnu::noinline]] static CheckedLanes Sum(const CheckedLanes& a,
                                            const CheckedLanes& b) {
    for (int i = 0; i < 8; ++i) {
      Check(a.v.v[i] + b.v.v[i] >= a.v.v[i], "a sum has 64 bits");
    }
    return {a.v + b.v};
  }
  static void CheckFactor(const CheckedLanes& a) {
    for (const uint64_t lane : a.v.v) Check(lane >> 52 == 0, "a factor has 52 bits");
  }

  [[gnu::noinline]] static CheckedLanes Zero() { return All(0); }
  [[gnu::noinline]] static CheckedLanes All(uint64_t value) {
    return {lanes::PortableLanes::All(value)};
  }
  [[gnu::noinline]] static CheckedLanes Load(const uint64_t* from) {
    return {lanes::PortableLanes::Load(from)};
  }
  void Store(uint64_t* to) const { v.Store(to); }

  [[gnu::noinline]] friend CheckedLanes operator+(const CheckedLanes& a,
                                                  const CheckedLanes& b) {
    return Sum(a, b);
  }
  [[gnu::noinline]] friend CheckedLanes operator-(const CheckedLanes& a,
                                                  const CheckedLanes& b) {
    for (int i = 0; i < 8; ++i) {
      Check(a.v.v[i] >= b.v.v[i], "a difference is not negative");
    }
    return {a.v - b.v};
  }
  [[gnu::noinline]] friend CheckedLanes operator&(const CheckedLanes& a,
                                                  const CheckedLanes& b) {
    return {a.v & b.v};
  }
  [[gnu::noinline]] friend CheckedLanes operator|(const CheckedLanes& a,
                                                  const CheckedLanes& b) {
    return {a.v | b.v};
  }
  [[gnu::noinline]] friend CheckedLanes operator^(const CheckedLanes& a,
                                                  const CheckedLanes& b) {
    return {a.v ^ b.v};
  }
  [[gnu::noinline]] friend CheckedLanes operator<<(const CheckedLanes& a, int bits) {
    return {a.v << bits};
  }
  [[gnu::noinline]] friend CheckedLanes operator>>(const CheckedLanes& a, int bits) {
    return {a.v >> bits};
  }

  [[gnu::noinline]] static CheckedLanes AddLow(const CheckedLanes& sum,
                                               const CheckedLanes& a,
                                               const CheckedLanes& b) {
    CheckFactor(a);
    CheckFactor(b);
    return Sum(sum, {lanes::PortableLanes::AddLow(Zero().v, a.v, b.v)});
  }
  [[gnu::noinline]] static CheckedLanes AddHigh(const CheckedLanes& sum,
                                                const CheckedLanes& a,
                                                const CheckedLanes& b) {
    CheckFactor(a);
    CheckFactor(b);
    return Sum(sum, {lanes::PortableLanes::AddHigh(Zero().v, a.v, b.v)});
  }
  [[gnu::noinline]] static CheckedLanes Times19(const CheckedLanes& a) {
    for (const uint64_t lane : a.v.v) {
      Check(lane <= UINT64_MAX / 19, "19 times a limb has 64 bits");
    }
    return {lanes::PortableLanes::Times19(a.v)};
  }
  [[gnu::noinline]] static CheckedLanes OrAnd(const CheckedLanes& a,
                                              const CheckedLanes& b,
                                              const CheckedLanes& c) {
    return {lanes::PortableLanes::OrAnd(a.v, b.v, c.v)};
  }
  [[gnu::noinline]] static CheckedLanes Select(const CheckedLanes& mask,
                                               const CheckedLanes& a,
                                               const CheckedLanes& b) {
    return {lanes::PortableLanes::Select(mask.v, a.v, b.v)};
  }
  [[gnu::noinline]] static CheckedLanes Pick(const CheckedLanes& low,
                                             const CheckedLanes& high,
                                             const CheckedLanes& index) {
    return {lanes::PortableLanes::Pick(low.v, high.v, index.v)};
  }
  [[gnu::noinline]] static CheckedLanes IsZero(const CheckedLanes& a) {
    return {lanes::PortableLanes::IsZero(a.v)};
  }
};

}  // namespace setlog

#endif  // SETLOG_TESTS_CHECKED_LANES_H_
