// model/signed_file.h -- is this what was signed as a file's content?
//
//   absl::Status ok = CheckSignedFile(statement, "config.json", AsBytes(content));
//
// For who reads a file of a model and believes it: the very bytes that are believed are
// compared with the signed list, so it does not matter what is on the disk before or
// after. Pure.
#ifndef SETLOG_MODEL_SIGNED_FILE_H_
#define SETLOG_MODEL_SIGNED_FILE_H_

#include <string_view>

#include "absl/status/status.h"
#include "log/bytes.h"
#include "model/statement.h"

namespace setlog {

// Whether the statement lists the file, or a part of it. O(resources), as below.
bool ListsFile(const ModelStatement& statement, std::string_view name);

// NotFound if the statement does not list `name`; DataLoss if it lists it with another
// content; Unimplemented for a digest that no library here computes. `statement` must
// have been parsed: then the shards of a file are its parts, without gap or overlap.
absl::Status CheckSignedFile(const ModelStatement& statement, std::string_view name,
                             Bytes content);

}  // namespace setlog

#endif  // SETLOG_MODEL_SIGNED_FILE_H_
