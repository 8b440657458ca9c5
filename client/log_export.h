// client/log_export.h -- a log as static files, as docs/format.md, "Over HTTP", has
// them.
//
//   absl::StatusOr<ExportDirectory> out = ExportDirectory::Open("/srv/www/pets");
//   absl::StatusOr<Exported> done = ExportLog(tree, head.proof.checkpoint, key, *out,
//                                             [](uint64_t entries) { ... });
//
// The files of the head: every full tile and bundle, the partial ones of this size, and
// its note, last. What is there already is gone on from: its own note says how far it
// is, and its partial tiles must lead to the root of that. Nothing is written that was
// not verified under the head before. Partial files stay while their tile is not full,
// and then until the export after the next one, for readers of the head before.
#ifndef SETLOG_CLIENT_LOG_EXPORT_H_
#define SETLOG_CLIENT_LOG_EXPORT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "client/export_directory.h"
#include "client/tree_client.h"
#include "log/vkey.h"

namespace setlog {

struct Exported {
  uint64_t from = 0;  // the size that was there before
  uint64_t size = 0;
};

// `note` is that of tree.head(), signed with `key`. InvalidArgument if the directory
// holds another log. DataLoss if its files are damaged or not of this log's history, or
// ahead of the head; and for what the server sends that does not verify. `progress`
// gets the number of entries that are in files. Memory: one window of
// TreeClient::Entries.
absl::StatusOr<Exported> ExportLog(
    const TreeClient& tree, const std::string& note, const VerifierKey& key,
    ExportDirectory& out, const std::function<void(uint64_t entries)>& progress);

}  // namespace setlog

#endif  // SETLOG_CLIENT_LOG_EXPORT_H_
