// `setlog check`: judges raw proofs, one JSON object a line, without a network.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/input_file.h"
#include "client/line_reader.h"
#include "tools/commands.h"
#include "tools/judge.h"

namespace setlog {
namespace {

// The largest line: a batch proof of 4,096 queries is below 80 MiB of hex.
constexpr size_t kMaxLineBytes = size_t{256} << 20;

struct CheckFlags {
  std::string kind;
  std::string file;
};

struct Kind {
  const char* name;
  ProofKind kind;
};
constexpr Kind kKinds[] = {
    {"inclusion", ProofKind::kInclusion}, {"consistency", ProofKind::kConsistency},
    {"lookup", ProofKind::kLookup},       {"batch", ProofKind::kBatch},
    {"extension", ProofKind::kExtension}, {"note", ProofKind::kNote}};

void Print(Output& out, uint64_t line, const Judgement& judgement) {
  Json json{{"ok", judgement.ok()}, {"verdict", judgement.verdict}};
  std::string rest = absl::StrFormat(": line %d", line);
  if (!judgement.ok()) {
    json["error"] = judgement.error;
    rest += ": " + judgement.error;
  }
  if (judgement.present) {
    json["present"] = *judgement.present;
    uint64_t present = 0;
    for (bool is_present : *judgement.present) present += is_present;
    absl::StrAppendFormat(&rest, ": %d present, %d absent", present,
                          judgement.present->size() - present);
  }
  out.Verdict(json, judgement.verdict, rest);
}

ExitCode CheckFile(ProofKind kind, const std::string& file, Output& out) {
  absl::StatusOr<InputFile> input = InputFile::Open(file, Decompress::kByContent);
  if (!input.ok()) return out.Fail(input.status());
  LineReader lines(*std::move(input), kMaxLineBytes);
  for (uint64_t number = 1;; ++number) {
    absl::StatusOr<std::optional<Line>> line = lines.Next();
    if (!line.ok()) return out.Fail(line.status());
    if (!*line) return ExitCode::kHolds;
    Print(out, number,
          (*line)->too_long
              ? Judgement{"INVALID", absl::StrFormat("a line of more than %d bytes",
                                                     kMaxLineBytes)}
              : Judge(kind, (*line)->text));
  }
}

ExitCode Check(const CheckFlags& flags, Session& session) {
  for (const Kind& kind : kKinds) {
    if (flags.kind == kind.name) {
      return CheckFile(kind.kind, flags.file, session.out);
    }
  }
  session.out.Error(
      absl::StrFormat("check: there is no kind of proof called \"%s\"; there are "
                      "inclusion, consistency, lookup, batch, extension and note",
                      flags.kind));
  return ExitCode::kUsage;
}

}  // namespace

Runner DeclareCheck(CLI::App& app) {
  auto flags = std::make_unique<CheckFlags>();
  app.add_option("KIND", flags->kind,
                 "inclusion, consistency, lookup, batch, extension or note")
      ->required()
      ->type_name("");
  app.add_option("FILE", flags->file, "one JSON object a line; - is standard input")
      ->required()
      ->type_name("");
  app.footer(
      "  setlog consistency example.org/pets 10 20 --json | \\\n"
      "    setlog check consistency - --json\n"
      "  {\"ok\":true,\"verdict\":\"VALID\"}\n\n"
      "Fields: inclusion leaf_hash, index, size, root, path[]; consistency size1,\n"
      "size2, root1, root2, path[]; lookup root, record, proof{count, terminal,\n"
      "branch_bits[], siblings[]}; batch root, count, queries[], proof; extension m,\n"
      "n, root, m2, n2, root2, entries[], proof; note vkey, note. Integers in plain "
      "decimal, hex in lower case. Each line is judged: "
      "PRESENT,\n"
      "ABSENT, VALID or INVALID. The exit code is 0 when all of them were.");
  return
      [flags = std::move(flags)](Session& session) { return Check(*flags, session); };
}

}  // namespace setlog
