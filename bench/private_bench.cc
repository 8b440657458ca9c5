// The core of private logs beside akd, which does the same in memory:
// bench/peers/private.sh.
//
//   private_bench RECORDS N QUERIES      one line of JSON
//
// RECORDS holds hashes of 32 bytes. The first N become labels, on all cores, and the
// set of them; QUERIES of them are proven present, and the QUERIES after them absent,
// on one core. A proof is what an answer holds of the record: the VRF's 80 bytes and
// the lookup proof. Verifying is all that a stranger does with it, from the VRF proof's
// bytes on; `prove_8_us` and `verify_8_us` are for a proof among eight.
// Medians.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "log/set_index.h"
#include "log/set_proof.h"
#include "log/vrf_batch.h"
#include "port/parallel.h"
#include "proto/forms.h"

namespace setlog {
namespace {

constexpr size_t kTogether = 8;

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

[[noreturn]] void Fail(const std::string& message) {
  std::cerr << "private_bench: " << message << "\n";
  std::exit(1);
}

std::vector<Hash> ReadRecords(const std::string& path, size_t count) {
  std::vector<Hash> records(count);
  std::ifstream file(path, std::ios::binary);
  for (Hash& record : records) {
    if (!file.read(reinterpret_cast<char*>(record.data()), Hash::kSize)) {
      Fail("there are fewer records than " + std::to_string(count) + " in " + path);
    }
  }
  return records;
}

double PeakMib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// What an answer about one record holds.
struct Sent {
  std::array<uint8_t, VrfProof::kSize> label_proof;
  LookupProof lookup;
};

class PrivateSet {
 public:
  explicit PrivateSet(std::vector<Hash> records)
      : key_(VrfSecretKey::Generate().value()), records_(std::move(records)) {}

  // Seconds for the labels, and for the set.
  std::pair<double, double> Commit() {
    Parallel parallel(std::thread::hardware_concurrency());
    auto begin = Clock::now();
    labels_ = Labels(key_, records_, std::ref(parallel));
    const double labels = Seconds(begin);
    begin = Clock::now();
    ChangeQueue queue;
    const std::vector<Hash> keys = SetKeys(labels_);
    for (size_t i = 0; i < keys.size(); ++i) queue.Add({keys[i], i, true});
    set_.Apply(queue.Before(keys.size()), keys.size(), std::ref(parallel));
    root_ = set_.root();
    return {labels, Seconds(begin)};
  }

  Sent Prove(const Hash& record) const { return Answer(key_.Prove(record)); }

  std::vector<Sent> ProveTogether(std::span<const Hash> records) const {
    std::vector<Sent> sent;
    for (const VrfSecretKey::Answer& answer : Proofs(key_, records)) {
      sent.push_back(Answer(answer));
    }
    return sent;
  }

  bool Verify(const Hash& record, const Sent& sent) const {
    const auto proof = VrfProof::Parse(sent.label_proof);
    const auto beta = key_.PublicKey().Verify(record, proof.value());
    return VerifyLookup(root_, LabelOf(beta.value()), sent.lookup).value();
  }

  // How many of them are present.
  size_t VerifyTogether(std::span<const Hash> records,
                        std::span<const Sent> sent) const {
    std::vector<VrfClaim> claims;
    claims.reserve(records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      claims.push_back({records[i], VrfProof::Parse(sent[i].label_proof).value()});
    }
    const auto labels = VerifyLabels(key_.PublicKey(), claims);
    size_t present = 0;
    for (size_t i = 0; i < records.size(); ++i) {
      present += VerifyLookup(root_, labels[i].value(), sent[i].lookup).value();
    }
    return present;
  }

  nlohmann::json Measure(std::span<const Hash> records, bool present) const {
    std::vector<double> prove, prove_8, verify, verify_8, bytes;
    std::vector<Sent> sent;
    for (const Hash& record : records) {
      auto begin = Clock::now();
      sent.push_back(Prove(record));
      prove.push_back(Seconds(begin) * 1e6);
      bytes.push_back(
          static_cast<double>(LookupToProto(sent.back().lookup).ByteSizeLong() +
                              sent.back().label_proof.size()));
      begin = Clock::now();
      if (Verify(record, sent.back()) != present) Fail("a wrong answer");
      verify.push_back(Seconds(begin) * 1e6);
    }
    for (size_t i = 0; i + kTogether <= records.size(); i += kTogether) {
      const auto eight = records.subspan(i, kTogether);
      auto begin = Clock::now();
      const std::vector<Sent> answers = ProveTogether(eight);
      prove_8.push_back(Seconds(begin) * 1e6 / kTogether);
      begin = Clock::now();
      const size_t found = VerifyTogether(eight, answers);
      verify_8.push_back(Seconds(begin) * 1e6 / kTogether);
      if (found != (present ? kTogether : 0)) Fail("a wrong answer");
    }
    return {{"prove_us", Median(prove)},
            {"verify_us", Median(verify)},
            {"prove_8_us", Median(prove_8)},
            {"verify_8_us", Median(verify_8)},
            {"bytes", Median(bytes)}};
  }

 private:
  Sent Answer(const VrfSecretKey::Answer& answer) const {
    absl::StatusOr<SetAnswer> found = set_.Lookup(SetKey(LabelOf(answer.beta)));
    if (!found.ok()) Fail(found.status().ToString());
    found->proof.terminal = labels_[found->terminal_position];
    return {answer.proof.bytes(), std::move(found->proof)};
  }

  const VrfSecretKey key_;
  const std::vector<Hash> records_;
  std::vector<Hash> labels_;
  SetIndex set_;
  Hash root_;
};

void Run(const std::string& path, size_t n, size_t queries) {
  if (n == 0 || queries < kTogether) Fail("nothing to measure");
  std::vector<Hash> records = ReadRecords(path, n + queries);
  const std::vector<Hash> absent(records.begin() + n, records.end());
  records.resize(n);
  std::vector<Hash> present;
  const size_t asked = std::min(queries, n);
  for (size_t i = 0; i < asked; ++i) present.push_back(records[i * (n / asked)]);

  PrivateSet set(std::move(records));
  const auto [labels, tree] = set.Commit();
  const double peak = PeakMib();
  set.Measure(std::span(absent).first(std::max(kTogether, queries / 10)),
              false);  // warm
  std::cout << nlohmann::json{{"system", "setlog core"},
                              {"records", n},
                              {"kernel", VrfKernels()[0].name},
                              {"labels_seconds", labels},
                              {"commit_seconds", labels + tree},
                              {"memory_peak_mib", peak},
                              {"present", set.Measure(present, true)},
                              {"absent", set.Measure(absent, false)}}
            << "\n";
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: private_bench RECORDS N QUERIES\n";
    return 2;
  }
  setlog::Run(argv[1], std::strtoull(argv[2], nullptr, 10),
              std::strtoull(argv[3], nullptr, 10));
  return 0;
}
