#include "log/tlog_proof.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/checkpoint.h"
#include "log/decimal.h"
#include "log/note.h"

namespace setlog {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";

absl::Status Invalid(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("tlog-proof: %s", why));
}

// Reads `text` line by line; a line must end in LF to be one.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  // The next line without its LF, or nothing.
  std::optional<std::string_view> Next() {
    const size_t end = rest_.find('\n');
    if (end == rest_.npos) return std::nullopt;
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }
  std::string_view Rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace

absl::StatusOr<TlogProof> ParseTlogProof(std::string_view text) {
  if (text.size() > kMaxTlogProofBytes) return Invalid("longer than 2 MiB");
  LineReader reader(text);
  if (reader.Next() != kFirstLine) {
    return Invalid(absl::StrFormat("the first line is not %s", kFirstLine));
  }
  TlogProof proof;
  std::optional<std::string_view> line = reader.Next();
  if (line && line->starts_with(kExtra)) {
    std::optional<std::string> extra = BytesFromBase64(line->substr(kExtra.size()));
    if (!extra || extra->empty()) {
      return Invalid("what follows \"extra\" is not padded base64 of some bytes");
    }
    proof.extra = *std::move(extra);
    line = reader.Next();
  }
  if (!line || !line->starts_with(kIndex)) return Invalid("the index line is missing");
  const std::optional<uint64_t> index = ParseDecimal(line->substr(kIndex.size()));
  if (!index) return Invalid("the index is no decimal number below 2^64");
  proof.index = *index;
  while ((line = reader.Next()) && !line->empty()) {
    const std::optional<Hash> hash = HashFromBase64(*line);
    if (!hash) return Invalid("a path line is not the padded base64 of 32 bytes");
    if (proof.path.size() == kMaxTlogProofPath) return Invalid("the path is too long");
    proof.path.push_back(*hash);
  }
  if (!line) return Invalid("there is no blank line before the checkpoint");
  const absl::StatusOr<Note> note = ParseNote(reader.Rest());
  if (!note.ok()) return note.status();
  if (absl::Status status = ParseCheckpoint(note->text).status(); !status.ok()) {
    return status;
  }
  proof.checkpoint = std::string(reader.Rest());
  return proof;
}

absl::StatusOr<std::string> FormatTlogProof(const TlogProof& proof) {
  std::string text = absl::StrFormat("%s\n", kFirstLine);
  if (!proof.extra.empty()) {
    text += absl::StrFormat("%s%s\n", kExtra, ToBase64(AsBytes(proof.extra)));
  }
  text += absl::StrFormat("%s%d\n", kIndex, proof.index);
  for (const Hash& hash : proof.path) text += ToBase64(hash) + "\n";
  text += "\n";
  text += proof.checkpoint;
  if (absl::Status status = ParseTlogProof(text).status(); !status.ok()) return status;
  return text;
}

}  // namespace setlog
