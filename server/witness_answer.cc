#include "server/witness_answer.h"

#include "absl/strings/str_format.h"
#include "log/note.h"
#include "log/show_bytes.h"

namespace setlog {
namespace {

constexpr size_t kMaxDetail = 200;

WitnessFailure OfStatus(long status) {
  switch (status) {
    case 429:
    case 502:
    case 503:
    case 504:
      return WitnessFailure::kBusy;
    default:
      return status >= 500 ? WitnessFailure::kServerError : WitnessFailure::kRefused;
  }
}

WitnessFailure OfCosignature(const absl::Status& status) {
  if (absl::IsNotFound(status)) return WitnessFailure::kNoCosignature;
  return absl::IsDataLoss(status) ? WitnessFailure::kWrongSignature
                                  : WitnessFailure::kMalformed;
}

std::optional<WitnessFailure> OfOutcome(HttpResponse::Outcome outcome) {
  switch (outcome) {
    case HttpResponse::Outcome::kUnreachable:
      return WitnessFailure::kUnreachable;
    case HttpResponse::Outcome::kTimedOut:
      return WitnessFailure::kTimedOut;
    case HttpResponse::Outcome::kTooLong:
      return WitnessFailure::kMalformed;
    case HttpResponse::Outcome::kNotSent:
      return WitnessFailure::kRefused;
    case HttpResponse::Outcome::kAnswered:
      break;
  }
  return std::nullopt;
}

}  // namespace

const char* NameOf(WitnessFailure failure) {
  switch (failure) {
    case WitnessFailure::kUnreachable:
      return "unreachable";
    case WitnessFailure::kTimedOut:
      return "timeout";
    case WitnessFailure::kBusy:
      return "busy";
    case WitnessFailure::kServerError:
      return "server_error";
    case WitnessFailure::kRefused:
      return "refused";
    case WitnessFailure::kConflict:
      return "conflict";
    case WitnessFailure::kAhead:
      return "ahead";
    case WitnessFailure::kMalformed:
      return "malformed";
    case WitnessFailure::kWrongSignature:
      return "wrong_signature";
    case WitnessFailure::kNoCosignature:
      return "no_cosignature";
    case WitnessFailure::kStale:
      return "stale";
    case WitnessFailure::kClock:
      return "clock";
  }
  return "unknown";
}

bool IsOfWitness(WitnessFailure failure) {
  return failure == WitnessFailure::kUnreachable ||
         failure == WitnessFailure::kTimedOut || failure == WitnessFailure::kBusy;
}

WitnessAnswer ReadWitnessAnswer(std::string_view note, const VerifierKey& witness,
                                const HttpResponse& answer) {
  WitnessAnswer result{.failure = OfOutcome(answer.outcome),
                       .detail = ShowForeign(answer.error)};
  if (result.failure) return result;
  if (answer.status == 409) {
    result.conflict = {ParseTreeSize(answer.content_type, answer.body)};
    return result;
  }
  if (answer.status != 200) {
    result.failure = OfStatus(answer.status);
    result.detail = absl::StrFormat("HTTP %d: %s", answer.status,
                                    ShowBytes(answer.body, kMaxDetail, true));
    return result;
  }
  const std::string text = ParseNote(note).value().text;
  absl::StatusOr<WitnessCosignature> cosignature =
      ReadCosignature(text, answer.body, witness);
  if (!cosignature.ok()) {
    result.failure = OfCosignature(cosignature.status());
    result.detail = ShowForeign(std::string(cosignature.status().message()));
    return result;
  }
  result.cosignature = *std::move(cosignature);
  return result;
}

}  // namespace setlog
