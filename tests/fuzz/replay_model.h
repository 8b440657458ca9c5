// tests/fuzz/replay_model.h -- the rules of a log, entry by entry, with every set
// computed from nothing.
//
//   ReplayModel model;
//   if (!model.Take(bytes)) ...     // no honest log goes on with this entry
//   model.SetAt(m).root();  model.tags();  model.Root();
#ifndef SETLOG_TESTS_FUZZ_REPLAY_MODEL_H_
#define SETLOG_TESTS_FUZZ_REPLAY_MODEL_H_

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/set_model.h"
#include "log/entry.h"
#include "log/manifest.h"
#include "rfc6962_model.h"

namespace setlog {

inline constexpr std::string_view kReplayedOrigin = "example.org/a";

// Whether an entry may stand at this position, by its form and that alone.
inline bool MayStandAt(std::string_view bytes, uint64_t position) {
  if (bytes.empty()) return false;
  const std::string_view body = bytes.substr(1);
  const bool first = position == 0;
  switch (bytes[0]) {
    case 0:
      return first && !body.empty() && body.size() <= 32768;
    case 1:
    case 2:
      return !first && body.size() == 32;
    case 3: {
      if (body.size() != 48) return false;
      const uint64_t m = ReadU64(AsBytes(body));
      return ReadU64(AsBytes(body).subspan(8)) < m && m <= position;
    }
    case 4: {
      if (body.size() < 9) return false;
      const uint64_t m = ReadU64(AsBytes(body));
      return m > 0 && m <= position && CheckTagName(body.substr(8)).ok();
    }
    default:
      return false;
  }
}

// The values that entries name, with whether the last one that does adds it.
inline std::map<Hash, bool> LastEvents(std::span<const std::string> entries) {
  std::map<Hash, bool> last;
  for (const std::string& entry : entries) {
    if (entry.size() != 33 || (entry[0] != 1 && entry[0] != 2)) continue;
    last[HashFromBytes(AsBytes(entry).subspan(1))] = entry[0] == 1;
  }
  return last;
}

inline SetModel SetOf(std::span<const std::string> entries) {
  std::vector<Hash> values;
  for (const auto& [value, is_in] : LastEvents(entries)) {
    if (is_in) values.push_back(value);
  }
  return SetModel(values);
}

class ReplayModel {
 public:
  // Whether the log may go on with this entry.
  bool Take(const std::string& bytes) {
    const uint64_t position = entries_.size();
    if (!MayFollow(bytes, position)) return false;
    entries_.push_back(bytes);
    return true;
  }

  SetModel SetAt(uint64_t m) const { return SetOf({entries_.data(), m}); }
  uint64_t size() const { return entries_.size(); }
  const std::map<std::string, uint64_t>& tags() const { return tags_; }
  Hash Root() const {
    Rfc6962Model tree([&](uint64_t i) {
      const uint8_t prefix[] = {0};
      return Sha256({prefix, AsBytes(entries_[i])});
    });
    return entries_.empty() ? Sha256(Bytes()) : tree.Mth(0, entries_.size());
  }

 private:
  bool MayFollow(const std::string& bytes, uint64_t position) {
    if (bytes.empty()) return false;
    const int type = bytes[0];
    if (type == 0 || position == 0) {
      if (type != 0 || position != 0) return false;
      const auto manifest = ParseManifest(AsBytes(bytes).subspan(1));
      return manifest.ok() && manifest->origin == kReplayedOrigin;
    }
    if (type == 1 || type == 2) return bytes.size() == 33;
    if (type == 3) {
      if (bytes.size() != 49) return false;
      const uint64_t m = ReadU64(AsBytes(bytes).subspan(1));
      if (m < 1 || m > position || m <= last_m_) return false;
      const SetModel set = SetAt(m);
      if (ReadU64(AsBytes(bytes).subspan(9)) != set.n() ||
          HashFromBytes(AsBytes(bytes).subspan(17)) != set.root()) {
        return false;
      }
      last_m_ = m;
      indexed_.insert(m);
      return true;
    }
    if (type != 4 || bytes.size() < 10) return false;
    const std::string name = bytes.substr(9);
    if (!CheckTagName(name).ok()) return false;
    const uint64_t m = ReadU64(AsBytes(bytes).subspan(1));
    return indexed_.contains(m) && tags_.emplace(name, m).second;
  }

  std::vector<std::string> entries_;
  uint64_t last_m_ = 0;
  std::set<uint64_t> indexed_;
  std::map<std::string, uint64_t> tags_;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_REPLAY_MODEL_H_
