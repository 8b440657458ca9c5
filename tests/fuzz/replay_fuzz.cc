// Replay: a log built by choices, honest and not, beside a model that computes every
// set from nothing. It stops where the model does, and knows the same until then.
#include <map>
#include <optional>

#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "fuzz/replay_model.h"
#include "log/replay.h"

namespace setlog {
namespace {

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
      FormatManifest({.origin = std::string(kReplayedOrigin), .scheme = "bytes/1"})
          .value()});
  Choices choices(data, size);
  ReplayModel model;
  Replay replay{std::string(kReplayedOrigin)};
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
