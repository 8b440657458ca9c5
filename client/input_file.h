// client/input_file.h -- the bytes of one input, decompressed if need be, in chunks.
//
//   absl::StatusOr<InputFile> file = InputFile::Open("c4.jsonl.zst", kByContent);
//   while (true) {
//     absl::StatusOr<std::string_view> chunk = file->Read();
//     if (!chunk.ok() || chunk->empty()) break;  // an error, or the end
//   }
//
// "-" is standard input. gzip (RFC 1952) and zstd (RFC 8878), any number of members or
// frames; truncated or corrupt ones, and bytes behind the last one, are errors, so what
// was read is never silently a part. Memory: two buffers and the decoder's window
// (zstd: at most 128 MiB). Thread-compatible.
#ifndef SETLOG_CLIENT_INPUT_FILE_H_
#define SETLOG_CLIENT_INPUT_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace setlog {

enum class Decompress {
  kNever,   // the bytes as they are
  kByName,  // names that end in .gz or .zst
  // The same, and whatever begins as gzip or zstd data: no UTF-8 text can. So the same
  // data gives the same records through a pipe or under another name.
  kByContent,
};

class InputFile {
 public:
  // NotFound, PermissionDenied, InvalidArgument (a directory), Unavailable; the message
  // begins with the name.
  static absl::StatusOr<InputFile> Open(const std::string& name, Decompress decompress);

  InputFile(InputFile&&) noexcept;
  InputFile& operator=(InputFile&&) noexcept;
  ~InputFile();

  // The next bytes, valid until the next call; empty at the end, and only there.
  // InvalidArgument: truncated or corrupt compressed data; Unavailable: a read failed.
  // After an error the same error.
  absl::StatusOr<std::string_view> Read();

 private:
  struct State;
  explicit InputFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What errno means for an input, after "name: ".
absl::Status InputError(const std::string& name, int error_number);

}  // namespace setlog

#endif  // SETLOG_CLIENT_INPUT_FILE_H_
