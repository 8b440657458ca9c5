// tests/pad_opening_sample.h -- a private log with pads, and openings of them, true or
// not.
#ifndef SETLOG_TESTS_PAD_OPENING_SAMPLE_H_
#define SETLOG_TESTS_PAD_OPENING_SAMPLE_H_

#include <algorithm>
#include <string>
#include <vector>

#include "fakes/fake_log.h"
#include "log/pad_opening.h"
#include "private_log.h"

namespace setlog {

// Records 1 to 20 and pads 0 to 9, indexed; then pad 12, indexed, and tagged v1.
struct PadOpeningSample {
  PadOpeningSample() {
    for (uint64_t i = 1; i <= 20; ++i) log.Add(key.Label(HashN(i)));
    for (uint64_t i = 0; i < 10; ++i) log.Add(PadLabel(key, i));
    first_index = log.Index();
    log.Add(PadLabel(key, 12));
    log.Index();
    log.Tag("v1");
  }

  // Whether they are in the set or not, and in whatever order.
  PadOpening OpenAt(const std::vector<uint64_t>& pads, uint64_t index) {
    const uint64_t size = log.size();
    PadOpening opening{
        .version = {log.NoteAt(size), log.Prove(0, size), log.Prove(index, size), {}}};
    opening.proofs.pads = pads;
    std::vector<Hash> labels;
    for (uint64_t pad : pads) {
      const VrfSecretKey::Answer answer = key.Prove(PadInput(pad));
      opening.proofs.vrf_proofs += AsText(answer.proof.bytes());
      labels.push_back(LabelOf(answer.beta));
    }
    const uint64_t m = log.IndexAt(index).m;
    for (size_t begin = 0; begin < labels.size(); begin += kPadsPerLookup) {
      const size_t count = std::min(kPadsPerLookup, labels.size() - begin);
      opening.proofs.lookups.push_back(
          log.Batch(std::span(labels).subspan(begin, count), m));
    }
    return opening;
  }
  PadOpening Open(const std::vector<uint64_t>& pads) {
    return OpenAt(pads, log.indexes().back());
  }

  const VrfSecretKey key = VrfKeyOf("1");
  FakeLog log{PrivateManifest("example.org/a", key)};
  uint64_t first_index = 0;
};

}  // namespace setlog

#endif  // SETLOG_TESTS_PAD_OPENING_SAMPLE_H_
