#include "tools/known_conviction.h"

#include "absl/strings/str_format.h"
#include "tools/verdict.h"

namespace setlog {
namespace {

std::optional<KnownLog> Convicted(const StateDirectory& state,
                                  const std::string& origin) {
  // What is wrong with the state says whoever needs it.
  const absl::StatusOr<std::optional<KnownLog>> known = state.Load(origin);
  if (!known.ok() || !*known || !(*known)->convicted) return std::nullopt;
  return **known;
}

std::string Where(const std::string& evidence) {
  return evidence.empty() ? "whose evidence could not be saved" : evidence;
}

}  // namespace

bool WarnIfConvicted(const StateDirectory& state, const std::string& origin,
                     Output& out) {
  const std::optional<KnownLog> log = Convicted(state, origin);
  if (!log) return false;
  const std::string evidence = state.EvidenceOf(*log);
  out.AddToResults("convicted", evidence);
  out.Error(absl::StrFormat(
      "MISBEHAVIOUR of %s was proven here before (%s): do not trust its newer answers. "
      "`setlog trust remove %s` forgets the log, and this",
      origin, Where(evidence), origin));
  return true;
}

std::optional<ExitCode> AlreadyConvicted(const StateDirectory& state,
                                         const std::string& origin, Output& out) {
  const std::optional<KnownLog> log = Convicted(state, origin);
  if (!log) return std::nullopt;
  const std::string evidence = state.EvidenceOf(*log);
  const std::string words = absl::StrFormat(
      "misbehaviour of %s was proven here before (%s)", origin, Where(evidence));
  Json json{{"verdict", kMisbehaviour}, {"origin", origin}};
  for (const char* unknown : {"size", "index_size"}) json[unknown] = nullptr;
  json["checked"] = 0;
  json["pinned"] = log->pinned;
  json["evidence"] = evidence.empty() ? Json::array() : Json::array({evidence});
  json["error"] = words;
  out.Verdict(
      json, kMisbehaviour,
      absl::StrFormat(" of %s, proven here before: nothing more was asked", origin));
  out.Detail(absl::StrFormat(
      "  evidence  %s\n"
      "  Anybody can check it: setlog verify FILE --key %s\n"
      "  No later answer takes it back. `setlog trust remove %s` forgets the log.",
      Where(evidence), FormatVkey(log->key), origin));
  return ExitCode::kMisbehaviour;
}

}  // namespace setlog
