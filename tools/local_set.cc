#include "tools/local_set.h"

#include <algorithm>
#include <utility>

#include "log/set_tree.h"

namespace setlog {
namespace {

constexpr unsigned kPartBits = 7;
constexpr size_t kPartMemoryHashes = size_t{1} << 13;  // 256 KiB

struct Member {
  Hash key;
  Hash value;
};

absl::StatusOr<std::vector<Member>> MembersOf(const HashSpool& part) {
  const absl::StatusOr<std::vector<Hash>> values = part.All(0);
  if (!values.ok()) return values.status();
  const std::vector<Hash> keys = SetKeys(*values);
  std::vector<Member> members;
  members.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) members.push_back({keys[i], (*values)[i]});
  std::ranges::sort(members, {}, &Member::key);
  const auto [first, last] = std::ranges::unique(members, {}, &Member::key);
  members.erase(first, last);
  return members;
}

}  // namespace

LocalSet::LocalSet() {
  for (size_t i = 0; i < size_t{1} << kPartBits; ++i) {
    parts_.push_back(std::make_unique<HashSpool>(kPartMemoryHashes));
  }
}

absl::Status LocalSet::Add(std::span<const Hash> values) {
  const std::vector<Hash> keys = SetKeys(values);
  for (size_t i = 0; i < values.size(); ++i) {
    HashSpool& part = *parts_[KeyPrefix(keys[i], kPartBits)];
    if (absl::Status s = part.Append(values[i]); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::StatusOr<SetSummary> LocalSet::Summarize() const {
  SetSummary summary;
  std::vector<Hash> tops;
  for (const auto& part : parts_) {
    const absl::StatusOr<std::vector<Member>> members = MembersOf(*part);
    if (!members.ok()) return members.status();
    std::vector<Hash> keys;
    for (const Member& member : *members) keys.push_back(member.key);
    summary.distinct += keys.size();
    tops.push_back(keys.empty() ? kNoSubtree : SortedTop(keys));
  }
  for (unsigned bit = kPartBits; bit > 0;) tops = HashParents(--bit, tops);
  summary.root = SetRoot(summary.distinct, tops[0]);
  return summary;
}

absl::Status LocalSet::Read(const HashSpool::PieceCallback& callback) const {
  for (const auto& part : parts_) {
    const absl::StatusOr<std::vector<Member>> members = MembersOf(*part);
    if (!members.ok()) return members.status();
    std::vector<Hash> values;
    for (const Member& member : *members) values.push_back(member.value);
    if (absl::Status s = callback(values); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace setlog
