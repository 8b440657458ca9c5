#include "client/hash_reader.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr size_t kMaxHexLineBytes = 4096;

}  // namespace

absl::StatusOr<HashReader> HashReader::Open(const std::string& file, Form form) {
  // Packed hashes may begin with any bytes, also with those of a compressed file.
  absl::StatusOr<InputFile> input = InputFile::Open(
      file, form == Form::kHex ? Decompress::kByContent : Decompress::kByName);
  if (!input.ok()) return input.status();
  const std::string name = file == "-" ? "standard input" : file;
  if (form == Form::kPacked) return HashReader(name, *std::move(input));
  return HashReader(name, LineReader(*std::move(input), kMaxHexLineBytes));
}

absl::StatusOr<std::optional<Hash>> HashReader::Next() {
  LineReader* lines = std::get_if<LineReader>(&input_);
  absl::StatusOr<std::optional<Hash>> hash =
      lines != nullptr ? NextLine(*lines) : NextPacked(std::get<InputFile>(input_));
  if (hash.ok() && *hash) ++count_;
  return hash;
}

absl::StatusOr<std::optional<Hash>> HashReader::NextLine(LineReader& lines) {
  absl::StatusOr<std::optional<Line>> line = lines.Next();
  if (!line.ok()) return line.status();
  if (!*line) return std::nullopt;
  std::string_view text = (*line)->text;
  if (text.ends_with('\r')) text.remove_suffix(1);
  const std::optional<Hash> hash =
      HashFromHex(absl::AsciiStrToLower(std::string(text)));
  if (!hash) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s:%d: not a hash of 64 hex digits", name_, count_ + 1));
  }
  return hash;
}

absl::StatusOr<std::optional<Hash>> HashReader::NextPacked(InputFile& file) {
  while (partial_.size() + chunk_.size() < Hash::kSize) {
    partial_.append(chunk_);
    absl::StatusOr<std::string_view> read = file.Read();
    if (!read.ok()) return read.status();
    chunk_ = *read;
    if (!chunk_.empty()) continue;
    if (partial_.empty()) return std::nullopt;
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: its length is no multiple of 32: %d bytes are left after %d hashes", name_,
        partial_.size(), count_));
  }
  const size_t missing = partial_.empty() ? 0 : Hash::kSize - partial_.size();
  if (missing == 0) {
    const Hash hash = HashFromBytes(AsBytes(chunk_));
    chunk_.remove_prefix(Hash::kSize);
    return hash;
  }
  partial_.append(chunk_.substr(0, missing));
  chunk_.remove_prefix(missing);
  const Hash hash = HashFromBytes(AsBytes(partial_));
  partial_.clear();
  return hash;
}

}  // namespace setlog
