#include "client/batch_presence.h"

#include <utility>

#include "client/refused.h"
#include "log/set_proof.h"
#include "proto/forms.h"

namespace setlog {

absl::StatusOr<BatchPresence> LookUpBatch(const Connection& connection,
                                          const Version& version,
                                          std::span<const Hash> values) {
  const std::string& origin = version.checkpoint.origin;
  v1::BatchLookupRequest request;
  request.set_origin(origin);
  request.set_records(ConcatHashes(values));
  request.set_index_size(version.index.m);
  absl::StatusOr<v1::BatchLookupResponse> response =
      connection.Call(connection.reader(), &v1::Reader::Stub::BatchLookup, request);
  if (!response.ok()) return response.status();
  if (response->index_size() != version.index.m) {
    return Refused(origin, "the answer is for another version");
  }
  absl::StatusOr<std::vector<bool>> present =
      VerifyBatch(version.index.set_root, version.index.n,
                  {values.begin(), values.end()}, AsBytes(response->proof()));
  if (!present.ok()) return Refused(origin, present.status());
  return BatchPresence{*std::move(present), std::move(*response->mutable_proof())};
}

}  // namespace setlog
