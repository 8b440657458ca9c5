// Policies: what parses can be written again; and the quorum, beside a count by hand.
#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "golden_notes.h"
#include "log/cosignature.h"
#include "log/policy.h"

namespace setlog {
namespace {

std::string NameOf(const Policy& policy, const Policy::Member& member) {
  return member.kind == Policy::Member::Kind::kWitness
             ? policy.witnesses[member.index].name
             : policy.groups[member.index].name;
}

std::string Written(const Policy& policy) {
  std::string text;
  for (const Policy::Log& log : policy.logs) {
    text += "log " + FormatVkey(log.key) + " " + log.url + "\n";
  }
  for (const Policy::Witness& witness : policy.witnesses) {
    text += "witness " + witness.name + " " + FormatVkey(witness.key) + " " +
            witness.url + "\n";
  }
  for (const Policy::Group& group : policy.groups) {
    text += "group " + group.name + " " + std::to_string(group.threshold);
    for (const auto& member : group.members) text += " " + NameOf(policy, member);
    text += "\n";
  }
  return text + "quorum " + (policy.quorum ? NameOf(policy, *policy.quorum) : "none") +
         "\n";
}

void CheckText(std::string_view text) {
  const absl::StatusOr<Policy> policy = ParsePolicy(text);
  if (!policy.ok()) {
    Law(absl::IsInvalidArgument(policy.status()), "malformed is InvalidArgument");
    return;
  }
  for (size_t i = 0; i < policy->groups.size(); ++i) {
    const Policy::Group& group = policy->groups[i];
    Law(group.threshold >= 1 && group.threshold <= group.members.size(),
        "a threshold can be met, and not by nobody");
    for (const Policy::Member& member : group.members) {
      Law(member.kind == Policy::Member::Kind::kWitness
              ? member.index < policy->witnesses.size()
              : member.index < i,
          "groups refer to what is above them");
    }
  }
  // Groups may stand between witnesses in the text that was read; not in this one.
  const std::string written = Written(*policy);
  const absl::StatusOr<Policy> again = ParsePolicy(written);
  Law(again.ok() && Written(*again) == written, "a policy can be written and read");
}

constexpr uint8_t kWitnesses = 5;

const SigningKey& Witness(uint8_t i) {
  static const std::vector<SigningKey> keys = [] {
    std::vector<SigningKey> made;
    for (uint8_t k = 0; k < kWitnesses; ++k) {
      made.push_back(KeyOfByte("w.example/" + std::to_string(k), 0x40 + k));
    }
    return made;
  }();
  return keys[i];
}

// Signing is the slow part, and there are few different signatures.
const NoteSignature& Cosigned(uint8_t witness, uint64_t time_s) {
  static std::map<std::pair<uint8_t, uint64_t>, NoteSignature> made;
  auto found = made.find({witness, time_s});
  if (found == made.end()) {
    NoteSignature line = SignCosignature(kText7, Witness(witness), time_s).value();
    found = made.emplace(std::pair(witness, time_s), std::move(line)).first;
  }
  return found->second;
}

// A policy of groups over groups, a note, and who signed it when.
void CheckQuorum(Choices choices) {
  Policy policy;
  policy.logs.push_back({Vkey(kLogVkey), ""});
  std::vector<Policy::Member> free;  // of no group yet
  for (uint8_t i = 0; i < kWitnesses; ++i) {
    policy.witnesses.push_back({"w" + std::to_string(i),
                                Witness(i).Verifier(SignatureType::kCosignature), ""});
    free.push_back({Policy::Member::Kind::kWitness, i});
  }
  const size_t groups = choices.Below(4);
  for (size_t g = 0; g < groups && !free.empty(); ++g) {
    Policy::Group group{g == 1 ? "replay" : "g" + std::to_string(g), 0, {}};
    const size_t size = 1 + choices.Below(free.size());
    for (size_t i = 0; i < size; ++i) {
      const size_t at = choices.Below(free.size());
      group.members.push_back(free[at]);
      free.erase(free.begin() + static_cast<ptrdiff_t>(at));
    }
    group.threshold = 1 + choices.Below(size);
    policy.groups.push_back(group);
    free.push_back({Policy::Member::Kind::kGroup, g});
  }
  if (const size_t at = choices.Below(free.size() + 1); at < free.size()) {
    policy.quorum = free[at];
  }
  Note note{kText7, {*SignNote(kText7, LogKey())}};
  std::vector<uint64_t> times(kWitnesses, 0);
  for (uint8_t i = 0; i < kWitnesses; ++i) {
    times[i] = choices.Below(4);
    if (times[i] > 0) note = WithSignature(note, Cosigned(i, times[i]));
  }

  const std::string text = Written(policy);
  const absl::StatusOr<Policy> parsed = ParsePolicy(text);
  Law(parsed.ok() && Written(*parsed) == text, "a policy can be written and read");
  const absl::StatusOr<PolicyResult> result = EvaluatePolicy(*parsed, FormatNote(note));
  Law(result.ok() && result->log_key == policy.logs[0].key, "an honest note passes");

  // Met by cosignatures no older than `oldest`?
  const std::function<bool(const Policy::Member&, uint64_t)> met =
      [&](const Policy::Member& member, uint64_t oldest) {
        if (member.kind == Policy::Member::Kind::kWitness) {
          return times[member.index] > 0 && times[member.index] >= oldest;
        }
        const Policy::Group& group = policy.groups[member.index];
        size_t count = 0;
        for (const auto& inner : group.members) count += met(inner, oldest);
        return count >= group.threshold;
      };
  Law(result->quorum_met == (!policy.quorum || met(*policy.quorum, 0)), "the quorum");
  for (uint64_t oldest = 1; policy.quorum && oldest <= 4; ++oldest) {
    Law(met(*policy.quorum, oldest) ==
            (result->quorum_time_s && oldest <= *result->quorum_time_s),
        "the quorum as of a time");
  }
  Law(result->replay.has_value() == (policy.groups.size() > 1), "the group replay");
  if (result->replay) {
    Law(result->replay->met == met({Policy::Member::Kind::kGroup, 1}, 0), "its rule");
  }
  const size_t cosigned =
      std::ranges::count_if(times, [](uint64_t t) { return t > 0; });
  Law(result->cosigners.size() == cosigned, "every cosigner is named");
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  CheckText(AsText({data, size}));
  CheckQuorum(Choices(data, size));
  return 0;
}
