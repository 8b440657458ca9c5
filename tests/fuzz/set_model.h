// tests/fuzz/set_model.h -- the sorted tree and its proofs as they are defined, and
// slow: recursion over sorted keys. With log/ it shares SHA-256 and nothing else.
//
//   SetModel set(values);
//   LookupProof proof = set.Lookup(record);
//   std::string bytes = set.Batch(queries);
//   set.root();  set.Has(record);
#ifndef SETLOG_TESTS_FUZZ_SET_MODEL_H_
#define SETLOG_TESTS_FUZZ_SET_MODEL_H_

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "log/bytes.h"
#include "log/set_proof.h"
#include "log/sha256.h"

namespace setlog {

class SetModel {
 public:
  explicit SetModel(const std::vector<Hash>& values) {
    std::map<Hash, Hash> sorted;
    for (const Hash& value : values) sorted[Key(value)] = value;
    members_.assign(sorted.begin(), sorted.end());
  }

  uint64_t n() const { return members_.size(); }
  std::vector<Hash> Values() const {
    std::vector<Hash> values;
    for (const auto& [key, value] : members_) values.push_back(value);
    return values;
  }
  bool Has(const Hash& value) const {
    for (const auto& [key, member] : members_) {
      if (member == value) return true;
    }
    return false;
  }
  Hash root() const {
    return members_.empty() ? Root(0, nullptr) : RootOf(n(), Tree(members_));
  }

  LookupProof Lookup(const Hash& record) const {
    LookupProof proof{.count = n()};
    if (members_.empty()) return proof;
    const Hash key = Key(record);
    Members here = members_;
    while (here.size() > 1) {
      const unsigned bit = SplitBit(here);
      const auto [zeros, ones] = Split(here, bit);
      proof.branch_bits.push_back(static_cast<uint8_t>(bit));
      proof.siblings.push_back(Tree(Bit(key, bit) ? zeros : ones));
      here = Bit(key, bit) ? ones : zeros;
    }
    proof.terminal = here[0].second;
    return proof;
  }

  std::string Batch(const std::vector<Hash>& queries) const {
    std::vector<Hash> keys;
    for (const Hash& query : queries) keys.push_back(Key(query));
    return members_.empty() ? "" : Items(members_, keys);
  }

  static Hash Key(const Hash& value) {
    const uint8_t prefix[] = {0x10};
    return Sha256({prefix, value});
  }
  static Hash Node(unsigned bit, const Hash& left, const Hash& right) {
    const uint8_t prefix[] = {0x11, static_cast<uint8_t>(bit)};
    return Sha256({prefix, left, right});
  }
  static Hash RootOf(uint64_t n, const Hash& top) { return Root(n, &top); }
  static bool Bit(const Hash& key, unsigned bit) {
    return (key.bytes[bit / 8] & (0x80 >> bit % 8)) != 0;
  }

 private:
  using Member = std::pair<Hash, Hash>;  // key, value
  using Members = std::span<const Member>;

  static Hash Root(uint64_t n, const Hash* top) {
    std::string bytes(1, '\x12');
    AppendU64(&bytes, n);
    if (n > 0) bytes += AsText(*top);
    return Sha256(AsBytes(bytes));
  }
  // The first bit in which not all keys are the same.
  static unsigned SplitBit(Members members) {
    for (unsigned bit = 0;; ++bit) {
      for (const auto& [key, value] : members) {
        if (Bit(key, bit) != Bit(members[0].first, bit)) return bit;
      }
    }
  }
  static std::pair<Members, Members> Split(Members members, unsigned bit) {
    size_t zeros = 0;
    while (!Bit(members[zeros].first, bit)) ++zeros;
    return {members.first(zeros), members.subspan(zeros)};
  }
  static Hash Tree(Members members) {
    if (members.size() == 1) return members[0].first;
    const unsigned bit = SplitBit(members);
    const auto [zeros, ones] = Split(members, bit);
    return Node(bit, Tree(zeros), Tree(ones));
  }
  static std::string Items(Members members, const std::vector<Hash>& keys) {
    if (keys.empty()) return std::string(1, '\0').append(AsText(Tree(members)));
    if (members.size() == 1) {
      return std::string(1, '\2').append(AsText(members[0].second));
    }
    const unsigned bit = SplitBit(members);
    const auto [zeros, ones] = Split(members, bit);
    std::vector<Hash> sides[2];
    for (const Hash& key : keys) sides[Bit(key, bit)].push_back(key);
    std::string items(1, '\1');
    items.push_back(static_cast<char>(bit));
    return items.append(Items(zeros, sides[0])).append(Items(ones, sides[1]));
  }

  std::vector<Member> members_;
};

// A few values, known by number.
inline Hash ValueN(uint64_t number) {
  return Sha256(AsBytes("value-" + std::to_string(number)));
}

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_SET_MODEL_H_
