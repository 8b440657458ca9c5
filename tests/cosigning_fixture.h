// The clock of server/cosigning.h is a number here, and its witnesses are keys.
#ifndef SETLOG_TESTS_COSIGNING_FIXTURE_H_
#define SETLOG_TESTS_COSIGNING_FIXTURE_H_

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "golden_notes.h"
#include "log/checkpoint.h"
#include "log/cosignature.h"
#include "log/sha256.h"
#include "log/witness_request.h"
#include "server/cosigning.h"
#include "testing.h"

namespace setlog {
using Outcome = HttpResponse::Outcome;

inline constexpr int64_t kSecond = 1'000'000;
inline constexpr int64_t kStart = int64_t{1'700'000'000} * kSecond;
inline constexpr LogNumber kLog = 1;

inline SigningKey WitnessKeyOf(size_t i) {
  return KeyOfByte(absl::StrFormat("w.test/%d", i), static_cast<uint8_t>(0x40 + i));
}

// Witnesses w0, w1, ...; `rest` follows them.
inline Policy PolicyOf(size_t witnesses, const std::string& rest) {
  std::string text;
  for (size_t i = 0; i < witnesses; ++i) {
    text += absl::StrFormat(
        "witness w%d %s https://w%d.test\n", i,
        FormatVkey(WitnessKeyOf(i).Verifier(SignatureType::kCosignature)), i);
  }
  return ParsePolicy(text + rest + "\n").value();
}

inline StoredHead HeadOf(uint64_t size) {
  return {size, Sha256(AsBytes(std::to_string(size)))};
}

inline std::string NoteOf(const StoredHead& head) {
  return SignCheckpoint({kLogName, head.size, head.root, {}}, LogKey()).value();
}

class CosigningTest : public ::testing::Test {
 protected:
  void Begin(size_t witnesses, const std::string& rest,
             Cosigning::Options options = {}) {
    cosigning_.emplace(PolicyOf(witnesses, rest), options);
    cosigning_->AddLog(kLog);
  }
  void Grow(uint64_t size) {
    cosigning_->NewHead(kLog, HeadOf(size), NoteOf(HeadOf(size)), now_);
  }
  std::vector<WitnessRequest> Take() { return cosigning_->Take(now_); }
  // The one request that there is to be.
  WitnessRequest One() {
    const std::vector<WitnessRequest> requests = Take();
    EXPECT_EQ(requests.size(), 1u);
    return requests.empty() ? WitnessRequest{} : requests[0];
  }
  std::string Line(const WitnessRequest& request, size_t key) {
    const std::string text = ParseNote(request.note)->text;
    return FormatSignatureLine(
        SignCosignature(text, WitnessKeyOf(key), NowS() + skew_s_).value());
  }
  WitnessEffect Cosign(const WitnessRequest& request) {
    return Answer(request, 200, Line(request, request.witness));
  }
  WitnessEffect Answer(const WitnessRequest& request, long status, std::string body,
                       std::string type = "text/plain") {
    return cosigning_->Answered(
        request,
        {.status = status, .content_type = std::move(type), .body = std::move(body)},
        now_, NowS());
  }
  WitnessEffect Conflict(const WitnessRequest& request, uint64_t size) {
    return Answer(request, 409, FormatTreeSize(size), std::string(kTreeSizeType));
  }
  WitnessEffect Fail(const WitnessRequest& request, Outcome outcome) {
    return cosigning_->Answered(request, {.outcome = outcome}, now_, NowS());
  }
  // Goes on to when something is due, and says how long that took.
  int64_t Skip() {
    const int64_t next = cosigning_->NextTime();
    if (next == Cosigning::kNever) return Cosigning::kNever;
    const int64_t waited = std::max<int64_t>(next - now_, 0);
    now_ += waited;
    return waited;
  }
  uint64_t QuorumSize() {
    return cosigning_->quorum(kLog) ? cosigning_->quorum(kLog)->head.size : 0;
  }

  uint64_t NowS() const { return static_cast<uint64_t>(now_ / kSecond); }

  std::optional<Cosigning> cosigning_;
  int64_t now_ = kStart;
  int64_t skew_s_ = 0;  // of the witnesses' clocks
};

}  // namespace setlog

#endif  // SETLOG_TESTS_COSIGNING_FIXTURE_H_
