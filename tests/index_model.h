// tests/index_model.h -- a log of adds and removes, and the sets that it makes: the
// slow, obvious reference for the index.
#ifndef SETLOG_TESTS_INDEX_MODEL_H_
#define SETLOG_TESTS_INDEX_MODEL_H_

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "log/entry.h"
#include "log/set_answer.h"
#include "log/set_tree.h"
#include "log/sha256.h"

namespace setlog {

class IndexModel {
 public:
  explicit IndexModel(uint64_t seed) : random_(seed) {}

  static Hash Record(uint64_t i) {
    return Sha256(AsBytes("record-" + std::to_string(i)));
  }
  // One more entry: mostly adds, some of them duplicates, some removes of members, of
  // strangers, and re-additions.
  void Step(uint64_t universe) {
    const uint64_t id = random_() % universe;
    const bool add = random_() % 4 != 0;
    entries_.push_back({id, add});
    changes_.push_back({SetKey(Record(id)), entries_.size() - 1, add});
  }
  // Remembers the set as it now is.
  IndexEntry Mark() {
    for (; marked_ < entries_.size(); ++marked_) {
      const auto [id, add] = entries_[marked_];
      if (add) {
        members_.insert(id);
      } else {
        members_.erase(id);
      }
    }
    std::vector<Hash> values;
    for (uint64_t id : members_) values.push_back(Record(id));
    return {marked_, values.size(), SetRootOfValues(values)};
  }
  bool HasAt(uint64_t id, uint64_t m) const {
    for (uint64_t i = m; i-- > 0;) {
      if (entries_[i].first == id) return entries_[i].second;
    }
    return false;
  }
  Hash ValueAt(uint64_t position) const { return Record(entries_[position].first); }
  std::vector<SetChange> Changes(uint64_t begin, uint64_t end) const {
    return {changes_.begin() + static_cast<std::ptrdiff_t>(begin),
            changes_.begin() + static_cast<std::ptrdiff_t>(end)};
  }
  uint64_t size() const { return entries_.size(); }
  uint64_t Random() { return random_(); }

 private:
  std::mt19937_64 random_;
  std::vector<std::pair<uint64_t, bool>> entries_;
  std::vector<SetChange> changes_;
  uint64_t marked_ = 0;
  std::set<uint64_t> members_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_INDEX_MODEL_H_
