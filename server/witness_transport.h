// server/witness_transport.h -- HTTP POSTs to witnesses, many at a time on one thread.
//
//   absl::StatusOr<std::unique_ptr<WitnessTransport>> transport =
//       WitnessTransport::Make({.ca_file = ""});
//   (*transport)->Post(7, "https://w.example/add-checkpoint", body);
//   for (auto& [id, answer] : (*transport)->Wait(wait_for)) ...
//
// Whatever a server does, a call ends: after `timeout` as a whole, and when its answer
// gets longer than kMaxAnswer. Certificates are verified, redirects are not followed.
// libcurl's multi interface; the environment's proxy variables count as everywhere.
// Post, Wait and the destructor are for one thread; Wake is for any.
#ifndef SETLOG_SERVER_WITNESS_TRANSPORT_H_
#define SETLOG_SERVER_WITNESS_TRANSPORT_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/cosigning.h"

namespace setlog {

class WitnessTransport {
 public:
  // A cosignature takes 200 bytes, one of ML-DSA-44 3.3 kB.
  static constexpr size_t kMaxAnswer = 64 << 10;

  struct Options {
    std::string ca_file;  // PEM; empty: the system's authorities
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds timeout{10000};
  };
  // InvalidArgument if the CA file cannot be read.
  static absl::StatusOr<std::unique_ptr<WitnessTransport>> Make(Options options);
  // Gives up what is under way.
  ~WitnessTransport();

  // `id` is not under way. `url` passed CheckWitnessUrl.
  void Post(uint64_t id, const std::string& url, std::string body);
  // What has ended: at once if something has, else after something came, Wake was
  // called, or the time is over; it may be nothing.
  using Ended = std::vector<std::pair<uint64_t, WitnessAnswer>>;
  Ended Wait(std::chrono::milliseconds longest);
  // Makes the Wait that runs, or the next one, return.
  void Wake();

 private:
  struct Call;
  explicit WitnessTransport(Options options);
  void Collect(Ended* ended);

  const Options options_;
  void* multi_;  // CURLM
  std::map<uint64_t, std::unique_ptr<Call>> calls_;
  Ended failed_;  // that could not even begin
};

// `prefix` with "/add-checkpoint" after it. InvalidArgument unless it is an http or
// https URL without query and fragment.
absl::StatusOr<std::string> AddCheckpointUrl(const std::string& prefix);

}  // namespace setlog

#endif  // SETLOG_SERVER_WITNESS_TRANSPORT_H_
