// client/http_files.h -- a log's published files from a web server.
//
//   auto files = OpenHttpFiles("https://logs.example/pets", {});
//
// Requests overlap, on connections that are kept; gzip is taken, and what it unpacks to
// is bounded like everything else. Redirects are not followed and no token is sent: any
// web server will do, so none is trusted with one. See client/static_files.h.
#ifndef SETLOG_CLIENT_HTTP_FILES_H_
#define SETLOG_CLIENT_HTTP_FILES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/static_files.h"

namespace setlog {

// `url` is a log's prefix, without a slash at its end. InvalidArgument as
// OpenStaticFiles says.
absl::StatusOr<std::unique_ptr<StaticFiles>> OpenHttpFiles(
    std::string url, const StaticFilesOptions& options);

}  // namespace setlog

#endif  // SETLOG_CLIENT_HTTP_FILES_H_
