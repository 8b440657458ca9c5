#include "tools/judge.h"

#include <utility>

#include "log/cosignature.h"
#include "log/extension.h"
#include "log/note.h"
#include "log/proof.h"
#include "log/set_proof.h"
#include "log/vkey.h"
#include "tools/strict_json.h"

namespace setlog {
namespace {

using Result = absl::StatusOr<Judgement>;

constexpr char kValid[] = "VALID";

Result JudgeInclusion(const StrictJson& line) {
  const auto leaf = line.Digest("leaf_hash");
  if (!leaf.ok()) return leaf.status();
  const auto index = line.Uint("index");
  if (!index.ok()) return index.status();
  const auto size = line.Uint("size");
  if (!size.ok()) return size.status();
  const auto root = line.Digest("root");
  if (!root.ok()) return root.status();
  const auto path = line.Hashes("path");
  if (!path.ok()) return path.status();
  const absl::Status status = VerifyInclusion(*index, *size, *leaf, *path, *root);
  if (!status.ok()) return status;
  return Judgement{kValid};
}

Result JudgeConsistency(const StrictJson& line) {
  const auto size1 = line.Uint("size1");
  if (!size1.ok()) return size1.status();
  const auto size2 = line.Uint("size2");
  if (!size2.ok()) return size2.status();
  const auto root1 = line.Digest("root1");
  if (!root1.ok()) return root1.status();
  const auto root2 = line.Digest("root2");
  if (!root2.ok()) return root2.status();
  const auto path = line.Hashes("path");
  if (!path.ok()) return path.status();
  const absl::Status status = VerifyConsistency(*size1, *size2, *root1, *root2, *path);
  if (!status.ok()) return status;
  return Judgement{kValid};
}

// A hash, or "" for none.
absl::StatusOr<std::optional<Hash>> Terminal(const StrictJson& proof) {
  const auto text = proof.Text("terminal");
  if (!text.ok()) return text.status();
  if (text->empty()) return std::nullopt;
  const auto hash = proof.Digest("terminal");
  if (!hash.ok()) return hash.status();
  return *hash;
}

absl::StatusOr<LookupProof> ReadLookupProof(const StrictJson& line) {
  const auto fields = line.Object("proof");
  if (!fields.ok()) return fields.status();
  const auto count = fields->Uint("count");
  if (!count.ok()) return count.status();
  const auto terminal = Terminal(*fields);
  if (!terminal.ok()) return terminal.status();
  auto bits = fields->SmallUints("branch_bits");
  if (!bits.ok()) return bits.status();
  auto siblings = fields->Hashes("siblings");
  if (!siblings.ok()) return siblings.status();
  return LookupProof{*count, *terminal, *std::move(bits), *std::move(siblings)};
}

Result JudgeLookup(const StrictJson& line) {
  const auto root = line.Digest("root");
  if (!root.ok()) return root.status();
  const auto record = line.Digest("record");
  if (!record.ok()) return record.status();
  const auto proof = ReadLookupProof(line);
  if (!proof.ok()) return proof.status();
  const auto present = VerifyLookup(*root, *record, *proof);
  if (!present.ok()) return present.status();
  return Judgement{*present ? "PRESENT" : "ABSENT"};
}

Result JudgeBatch(const StrictJson& line) {
  const auto root = line.Digest("root");
  if (!root.ok()) return root.status();
  const auto count = line.Uint("count");
  if (!count.ok()) return count.status();
  const auto queries = line.Hashes("queries");
  if (!queries.ok()) return queries.status();
  const auto proof = line.Hex("proof");
  if (!proof.ok()) return proof.status();
  auto present = VerifyBatch(*root, *count, *queries, AsBytes(*proof));
  if (!present.ok()) return present.status();
  return Judgement{kValid, "", *std::move(present)};
}

absl::StatusOr<IndexEntry> SetVersion(const StrictJson& line, const char* m,
                                      const char* n, const char* root) {
  const auto m_field = line.Uint(m);
  if (!m_field.ok()) return m_field.status();
  const auto n_field = line.Uint(n);
  if (!n_field.ok()) return n_field.status();
  const auto root_field = line.Digest(root);
  if (!root_field.ok()) return root_field.status();
  return IndexEntry{*m_field, *n_field, *root_field};
}

Result JudgeExtension(const StrictJson& line) {
  const auto before = SetVersion(line, "m", "n", "root");
  if (!before.ok()) return before.status();
  const auto after = SetVersion(line, "m2", "n2", "root2");
  if (!after.ok()) return after.status();
  const auto entries = line.HexStrings("entries");
  if (!entries.ok()) return entries.status();
  const auto proof = line.Hex("proof");
  if (!proof.ok()) return proof.status();
  std::vector<Bytes> views;
  views.reserve(entries->size());
  for (const std::string& entry : *entries) views.push_back(AsBytes(entry));
  const auto shown = VerifyExtension(*before, *after, views, AsBytes(*proof));
  if (!shown.ok()) return shown.status();
  // The other errors prove nothing; this one does, if both triples were signed.
  if (shown->contradiction) {
    return absl::DataLossError("the proof contradicts m2, n2, root2: " +
                               *shown->contradiction);
  }
  return Judgement{kValid};
}

Result JudgeNote(const StrictJson& line) {
  const auto vkey = line.Text("vkey");
  if (!vkey.ok()) return vkey.status();
  const auto text = line.Text("note");
  if (!text.ok()) return text.status();
  const auto key = ParseVkey(*vkey);
  if (!key.ok()) return key.status();
  const auto note = ParseNote(*text);
  if (!note.ok()) return note.status();
  const absl::Status status = key->type == SignatureType::kCosignature
                                  ? VerifyCosignature(*note, *key).status()
                                  : VerifyNote(*note, *key);
  if (!status.ok()) return status;
  return Judgement{kValid};
}

Result JudgeFields(ProofKind kind, const StrictJson& line) {
  switch (kind) {
    case ProofKind::kInclusion:
      return JudgeInclusion(line);
    case ProofKind::kConsistency:
      return JudgeConsistency(line);
    case ProofKind::kLookup:
      return JudgeLookup(line);
    case ProofKind::kBatch:
      return JudgeBatch(line);
    case ProofKind::kExtension:
      return JudgeExtension(line);
    case ProofKind::kNote:
      return JudgeNote(line);
  }
  return absl::InternalError("no such kind of proof");
}

}  // namespace

Judgement Judge(ProofKind kind, std::string_view line) {
  const auto fields = StrictJson::Parse(line);
  Result result = fields.ok() ? JudgeFields(kind, *fields) : fields.status();
  if (result.ok()) return *std::move(result);
  // ok() asks for the reason, so there must be one.
  std::string why(result.status().message());
  return Judgement{"INVALID", why.empty() ? result.status().ToString() : why};
}

}  // namespace setlog
