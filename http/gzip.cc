#include "http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "absl/strings/ascii.h"

namespace setlog {
namespace {

constexpr int kFast = 1;
constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, gzip's frame
constexpr int kMemoryLevel = 8;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view CutAt(std::string_view* text, char separator) {
  const size_t end = std::min(text->find(separator), text->size());
  const std::string_view cut = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return Trimmed(cut);
}

bool Is(std::string_view text, const char* name) {
  return absl::AsciiStrToLower(std::string(text)) == name;
}

// Of "q=0.5" and the like, whether it is above 0; nothing if it is no weight.
std::optional<bool> AboveZero(std::string_view weight) {
  if (weight.size() < 3 || (weight[0] != 'q' && weight[0] != 'Q') || weight[1] != '=') {
    return std::nullopt;
  }
  bool above = false;
  for (const char c : weight.substr(2)) {
    if (c != '.' && !absl::ascii_isdigit(c)) return std::nullopt;
    if (c >= '1' && c <= '9') above = true;
  }
  return above;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<bool> gzip;
  std::optional<bool> any;
  while (!accept_encoding.empty()) {
    std::string_view item = CutAt(&accept_encoding, ',');
    const std::string_view coding = CutAt(&item, ';');
    const std::optional<bool> accepted =
        item.empty() ? std::optional(true) : AboveZero(Trimmed(item));
    if (!accepted) return false;
    if (Is(coding, "gzip") || Is(coding, "x-gzip")) gzip = *accepted;
    if (coding == "*") any = *accepted;
  }
  return gzip.value_or(any.value_or(false));
}

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kFast, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    std::abort();  // out of memory
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace setlog
