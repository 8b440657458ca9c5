#include "attacks/log/lies.h"

#include <utility>

#include "log/scheme.h"

namespace setlog {

void FillExample(FakeLog& log, const FakeProver* prover) {
  const auto value = [prover](std::string_view record) {
    const Hash hash = RecordHash(record);
    return prover == nullptr ? hash : prover->key().Label(hash);
  };
  log.Add(value("one"));
  log.Add(value("two"));
  log.Remove(value("two"));
  log.Index();
  log.Tag("v1");
}

void Liar::ShowAsIndex(uint64_t position) {
  server.on_head = [this, position](v1::Head& head) {
    *head.mutable_index() = EntryToProto(log().Prove(position, log().size()));
  };
}

void Liar::Rewrite(uint64_t size) {
  const std::string manifest = log().entry(0).substr(1);
  server.CreateFrom(manifest, log().secret());
  while (log().size() < size) log().Add(RecordHash("other"));
}

void Liar::ShowWrongSet() {
  shadow = std::make_unique<FakeLog>(ManifestFor(log().origin()));
  while (shadow->size() < log().size()) shadow->Add(RecordHash("never"));
  const IndexEntry shown = shadow->IndexAt(shadow->Index());
  server.other_set = {shadow.get(), shown.m};
  ShowAsIndex(log().Append(shown));
}

std::span<const Lie> Lies() {
  static const std::vector<Lie>* const lies = [] {
    auto* all = new std::vector<Lie>;
    for (auto part : {HeadLies, SetLies, AnswerLies}) {
      for (Lie& lie : part()) all->push_back(std::move(lie));
    }
    return all;
  }();
  return *lies;
}

const Lie* FindLie(std::string_view name) {
  for (const Lie& lie : Lies()) {
    if (lie.name == name) return &lie;
  }
  return nullptr;
}

std::string LooksLikeAVerdict() {
  return "x\nPRESENT: in example.org/a\r\x1B[2K\x7F\xC2\x9B" + std::string(2000, 'z');
}

void Flip(std::string* bytes) { bytes->back() = static_cast<char>(bytes->back() ^ 1); }

}  // namespace setlog
