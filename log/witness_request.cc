#include "log/witness_request.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "log/base64.h"
#include "log/checkpoint.h"
#include "log/cosignature.h"
#include "log/decimal.h"

namespace setlog {
namespace {

constexpr std::string_view kOld = "old ";

absl::Status Invalid(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("add-checkpoint: %s", why));
}

// Takes the first line off `rest`, without its LF; nothing if there is no LF.
std::optional<std::string_view> TakeLine(std::string_view& rest) {
  const size_t end = rest.find('\n');
  if (end == rest.npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

absl::Status CheckIsCheckpoint(std::string_view note) {
  const absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  return ParseCheckpoint(parsed->text).status();
}

}  // namespace

absl::StatusOr<AddCheckpoint> ParseAddCheckpoint(std::string_view body) {
  AddCheckpoint request;
  std::optional<std::string_view> line = TakeLine(body);
  if (!line || !line->starts_with(kOld)) {
    return Invalid("the first line is not \"old\" and a size");
  }
  const std::optional<uint64_t> old_size = ParseDecimal(line->substr(kOld.size()));
  if (!old_size) return Invalid("the old size is no decimal number below 2^64");
  request.old_size = *old_size;
  while ((line = TakeLine(body)) && !line->empty()) {
    if (request.proof.size() == kMaxWitnessProof) {
      return Invalid("a consistency proof has at most 63 hashes");
    }
    const std::optional<Hash> hash = HashFromBase64(*line);
    if (!hash) return Invalid("a proof line is not the padded base64 of 32 bytes");
    request.proof.push_back(*hash);
  }
  if (!line) return Invalid("there is no blank line before the checkpoint");
  if (absl::Status status = CheckIsCheckpoint(body); !status.ok()) return status;
  request.note = std::string(body);
  return request;
}

absl::StatusOr<std::string> FormatAddCheckpoint(const AddCheckpoint& request) {
  if (request.proof.size() > kMaxWitnessProof) {
    return Invalid("a consistency proof has at most 63 hashes");
  }
  if (absl::Status status = CheckIsCheckpoint(request.note); !status.ok()) {
    return status;
  }
  std::string body = absl::StrFormat("%s%d\n", kOld, request.old_size);
  for (const Hash& hash : request.proof) body += ToBase64(hash) + "\n";
  body += "\n";
  body += request.note;
  return body;
}

std::string FormatTreeSize(uint64_t size) { return absl::StrFormat("%d\n", size); }

std::optional<uint64_t> ParseTreeSize(std::string_view content_type,
                                      std::string_view body) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  // Media types do not depend on case.
  std::ranges::transform(type, type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (type != kTreeSizeType) return std::nullopt;
  if (body.ends_with('\n')) body.remove_suffix(1);
  return ParseDecimal(body);
}

absl::StatusOr<WitnessCosignature> ReadCosignature(std::string_view text,
                                                   std::string_view reply,
                                                   const VerifierKey& witness) {
  absl::StatusOr<std::vector<NoteSignature>> lines = ParseSignatureLines(reply);
  if (!lines.ok()) return lines.status();
  const Note note{std::string(text), *std::move(lines)};
  const absl::StatusOr<uint64_t> time_s = VerifyCosignature(note, witness);
  if (!time_s.ok()) return time_s.status();
  return WitnessCosignature{*FindSignature(note, witness), *time_s};
}

}  // namespace setlog
