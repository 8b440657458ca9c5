// tests/rfc6962_model.h -- RFC 6962 section 2.1 written down as it is defined, and
// slow: recursion from the root, one SHA-256 call a node. With log/ it shares SHA-256
// itself and nothing else.
//
//   Rfc6962Model tree = EntryTree();               // leaves "entry-0", "entry-1", ...
//   Hash root = tree.Mth(0, 7);
//   std::vector<Hash> path = tree.Path(2, 0, 7);
#ifndef SETLOG_TESTS_RFC6962_MODEL_H_
#define SETLOG_TESTS_RFC6962_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "log/bytes.h"
#include "log/sha256.h"

namespace setlog {

class Rfc6962Model {
 public:
  // Leaf i has the hash leaf(i), and leaves from `first_equal` on are all the same: so
  // that a tree of 2^63 leaves has only few different subtrees.
  explicit Rfc6962Model(std::function<Hash(uint64_t)> leaf,
                        uint64_t first_equal = UINT64_MAX)
      : leaf_(std::move(leaf)), first_equal_(first_equal) {}

  // MTH(D[begin : begin + n]), n >= 1.
  Hash Mth(uint64_t begin, uint64_t n) {
    if (n == 1) return leaf_(std::min(begin, first_equal_));
    const std::pair key(std::min(begin, first_equal_), n);
    if (auto found = memo_.find(key); found != memo_.end()) return found->second;
    const uint64_t k = Split(n);
    const Hash hash = Node(Mth(begin, k), Mth(begin + k, n - k));
    memo_.emplace(key, hash);
    return hash;
  }

  // PATH(m, D[begin : begin + n]).
  std::vector<Hash> Path(uint64_t m, uint64_t begin, uint64_t n) {
    if (n == 1) return {};
    const uint64_t k = Split(n);
    std::vector<Hash> path = m < k ? Path(m, begin, k) : Path(m - k, begin + k, n - k);
    path.push_back(m < k ? Mth(begin + k, n - k) : Mth(begin, k));
    return path;
  }

  // PROOF(m, D[n]).
  std::vector<Hash> Proof(uint64_t m, uint64_t n) { return Subproof(m, 0, n, true); }

  static Hash Node(const Hash& left, const Hash& right) {
    const uint8_t prefix[] = {1};
    return Sha256({prefix, left, right});
  }

 private:
  static uint64_t Split(uint64_t n) {  // the largest power of two smaller than n
    uint64_t k = 1;
    while (k < n - k) k *= 2;
    return k;
  }

  // SUBPROOF(m, D[begin : begin + n], b).
  std::vector<Hash> Subproof(uint64_t m, uint64_t begin, uint64_t n, bool b) {
    if (m == n && b) return {};
    if (m == n) return {Mth(begin, n)};
    const uint64_t k = Split(n);
    std::vector<Hash> proof =
        m <= k ? Subproof(m, begin, k, b) : Subproof(m - k, begin + k, n - k, false);
    proof.push_back(m <= k ? Mth(begin + k, n - k) : Mth(begin, k));
    return proof;
  }

  std::function<Hash(uint64_t)> leaf_;
  uint64_t first_equal_;
  std::map<std::pair<uint64_t, uint64_t>, Hash> memo_;
};

inline Hash EntryLeaf(uint64_t i) {
  const uint8_t prefix[] = {0};
  return Sha256({prefix, AsBytes("entry-" + std::to_string(i))});
}

inline Rfc6962Model EntryTree() { return Rfc6962Model(EntryLeaf); }

// The first `distinct` leaves differ from each other, all others are the same.
inline Rfc6962Model EndlessTree(uint64_t distinct) {
  return Rfc6962Model(EntryLeaf, distinct);
}

}  // namespace setlog

#endif  // SETLOG_TESTS_RFC6962_MODEL_H_
