// model/file_kind.h -- what stands where a file of a model should, in words.
//
//   FileKindName(S_IFIFO);            // "a FIFO"
//   OddByError("w.bin", EACCES);      // {"w.bin", kUnreadable, "Permission denied"}
//
// Pure.
#ifndef SETLOG_MODEL_FILE_KIND_H_
#define SETLOG_MODEL_FILE_KIND_H_

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "model/model_tree.h"

namespace setlog {

std::string FileKindName(mode_t mode);

// Of a file that could not be opened or read, by what errno said.
OddFile OddByError(std::string name, int error);

inline int64_t MtimeNs(const struct stat& found) {
  return int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec;
}

}  // namespace setlog

#endif  // SETLOG_MODEL_FILE_KIND_H_
