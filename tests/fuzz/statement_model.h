// tests/fuzz/statement_model.h -- which lists of files and shards a statement may have,
// by the letter of the rules and without a thought for time.
#ifndef SETLOG_TESTS_FUZZ_STATEMENT_MODEL_H_
#define SETLOG_TESTS_FUZZ_STATEMENT_MODEL_H_

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "model/statement.h"

namespace setlog {

using NameParts = std::vector<std::string>;

inline NameParts SplitAt(const std::string& text, char separator) {
  NameParts parts(1);
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

inline bool ModelTakesPath(const std::string& path) {
  for (const std::string& part : SplitAt(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
    if (part.find('\0') != part.npos) return false;
  }
  return true;
}

// std::string compares bytes; so do these. Numbers are those of a shard.
using NameKey = std::tuple<NameParts, uint64_t, uint64_t>;

inline std::optional<uint64_t> ModelNumber(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || std::to_string(value) != text) return std::nullopt;
  return value;
}

inline std::optional<NameKey> ModelKey(const std::string& name, ModelMethod method) {
  std::string path = name;
  uint64_t begin = 0, end = 0;
  if (method == ModelMethod::kShards) {
    const NameParts parts = SplitAt(name, ':');
    if (parts.size() < 3) return std::nullopt;
    const auto first = ModelNumber(parts[parts.size() - 2]);
    const auto last = ModelNumber(parts.back());
    if (!first || !last || *first >= *last) return std::nullopt;
    begin = *first;
    end = *last;
    path.resize(name.size() - parts.back().size() - parts[parts.size() - 2].size() - 2);
  }
  if (path != "." && !ModelTakesPath(path)) return std::nullopt;
  return NameKey{SplitAt(path, '/'), begin, end};
}

inline bool IsPrefix(const NameParts& a, const NameParts& b) {
  return a.size() <= b.size() && std::equal(a.begin(), a.end(), b.begin());
}

template <typename T>
bool StrictlyAscends(const std::vector<T>& list) {
  for (size_t i = 1; i < list.size(); ++i) {
    if (!(list[i - 1] < list[i])) return false;
  }
  return true;
}

// Every byte of each file is in one shard, all but the last of the size.
inline bool ModelTakesShards(const std::vector<NameKey>& keys, uint64_t shard_bytes) {
  std::map<NameParts, std::map<uint64_t, uint64_t>> files;
  for (const auto& [path, begin, end] : keys) {
    if (!files[path].emplace(begin, end).second) return false;
  }
  for (const auto& [path, shards] : files) {
    uint64_t at = 0;
    for (const auto& [begin, end] : shards) {
      if (begin != at || end - begin > shard_bytes) return false;
      if (end - begin < shard_bytes && end != shards.rbegin()->second) return false;
      at = end;
    }
  }
  return true;
}

inline bool ModelTakes(const ModelStatement& statement) {
  const Serialization& how = statement.serialization;
  for (const std::string& path : how.ignore_paths) {
    if (!ModelTakesPath(path)) return false;
  }
  std::vector<std::string> names;
  for (const ModelResource& resource : statement.resources) {
    names.push_back(resource.name);
  }
  if (names.empty()) return false;
  std::vector<NameKey> keys;
  std::set<NameParts> files;
  for (const std::string& name : names) {
    const std::optional<NameKey> key = ModelKey(name, how.method);
    if (!key) return false;
    keys.push_back(*key);
    files.insert(std::get<0>(*key));
  }
  if (files.contains({"."}) && files.size() > 1) return false;
  if (!StrictlyAscends(names) && !StrictlyAscends(keys)) return false;
  if (how.method == ModelMethod::kShards && !ModelTakesShards(keys, how.shard_bytes)) {
    return false;
  }
  for (const NameParts& file : files) {
    for (const std::string& path : how.ignore_paths) {
      if (IsPrefix(SplitAt(path, '/'), file)) return false;
    }
    for (const NameParts& other : files) {
      if (other != file && IsPrefix(other, file)) return false;
    }
  }
  return true;
}

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_STATEMENT_MODEL_H_
