// Numbers modulo 2^255 - 19 in lanes, against OpenSSL's big numbers.
#include <openssl/bn.h>

#include <array>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "lane_ops.h"
#include "testing.h"

namespace setlog {
namespace {

constexpr uint64_t kReduced = (uint64_t{1} << 51) + (uint64_t{1} << 17);  // bound
constexpr uint64_t kFactor = uint64_t{1} << 52;
constexpr uint64_t kSum = uint64_t{1} << 63;
constexpr uint64_t kAllOnes = ~uint64_t{0};

// The slow model: a number from 0 to p - 1.
class Number {
 public:
  explicit Number(uint64_t value = 0) : value_(BN_new()) {
    BN_set_word(value_.get(), value);
  }
  Number(const Number& other) : value_(BN_dup(other.value_.get())) {}
  Number& operator=(const Number& other) {
    BN_copy(value_.get(), other.value_.get());
    return *this;
  }

  static Number FromLimbs(const Limbs& limbs, int lane) {
    Number out;
    for (int i = 4; i >= 0; --i) {
      Number limb(limbs.limb[i][lane]);
      BN_lshift(out.value_.get(), out.value_.get(), 51);
      BN_add(out.value_.get(), out.value_.get(), limb.value_.get());
    }
    BN_nnmod(out.value_.get(), out.value_.get(), Modulus(), Context());
    return out;
  }

  friend Number operator*(const Number& a, const Number& b) {
    Number out;
    BN_mod_mul(out.value_.get(), a.value_.get(), b.value_.get(), Modulus(), Context());
    return out;
  }
  friend Number operator+(const Number& a, const Number& b) {
    Number out;
    BN_mod_add(out.value_.get(), a.value_.get(), b.value_.get(), Modulus(), Context());
    return out;
  }
  friend Number operator-(const Number& a, const Number& b) {
    Number out;
    BN_mod_sub(out.value_.get(), a.value_.get(), b.value_.get(), Modulus(), Context());
    return out;
  }
  friend bool operator==(const Number& a, const Number& b) {
    return BN_cmp(a.value_.get(), b.value_.get()) == 0;
  }
  bool IsOdd() const { return BN_is_odd(value_.get()); }
  // 0, or a square: by Euler's criterion.
  bool IsSquare() const {
    const int symbol = BN_kronecker(value_.get(), Modulus(), Context());
    return symbol == 0 || symbol == 1;
  }
  static Number SqrtOfMinusOne() {
    Number out;
    const Number minus_one = Number(0) - Number(1);
    BN_mod_sqrt(out.value_.get(), minus_one.value_.get(), Modulus(), Context());
    return out.IsOdd() ? Number(0) - out : out;
  }
  // Below p in 51-bit limbs.
  std::array<uint64_t, 5> ToLimbs() const {
    std::array<uint8_t, 40> bytes;
    BN_bn2lebinpad(value_.get(), bytes.data(), bytes.size());
    std::array<uint64_t, 5> out{};
    for (int bit = 0; bit < 255; ++bit) {
      out[bit / 51] |= uint64_t{bytes[bit / 8] >> bit % 8 & 1u} << bit % 51;
    }
    return out;
  }

 private:
  struct Free {
    void operator()(BIGNUM* number) const { BN_free(number); }
  };
  static const BIGNUM* Modulus() {
    static BIGNUM* const modulus = [] {
      BIGNUM* number = BN_new();
      BN_set_bit(number, 255);
      BN_sub_word(number, 19);
      return number;
    }();
    return modulus;
  }
  static BN_CTX* Context() {
    static BN_CTX* const context = BN_CTX_new();
    return context;
  }

  std::unique_ptr<BIGNUM, Free> value_;
};

using Element = std::array<uint64_t, 5>;

// Numbers with limbs below `bound`: those at which something is carried, or just not,
// and random ones.
std::vector<Element> Elements(uint64_t bound) {
  constexpr uint64_t kFull = (uint64_t{1} << 51) - 1;
  const uint64_t top = bound - 1;
  std::vector<Element> out = {
      {0, 0, 0, 0, 0},
      {1, 0, 0, 0, 0},
      {2, 0, 0, 0, 0},
      {18, 0, 0, 0, 0},
      {19, 0, 0, 0, 0},
      {kFull - 19, kFull, kFull, kFull, kFull},  // p - 1
      {kFull - 18, kFull, kFull, kFull, kFull},  // p
      {kFull - 17, kFull, kFull, kFull, kFull},  // p + 1
      {kFull, kFull, kFull, kFull, kFull},       // 2^255 - 1
      {kFull + 1, kFull, kFull, kFull, kFull},   // 2^255, as a carry not yet made
      {top, top, top, top, top},
      {top, 0, 0, 0, 0},
      {0, 0, top, 0, 0},
      {0, 0, 0, 0, top},
      {top, 0, top, 0, top},
  };
  std::mt19937_64 random(bound);
  for (int i = 0; i < 40; ++i) {
    Element element;
    for (uint64_t& limb : element) limb = random() % bound;
    out.push_back(element);
  }
  return out;
}

// All pairs, each in every lane. `check(ops, a, b)` is of eight pairs.
void ForAllPairs(
    const std::vector<Element>& elements,
    const std::function<void(const LaneOps&, const Limbs&, const Limbs&)>& check) {
  for (const LaneOps* ops : AllLaneOps()) {
    SCOPED_TRACE(ops->name);
    for (size_t i = 0; i < elements.size(); ++i) {
      for (size_t j = 0; j < elements.size(); ++j) {
        Limbs a, b;
        for (size_t lane = 0; lane < 8; ++lane) {
          for (size_t k = 0; k < 5; ++k) {
            a.limb[k][lane] = elements[(i + lane) % elements.size()][k];
            b.limb[k][lane] = elements[(j + 3 * lane) % elements.size()][k];
          }
        }
        check(*ops, a, b);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

void ForAll(const std::vector<Element>& elements,
            const std::function<void(const LaneOps&, const Limbs&)>& check) {
  for (const LaneOps* ops : AllLaneOps()) {
    SCOPED_TRACE(ops->name);
    for (size_t i = 0; i < elements.size(); ++i) {
      Limbs a;
      for (size_t lane = 0; lane < 8; ++lane) {
        for (size_t k = 0; k < 5; ++k) {
          a.limb[k][lane] = elements[(i + lane) % elements.size()][k];
        }
      }
      check(*ops, a);
      if (testing::Test::HasFailure()) return;
    }
  }
}

void ExpectBound(const Limbs& limbs, uint64_t bound) {
  for (const auto& limb : limbs.limb) {
    for (const uint64_t lane : limb) EXPECT_LT(lane, bound);
  }
}

// out[lane] = model(lane), and `out` is reduced.
void ExpectNumbers(const Limbs& out, const std::function<Number(int)>& model) {
  ExpectBound(out, kReduced);
  for (int lane = 0; lane < 8; ++lane) {
    EXPECT_TRUE(Number::FromLimbs(out, lane) == model(lane)) << "lane " << lane;
  }
}

TEST(Field25519Test, ProductsOfFactorsAtTheirBoundsAreReduced) {
  ForAllPairs(Elements(kFactor),
              [](const LaneOps& ops, const Limbs& a, const Limbs& b) {
                Limbs out;
                ops.mul(out, a, b);
                ExpectNumbers(out, [&](int lane) {
                  return Number::FromLimbs(a, lane) * Number::FromLimbs(b, lane);
                });
              });
  ForAll(Elements(kFactor), [](const LaneOps& ops, const Limbs& a) {
    Limbs out;
    ops.square(out, a);
    ExpectNumbers(out, [&](int lane) {
      return Number::FromLimbs(a, lane) * Number::FromLimbs(a, lane);
    });
  });
}

TEST(Field25519Test, SumsAndDifferencesAreReduced) {
  ForAllPairs(Elements(kReduced),
              [](const LaneOps& ops, const Limbs& a, const Limbs& b) {
                const auto of = [](const Limbs& limbs, int lane) {
                  return Number::FromLimbs(limbs, lane);
                };
                Limbs out;
                ops.add(out, a, b);
                ExpectNumbers(out, [&](int i) { return of(a, i) + of(b, i); });
                ops.subtract(out, a, b);
                ExpectNumbers(out, [&](int i) { return of(a, i) - of(b, i); });
              });
}

TEST(Field25519Test, SumsOfProductsNeedNoCarryBefore) {
  ForAllPairs(Elements(kFactor),
              [](const LaneOps& ops, const Limbs& a, const Limbs& b) {
                Limbs out;
                ops.sum(out, a, b);
                ExpectNumbers(out, [&](int lane) {
                  const Number x = Number::FromLimbs(a, lane);
                  const Number y = Number::FromLimbs(b, lane);
                  return x * x + x * x + y * y - x * y;
                });
              });
}

TEST(Field25519Test, WhateverHas63BitsIsCarried) {
  ForAll(Elements(kSum), [](const LaneOps& ops, const Limbs& a) {
    Limbs out;
    ops.carry(out, a);
    ExpectNumbers(out, [&](int lane) { return Number::FromLimbs(a, lane); });
  });
}

TEST(Field25519Test, AnOppositeIsAFactor) {
  ForAll(Elements(kReduced), [](const LaneOps& ops, const Limbs& a) {
    Limbs out;
    ops.opposite(out, a);
    ExpectBound(out, kFactor);
    for (int lane = 0; lane < 8; ++lane) {
      EXPECT_TRUE(Number::FromLimbs(out, lane) ==
                  Number(0) - Number::FromLimbs(a, lane));
    }
  });
}

TEST(Field25519Test, ANumberHasOneCanonicalFormAndASign) {
  ForAll(Elements(kReduced), [](const LaneOps& ops, const Limbs& a) {
    Limbs out;
    LaneMask zero, negative;
    ops.canonical(out, a);
    ops.is_zero(zero, a);
    ops.is_negative(negative, a);
    for (int lane = 0; lane < 8; ++lane) {
      const Number number = Number::FromLimbs(a, lane);
      const Element wanted = number.ToLimbs();
      for (int i = 0; i < 5; ++i) EXPECT_EQ(out.limb[i][lane], wanted[i]);
      EXPECT_EQ(zero.lane[lane], number == Number(0) ? kAllOnes : 0);
      EXPECT_EQ(negative.lane[lane], number.IsOdd() ? kAllOnes : 0);
    }
    ops.abs(out, a);
    ExpectNumbers(out, [&](int lane) {
      const Number number = Number::FromLimbs(a, lane);
      return number.IsOdd() ? Number(0) - number : number;
    });
  });
}

TEST(Field25519Test, AnInverseTimesItsNumberIsOneAndOfZeroIsZero) {
  ForAll(Elements(kReduced), [](const LaneOps& ops, const Limbs& a) {
    Limbs out;
    ops.invert(out, a);
    ExpectBound(out, kReduced);
    for (int lane = 0; lane < 8; ++lane) {
      const Number number = Number::FromLimbs(a, lane);
      const Number inverse = Number::FromLimbs(out, lane);
      if (number == Number(0)) {
        EXPECT_TRUE(inverse == Number(0));
      } else {
        EXPECT_TRUE(inverse * number == Number(1));
      }
    }
  });
}

TEST(Field25519Test, RootsOfRatiosAreThoseOfRfc9496) {
  const Number i = Number::SqrtOfMinusOne();
  std::vector<Element> elements = Elements(kReduced);
  elements.resize(26);
  int squares = 0, others = 0;
  ForAllPairs(elements, [&](const LaneOps& ops, const Limbs& u, const Limbs& v) {
    Limbs root;
    LaneMask was_square;
    ops.sqrt_ratio(root, was_square, u, v);
    ExpectBound(root, kReduced);
    for (int lane = 0; lane < 8; ++lane) {
      const Number a = Number::FromLimbs(u, lane), b = Number::FromLimbs(v, lane);
      const Number r = Number::FromLimbs(root, lane);
      EXPECT_FALSE(r.IsOdd());
      if (a == Number(0) || b == Number(0)) {
        EXPECT_TRUE(r == Number(0));
        EXPECT_EQ(was_square.lane[lane], a == Number(0) ? kAllOnes : 0);
        continue;
      }
      const bool is_square = (a * b).IsSquare();
      ++(is_square ? squares : others);
      EXPECT_EQ(was_square.lane[lane], is_square ? kAllOnes : 0);
      EXPECT_TRUE(r * r * b == (is_square ? a : i * a));
    }
  });
  EXPECT_GT(squares, 1000);
  EXPECT_GT(others, 1000);
}

}  // namespace
}  // namespace setlog
