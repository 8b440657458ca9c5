// tests/fuzz/proof_log.h -- one log and the truth about it, for targets that look at
// whole proof files.
//
//   ProofLog& log = ProofLog::Shared();
//   ProofFile file = log.FileFor(HashN(2), log.fake().indexes().back(), true);
//   CheckVerdict(log, file);   // verifies as the truth, or not at all
#ifndef SETLOG_TESTS_FUZZ_PROOF_LOG_H_
#define SETLOG_TESTS_FUZZ_PROOF_LOG_H_

#include <optional>
#include <vector>

#include "client/proof_file.h"
#include "fakes/fake_server.h"
#include "fuzz/law.h"
#include "log/verify.h"

namespace setlog {

class ProofLog {
 public:
  static ProofLog& Shared() {
    static ProofLog log;
    return log;
  }

  FakeLog& fake() { return fake_; }
  const Trust& trust() const { return trust_; }

  // About `record` in the set of the index entry at `index`, under the head of `size`.
  ProofFile FileFor(const Hash& record, uint64_t index, bool with_tag, uint64_t size) {
    const uint64_t m = fake_.IndexAt(index).m;
    ProofFile file{{fake_.NoteAt(size), fake_.Prove(0, size), fake_.Prove(index, size)},
                   {record, fake_.Lookup(record, m)}};
    for (uint64_t tag : fake_.tags()) {
      if (with_tag && tag < size && TagAt(tag).m == m) {
        file.version.tag = fake_.Prove(tag, size);
      }
    }
    for (const SetEvent& event : fake_.Events(record, m)) {
      (event.add ? file.answer.added : file.answer.removed) =
          fake_.Prove(event.position, size);
    }
    // Added again after a remove: it is in, and the remove says nothing.
    if (IsIn(record, m)) file.answer.removed.reset();
    return file;
  }

  TagEntry TagAt(uint64_t position) const {
    return std::get<TagEntry>(DecodeEntry(AsBytes(fake_.entry(position))).value());
  }
  // By all entries before m, as they stand in the log.
  bool IsIn(const Hash& record, uint64_t m) const {
    bool in = false;
    for (uint64_t i = 0; i < m; ++i) {
      const Entry entry = DecodeEntry(AsBytes(fake_.entry(i))).value();
      if (entry == Entry(AddEntry{record})) in = true;
      if (entry == Entry(RemoveEntry{record})) in = false;
    }
    return in;
  }

 private:
  ProofLog() : fake_(ManifestFor("example.org/a")) {
    for (uint64_t i : {1, 2, 4, 5, 6}) fake_.Add(HashN(i));
    fake_.Index();
    fake_.Tag("v1");
    fake_.Remove(HashN(2));
    fake_.Add(HashN(7));
    fake_.Remove(HashN(5));
    fake_.Add(HashN(5));
    fake_.Index();
    fake_.Tag("v2");
    trust_.log_key = fake_.key();
  }

  FakeLog fake_;
  Trust trust_;
};

// Whatever verifies under this log's key says what the log says.
inline void CheckVerdict(ProofLog& log, const ProofFile& file) {
  const absl::StatusOr<Version> version = VerifyVersion(file.version, log.trust(), {});
  if (!version.ok()) return;
  const uint64_t size = version->checkpoint.size;
  Law(size <= log.fake().size() && version->checkpoint.root == log.fake().RootAt(size),
      "only signed heads verify");
  Law(version->index_position < size &&
          version->index == log.fake().IndexAt(version->index_position),
      "the version is the log's");
  if (version->tag) {
    Law(file.version.tag->position < size &&
            *version->tag == log.TagAt(file.version.tag->position),
        "the tag is the log's");
  }
  const absl::StatusOr<Answer> answer = VerifyAnswer(*version, file.answer);
  if (!answer.ok()) return;
  const Hash& record = file.answer.record;
  const bool in = log.IsIn(record, version->index.m);
  Law(in == (answer->verdict == SetVerdict::kPresent), "the verdict is the truth");
  if (answer->added_at) {
    Law(log.fake().entry(*answer->added_at) == Encode(AddEntry{record}),
        "the add is where it is said to be");
  }
  if (answer->verdict == SetVerdict::kRemoved) {
    Law(log.fake().entry(*answer->removed_at) == Encode(RemoveEntry{record}) &&
            *answer->added_at < *answer->removed_at,
        "the remove is where it is said to be");
  }
}

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_PROOF_LOG_H_
