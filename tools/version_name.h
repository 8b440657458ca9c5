// tools/version_name.h -- how the command line names a version of a log's set.
//
//   absl::StatusOr<At> at = ParseVersion("v1");             // of a log named elsewhere
//   absl::StatusOr<VersionName> name = ParseVersionName("example.org/pets@v1");
//
//   ORIGIN@TAG   the version of that name
//   ORIGIN       the newest one
// A tag is never digits only, and no origin has an '@'. A size is no name: the newest
// version in the first 9 entries is not "the set at size 9", which is indexed by the
// tenth. Pure functions; thread-safe.
#ifndef SETLOG_TOOLS_VERSION_NAME_H_
#define SETLOG_TOOLS_VERSION_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/head_follower.h"
#include "tools/output.h"

namespace setlog {

struct VersionName {
  std::string origin;
  At at;
};

// A tag, a size from 1 on, or "@head", the newest version. InvalidArgument.
absl::StatusOr<At> ParseVersion(const std::string& text);
// InvalidArgument, naming the text.
absl::StatusOr<VersionName> ParseVersionName(const std::string& text);

// As it is parsed.
std::string TextOf(const VersionName& name);
// A tag, a size or null.
Json JsonOf(const At& at);

}  // namespace setlog

#endif  // SETLOG_TOOLS_VERSION_NAME_H_
