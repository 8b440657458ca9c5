#include "client/set_members.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/entry_stream.h"
#include "client/refused.h"
#include "log/entry.h"
#include "log/set_tree.h"

namespace setlog {
namespace {

constexpr std::chrono::milliseconds kTick(200);

struct Change {
  Hash value;
  uint64_t position = 0;
  bool add = true;
};

absl::StatusOr<std::vector<Change>> FetchChanges(
    const Connection& connection, const std::string& origin, uint64_t m,
    const std::function<void(uint64_t entries)>& progress) {
  std::vector<Change> changes;
  EntryStream stream(&connection, origin, 0, m);
  while (!stream.done()) {
    const absl::StatusOr<EntryPiece> piece = stream.Next(kTick);
    if (!piece.ok()) return piece.status();
    uint64_t position = piece->begin;
    for (const Bytes bytes : piece->entries) {
      const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
      if (!entry.ok()) return Refused(origin, entry.status());
      if (const auto* add = std::get_if<AddEntry>(&*entry)) {
        changes.push_back({add->value, position, true});
      } else if (const auto* remove = std::get_if<RemoveEntry>(&*entry)) {
        changes.push_back({remove->value, position, false});
      }
      ++position;
    }
    if (!piece->entries.empty()) progress(position);
  }
  return changes;
}

// The adds of the values that are in the set in the end, each the one that it came in
// by, in log order.
std::vector<Change> MembersOf(std::vector<Change> changes) {
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return std::tie(a.value, a.position) < std::tie(b.value, b.position);
  });
  std::vector<Change> members;
  for (size_t i = 0; i < changes.size();) {
    const Change* in = nullptr;
    const Hash value = changes[i].value;
    for (; i < changes.size() && changes[i].value == value; ++i) {
      if (!changes[i].add) {
        in = nullptr;
      } else if (in == nullptr) {
        in = &changes[i];
      }
    }
    if (in != nullptr) members.push_back(*in);
  }
  std::sort(members.begin(), members.end(),
            [](const Change& a, const Change& b) { return a.position < b.position; });
  return members;
}

}  // namespace

absl::StatusOr<std::vector<Hash>> FetchMembers(
    const Connection& connection, const Version& version,
    const std::function<void(uint64_t entries)>& progress) {
  const std::string& origin = version.manifest.origin;
  const IndexEntry& index = version.index;
  absl::StatusOr<std::vector<Change>> changes =
      FetchChanges(connection, origin, index.m, progress);
  if (!changes.ok()) return changes.status();
  std::vector<Hash> members;
  for (const Change& member : MembersOf(*std::move(changes))) {
    members.push_back(member.value);
  }
  if (members.size() != index.n || SetRootOfValues(members) != index.set_root) {
    return Refused(
        origin, absl::StrFormat("the %d entries that its server sent have %d members "
                                "and are not the set that the log committed to at "
                                "m = %d, with %d: `setlog audit %s` tells whose "
                                "fault that is",
                                index.m, members.size(), index.m, index.n, origin));
  }
  return members;
}

}  // namespace setlog
