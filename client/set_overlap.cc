#include "client/set_overlap.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "client/batch_presence.h"
#include "client/log_client.h"
#include "client/set_members.h"
#include "log/set_tree.h"

namespace setlog {
namespace {

struct Keyed {
  Hash key;
  Hash value;
};

std::vector<Hash> ByKey(std::vector<Hash> values) {
  const std::vector<Hash> keys = SetKeys(values);
  std::vector<Keyed> keyed;
  keyed.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) keyed.push_back({keys[i], values[i]});
  std::ranges::sort(keyed, {}, &Keyed::key);
  std::ranges::transform(keyed, values.begin(), &Keyed::value);
  return values;
}

absl::StatusOr<std::vector<Hash>> LookUp(const Connection& connection,
                                         const Version& version,
                                         std::vector<Hash> values,
                                         const OverlapProgress& progress) {
  values = ByKey(std::move(values));
  std::vector<Hash> found;
  for (size_t begin = 0; begin < values.size(); begin += LogClient::kBatchRecords) {
    progress("looking up", begin, values.size());
    const std::span<const Hash> piece = std::span(values).subspan(
        begin, std::min(LogClient::kBatchRecords, values.size() - begin));
    const absl::StatusOr<BatchPresence> batch = LookUpBatch(connection, version, piece);
    if (!batch.ok()) return batch.status();
    for (size_t i = 0; i < piece.size(); ++i) {
      if (batch->present[i]) found.push_back(piece[i]);
    }
  }
  std::ranges::sort(found);
  return found;
}

absl::StatusOr<std::vector<Hash>> Intersect(const Connection& connection,
                                            const Version& version,
                                            std::vector<Hash> values,
                                            const OverlapProgress& progress) {
  absl::StatusOr<std::vector<Hash>> members =
      FetchMembers(connection, version, [&](uint64_t fetched) {
        progress("fetching members", fetched, version.index.m);
      });
  if (!members.ok()) return members.status();
  std::ranges::sort(*members);
  std::ranges::sort(values);
  std::vector<Hash> common;
  std::ranges::set_intersection(*members, values, std::back_inserter(common));
  return common;
}

}  // namespace

absl::StatusOr<std::vector<Hash>> MembersAmong(const Connection& connection,
                                               const Version& version,
                                               std::vector<Hash> values,
                                               const OverlapProgress& progress) {
  if (values.empty()) return values;
  // An entry costs about as much to fetch as a value to look up.
  return version.index.m < values.size()
             ? Intersect(connection, version, std::move(values), progress)
             : LookUp(connection, version, std::move(values), progress);
}

}  // namespace setlog
