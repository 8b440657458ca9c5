// Replay: a log built by choices, honest and not, beside a model that computes every
// set from nothing. It stops where the model does, and knows the same until then.
#include <map>
#include <optional>
#include <set>

#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "fuzz/set_model.h"
#include "log/entry.h"
#include "log/manifest.h"
#include "log/replay.h"
#include "rfc6962_model.h"

namespace setlog {
namespace {

constexpr std::string_view kOrigin = "example.org/a";

class ReplayModel {
 public:
  // Whether the log may go on with this entry.
  bool Take(const std::string& bytes) {
    const uint64_t position = entries_.size();
    if (!MayFollow(bytes, position)) return false;
    entries_.push_back(bytes);
    return true;
  }

  SetModel SetAt(uint64_t m) const {
    std::map<Hash, bool> in;
    for (uint64_t i = 0; i < m; ++i) {
      const uint8_t type = static_cast<uint8_t>(entries_[i][0]);
      if (type == 1 || type == 2) in[ValueOf(entries_[i])] = type == 1;
    }
    std::vector<Hash> values;
    for (const auto& [value, is_in] : in) {
      if (is_in) values.push_back(value);
    }
    return SetModel(values);
  }
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
  static Hash ValueOf(const std::string& bytes) {
    return HashFromBytes(AsBytes(bytes).subspan(1));
  }
  bool MayFollow(const std::string& bytes, uint64_t position) {
    if (bytes.empty()) return false;
    const int type = bytes[0];
    if (type == 0 || position == 0) {
      if (type != 0 || position != 0) return false;
      const auto manifest = ParseManifest(AsBytes(bytes).subspan(1));
      return manifest.ok() && manifest->origin == kOrigin;
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

std::string NextEntry(Choices* choices, const ReplayModel& model) {
  const uint64_t size = model.size();
  switch (choices->Below(8)) {
    case 0:
    case 1:
    case 2:
      return Encode(AddEntry{ValueN(choices->Below(12))});
    case 3:
      return Encode(RemoveEntry{ValueN(choices->Below(12))});
    case 4:
    case 5: {
      const uint64_t m = size - choices->Below(3) % (size + 1);
      const SetModel set = model.SetAt(m);
      return Encode(IndexEntry{m, set.n(), set.root()});
    }
    case 6:
      return Encode(TagEntry{size - choices->Below(4) % (size + 1),
                             "v" + std::to_string(choices->Below(20))});
    default:
      return choices->Text(1 + choices->Below(50));
  }
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  static const std::string manifest = Encode(ManifestEntry{
      FormatManifest({.origin = std::string(kOrigin), .scheme = "bytes/1"}).value()});
  Choices choices(data, size);
  ReplayModel model;
  Replay replay{std::string(kOrigin)};
  bool ended = false;
  for (int i = 0; i < 60 && !choices.ended(); ++i) {
    std::string entry =
        i == 0 && choices.Below(16) ? manifest : NextEntry(&choices, model);
    if (choices.Below(24) == 23) entry = choices.Damaged(entry);
    const Bytes bytes = AsBytes(entry);
    const std::optional<ReplayFault> fault = replay.Feed({&bytes, 1});
    const bool legal = !ended && model.Take(entry);
    ended = !legal;
    Law(fault.has_value() == ended, "replay stops at the first bad entry, for good");
    if (fault) {
      Law(fault->position == model.size() && !fault->reason.empty(), "and names it");
      if (choices.Below(2)) break;
    }
  }
  Law(replay.size() == model.size(), "nothing is skipped");
  if (ended) return 0;
  Law(replay.Root() == model.Root(), "the log's root");
  std::map<std::string, uint64_t> tags;
  for (const auto& [name, placed] : replay.tags()) tags.emplace(name, placed.m);
  Law(tags == model.tags(), "its tags");
  const SetModel set = model.SetAt(model.size());
  const Replay::Set current = replay.CurrentSet();
  Law(current.n == set.n() && current.root == set.root(), "its set");
  return 0;
}
