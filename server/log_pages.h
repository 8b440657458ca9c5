// server/log_pages.h -- what HTTP's paths show of a log: checkpoint, tiles, lookups.
//
//   LogPages pages(&access, &logs, &answers, &reader);
//   HttpAnswer answer = pages.Answer({.path = "/example.org/pets/checkpoint"});
//
//   /ORIGIN/checkpoint                          the signed note: cosigned, where a
//                                               quorum is asked for
//   /ORIGIN/checkpoint/newest                   the newest one
//   /ORIGIN/tile/LEVEL/NUMBER[.p/WIDTH]         hashes
//   /ORIGIN/tile/entries/NUMBER[.p/WIDTH]       u16 length | entry, up to 256 of them
//   /ORIGIN/lookup/RECORD[?at=TAG|SIZE]         a proof file, as `setlog in --out`
//
// Everything that the newest head covers, and nothing beyond it: partial tiles of every
// width that a head ever had, also of tiles that are full by now. Tiles never change
// and may be kept for ever, the others for seconds, errors not at all. Logs with
// private reads are there for whoever shows `Authorization: Bearer TOKEN`, and kept by
// nobody else. No sockets here. Source: C2SP tlog-tiles; docs/format.md, "Over HTTP".
// Thread-safe.
#ifndef SETLOG_SERVER_LOG_PAGES_H_
#define SETLOG_SERVER_LOG_PAGES_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "http/http_server.h"
#include "log/log_path.h"
#include "server/access.h"
#include "server/answers.h"
#include "server/log_directory.h"
#include "server/tree_reader.h"
#include "setlog/v1/reader.pb.h"

namespace setlog {

class LogPages {
 public:
  // All must outlive it, and its late replies.
  LogPages(const Access* access, const LogDirectory* logs, const Answers* answers,
           const TreeReader* reader)
      : access_(access), logs_(logs), answers_(answers), reader_(reader) {}

  // The answer to GET. Lookups in versions that have to be brought back come late.
  HttpAnswer Answer(const HttpRequest& request) const;

 private:
  absl::StatusOr<std::string> Tile(const HostedLog& log, const TilePath& path) const;
  HttpAnswer Lookup(const HostedLog& log, const Hash& record,
                    const HttpRequest& request) const;
  // The whole proof file, for the version that `head` names.
  absl::StatusOr<std::string> ProofFile(const v1::Head& head,
                                        const v1::LookupRequest& lookup) const;

  const Access* const access_;
  const LogDirectory* const logs_;
  const Answers* const answers_;
  const TreeReader* const reader_;
};

// The head that a lookup's query asks for: "", "at=TAG" or "at=SIZE", with %XX for any
// byte. InvalidArgument for anything else, so that a misspelt question has no answer.
absl::StatusOr<v1::GetHeadRequest> ParseLookupQuery(std::string_view query);

}  // namespace setlog

#endif  // SETLOG_SERVER_LOG_PAGES_H_
