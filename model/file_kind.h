// model/file_kind.h -- what stands where a file of a model should, in words.
//
//   FileKindName(S_IFIFO);            // "a FIFO"
//   OddByError("w.bin", EACCES);      // {"w.bin", kUnreadable, "Permission denied"}
//   FileTimeNs(found.st_mtim);        // since 1970
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
// Whether it is so because too many other files are open.
bool NoDescriptorLeft(const OddFile& odd);

// Since 1970. A time that is out of range, before 1677 or after 2262, is its end.
int64_t FileTimeNs(const struct timespec& time);

}  // namespace setlog

#endif  // SETLOG_MODEL_FILE_KIND_H_
