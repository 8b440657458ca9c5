// log/set_queries.h -- many values, by the keys that a batch proof is walked with.
//
//   const SetQueries queries(values);
//   set->Contains(queries.place(i));               // of values[i]
//   std::optional<size_t> i = queries.Find(key);   // values[*i] has this key
//
// Pure; immutable after construction, hence thread-safe.
#ifndef SETLOG_LOG_SET_QUERIES_H_
#define SETLOG_LOG_SET_QUERIES_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "log/bytes.h"

namespace setlog {

class SetQueries {
 public:
  // Hashes each value once. O(n log n).
  explicit SetQueries(std::span<const Hash> values);

  // SetKey of the values, sorted and distinct.
  std::span<const Hash> keys() const { return keys_; }
  // Where in keys() the key of values[i] is.
  size_t place(size_t i) const { return places_[i]; }
  // A value that has this key. O(log n).
  std::optional<size_t> Find(const Hash& key) const;

 private:
  std::vector<Hash> keys_;
  std::vector<size_t> places_;  // by value
  std::vector<size_t> values_;  // by key: the first that has it
};

}  // namespace setlog

#endif  // SETLOG_LOG_SET_QUERIES_H_
