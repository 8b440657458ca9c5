#include "log/set_queries.h"

#include <algorithm>

#include "log/set_tree.h"

namespace setlog {

SetQueries::SetQueries(std::span<const Hash> values) : places_(values.size()) {
  const std::vector<Hash> keys = SetKeys(values);
  // Whole keys are compared only where the first eight bytes are the same.
  struct Item {
    uint64_t prefix;
    size_t value;
  };
  std::vector<Item> order(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) order[i] = {ReadU64(keys[i]), i};
  std::sort(order.begin(), order.end(), [&](const Item& a, const Item& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const auto less = keys[a.value] <=> keys[b.value];
    return less != 0 ? less < 0 : a.value < b.value;
  });
  keys_.reserve(keys.size());
  values_.reserve(keys.size());
  for (const Item& item : order) {
    if (keys_.empty() || keys_.back() != keys[item.value]) {
      keys_.push_back(keys[item.value]);
      values_.push_back(item.value);
    }
    places_[item.value] = keys_.size() - 1;
  }
}

std::optional<size_t> SetQueries::Find(const Hash& key) const {
  const auto found = std::lower_bound(keys_.begin(), keys_.end(), key);
  if (found == keys_.end() || *found != key) return std::nullopt;
  return values_[static_cast<size_t>(found - keys_.begin())];
}

}  // namespace setlog
