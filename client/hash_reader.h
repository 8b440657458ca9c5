// client/hash_reader.h -- inputs that hold the record hashes themselves.
//
//   HashReader reader = *HashReader::Open("takedowns.txt", HashReader::Form::kHex);
//   while (true) {
//     absl::StatusOr<std::optional<Hash>> hash = reader.Next();  // nullopt: the end
//     if (!hash.ok() || !*hash) break;
//   }
//
//   kHex     64 hex digits a line, either case, LF or CRLF: what sha256sum's first
//            column holds
//   kPacked  32 bytes each, nothing between them
// A name in .gz or .zst is read through; "-" is standard input. Thread-compatible.
#ifndef SETLOG_CLIENT_HASH_READER_H_
#define SETLOG_CLIENT_HASH_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "client/input_file.h"
#include "client/line_reader.h"
#include "log/bytes.h"

namespace setlog {

class HashReader {
 public:
  enum class Form { kHex, kPacked };

  // The errors of InputFile::Open.
  static absl::StatusOr<HashReader> Open(const std::string& file, Form form);

  // The next hash; nullopt at the end. The errors of InputFile::Read; InvalidArgument
  // for a line that is no hash ("FILE:LINE: ...") or a length that is no multiple
  // of 32. After an error, do not go on.
  absl::StatusOr<std::optional<Hash>> Next();

  // The hashes given out so far.
  uint64_t count() const { return count_; }

 private:
  HashReader(std::string name, std::variant<LineReader, InputFile> input)
      : name_(std::move(name)), input_(std::move(input)) {}
  absl::StatusOr<std::optional<Hash>> NextLine(LineReader& lines);
  absl::StatusOr<std::optional<Hash>> NextPacked(InputFile& file);

  std::string name_;
  std::variant<LineReader, InputFile> input_;
  uint64_t count_ = 0;
  std::string_view chunk_;  // kPacked: read and not given out
  std::string partial_;     // kPacked: the beginning of a hash that spans chunks
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_HASH_READER_H_
