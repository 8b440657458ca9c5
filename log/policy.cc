#include "log/policy.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/cosignature.h"
#include "log/note.h"

namespace setlog {
namespace {

using Member = Policy::Member;

// For each witness and group the best oldest time: the highest T such that its rule is
// met by cosignatures no older than T; nothing if it is not met at all.
struct Times {
  std::vector<std::optional<uint64_t>> witnesses;
  std::vector<std::optional<uint64_t>> groups;

  std::optional<uint64_t> Of(Member member) const {
    return member.kind == Member::Kind::kWitness ? witnesses[member.index]
                                                 : groups[member.index];
  }
};

// A group of threshold k is met since T if k members are: the k-th highest time.
// Members share no witness (a name is in one group), so each may choose for itself.
// Groups refer only backwards, so one pass does it, without recursion, however deep
// they nest.
void AddGroups(const Policy& policy, Times& times) {
  for (const Policy::Group& group : policy.groups) {
    std::vector<uint64_t> met;
    for (Member member : group.members) {
      if (const std::optional<uint64_t> time = times.Of(member)) met.push_back(*time);
    }
    std::ranges::sort(met, std::greater<>());
    times.groups.push_back(met.size() >= group.threshold
                               ? std::optional(met[group.threshold - 1])
                               : std::nullopt);
  }
}

// The witnesses below group `index`, in the policy's order.
std::vector<size_t> WitnessesOf(const Policy& policy, size_t index) {
  std::vector<size_t> witnesses;
  std::vector<size_t> groups = {index};
  while (!groups.empty()) {
    const Policy::Group& group = policy.groups[groups.back()];
    groups.pop_back();
    for (Member member : group.members) {
      (member.kind == Member::Kind::kWitness ? witnesses : groups)
          .push_back(member.index);
    }
  }
  std::ranges::sort(witnesses);
  return witnesses;
}

std::optional<PolicyResult::Replay> ReplayOf(const Policy& policy, const Times& times) {
  const auto group =
      std::ranges::find(policy.groups, kReplayGroup, &Policy::Group::name);
  if (group == policy.groups.end()) return std::nullopt;
  const size_t index = group - policy.groups.begin();
  const std::vector<size_t> members = WitnessesOf(policy, index);
  PolicyResult::Replay replay{members.size(), {}, times.groups[index].has_value()};
  for (size_t witness : members) {
    if (times.witnesses[witness]) {
      replay.cosigned.push_back(policy.witnesses[witness].name);
    }
  }
  return replay;
}

std::string Listed(const std::vector<std::string_view>& names) {
  constexpr size_t kShown = 10;
  if (names.empty()) return "nobody";
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    absl::StrAppendFormat(&text, "%s%s", i == 0 ? "" : ", ", std::string(names[i]));
  }
  if (names.size() > kShown) {
    absl::StrAppendFormat(&text, " and %d others", names.size() - kShown);
  }
  return text;
}

}  // namespace

std::string DescribeQuorum(const Policy& policy, const PolicyResult& result) {
  if (!policy.quorum) return "the policy asks for no witness";
  const std::vector<size_t> members = policy.quorum->kind == Member::Kind::kGroup
                                          ? WitnessesOf(policy, policy.quorum->index)
                                          : std::vector<size_t>{policy.quorum->index};
  std::vector<std::string_view> did;
  std::vector<std::string_view> did_not;
  for (size_t witness : members) {
    const std::string& name = policy.witnesses[witness].name;
    const bool cosigned = std::ranges::any_of(
        result.cosigners, [&](const auto& cosigner) { return cosigner.name == name; });
    (cosigned ? did : did_not).push_back(name);
  }
  return absl::StrFormat("cosigned by %s; not by %s", Listed(did), Listed(did_not));
}

absl::StatusOr<PolicyResult> EvaluatePolicy(const Policy& policy,
                                            std::string_view bytes) {
  const absl::StatusOr<Note> note = ParseNote(bytes);
  if (!note.ok()) return note.status();
  absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(note->text);
  if (!checkpoint.ok()) return checkpoint.status();
  if (absl::Status status = CheckEmptyRoot(*checkpoint); !status.ok()) return status;
  PolicyResult result{*std::move(checkpoint)};
  // Every line of a known key is verified, also one that decides nothing: a wrong one
  // means that somebody tampered with the note.
  for (const Policy::Log& log : policy.logs) {
    if (FindSignature(*note, log.key) == nullptr) continue;
    if (absl::Status status = VerifyNote(*note, log.key); !status.ok()) return status;
    if (!result.log_key && log.key.name == result.checkpoint.origin) {
      result.log_key = log.key;
    }
  }
  Times times;
  for (const Policy::Witness& witness : policy.witnesses) {
    times.witnesses.emplace_back();
    if (FindSignature(*note, witness.key) == nullptr) continue;
    const absl::StatusOr<uint64_t> time_s = VerifyCosignature(*note, witness.key);
    if (!time_s.ok()) return time_s.status();
    times.witnesses.back() = *time_s;
    result.cosigners.push_back({witness.name, *time_s});
  }
  AddGroups(policy, times);
  if (policy.quorum) result.quorum_time_s = times.Of(*policy.quorum);
  result.quorum_met = !policy.quorum || result.quorum_time_s;
  result.replay = ReplayOf(policy, times);
  return result;
}

std::optional<uint64_t> QuorumTimeUpTo(const Policy& policy, const PolicyResult& result,
                                       uint64_t latest_s) {
  if (!policy.quorum) return std::nullopt;
  Times times;
  auto cosigner = result.cosigners.begin();  // in the policy's order
  for (const Policy::Witness& witness : policy.witnesses) {
    times.witnesses.emplace_back();
    if (cosigner == result.cosigners.end() || cosigner->name != witness.name) continue;
    if (cosigner->time_s <= latest_s) times.witnesses.back() = cosigner->time_s;
    ++cosigner;
  }
  AddGroups(policy, times);
  return times.Of(*policy.quorum);
}

}  // namespace setlog
