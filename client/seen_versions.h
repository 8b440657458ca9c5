// client/seen_versions.h -- the answers that a later one must not contradict.
//
//   SeenVersions seen(&state, origin);
//   for (const VersionProof& before : *seen.Load(tag)) ...   // compare with the new
//   one absl::Status kept = seen.Keep(proof, tag, key);
//
//   SETLOG_HOME/seen/<hex>-<hex>.json    SHA-256 of the origin, and of "" or the tag
//
// A head alone forgets what stood under it. What is kept is the least that makes a
// changed answer evidence without the server's help: of each log the version with the
// newest index entry, and of each tag that was asked for its first answer, as a
// setlog.v1.Head with its paths, in protobuf JSON: 2 KiB each. Thread-safe; of two
// processes that keep a version at once one wins, and both are true.
#ifndef SETLOG_CLIENT_SEEN_VERSIONS_H_
#define SETLOG_CLIENT_SEEN_VERSIONS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/state.h"
#include "log/verify.h"

namespace setlog {

class SeenVersions {
 public:
  // `state` must outlive it.
  SeenVersions(const StateDirectory* state, std::string origin)
      : state_(state), origin_(std::move(origin)) {}

  // The newest version and that of the tag, as far as they were seen. DataLoss, naming
  // the file, if one is damaged. At most two small files.
  absl::StatusOr<std::vector<VersionProof>> Load(
      const std::optional<std::string>& tag) const;

  // Keeps a verified version: as the newest if its index entry stands behind that of
  // the one which is kept, and as that of its tag if none is kept yet.
  // Of the head's signatures only that of `key`, the log's, is kept. DataLoss if it is
  // larger than a file that Load reads.
  absl::Status Keep(VersionProof version, const std::optional<std::string>& tag,
                    const VerifierKey& key) const;

 private:
  absl::StatusOr<std::optional<VersionProof>> Read(std::string_view name) const;
  absl::Status Write(std::string_view name, const VersionProof& version) const;

  const StateDirectory* state_;
  const std::string origin_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_SEEN_VERSIONS_H_
