// model/pem_blocks.h -- the blocks of a PEM text.
//
//   absl::StatusOr<std::vector<PemBlock>> blocks = ReadPemBlocks(text);
//   (*blocks)[0].label;  // "CERTIFICATE"
//
// Text between blocks is passed over, as every reader of PEM does.
#ifndef SETLOG_MODEL_PEM_BLOCKS_H_
#define SETLOG_MODEL_PEM_BLOCKS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace setlog {

struct PemBlock {
  std::string label;
  std::string der;
};

// InvalidArgument if a block is damaged or there is none.
absl::StatusOr<std::vector<PemBlock>> ReadPemBlocks(std::string_view text);

}  // namespace setlog

#endif  // SETLOG_MODEL_PEM_BLOCKS_H_
