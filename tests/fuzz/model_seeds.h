// tests/fuzz/model_seeds.h -- signature files of models, and what they are verified by.
#ifndef SETLOG_TESTS_FUZZ_MODEL_SEEDS_H_
#define SETLOG_TESTS_FUZZ_MODEL_SEEDS_H_

#include <array>
#include <string>

#include "fuzz/corpus.h"
#include "model/bundle.h"
#include "model/statement.h"
#include "sigstore_json.h"
#include "sigstore_material.h"
#include "testing.h"

namespace setlog {

// What Python signs, and each field of what Sigstore does.
inline void AddModels(Corpus* corpus) {
  for (const char* file : {"key.sig", "chain.sig", "single.sig", "shards.sig"}) {
    const std::string text = ReadTestFile(std::string("oms/") + file);
    const ModelBundle bundle = ParseModelBundle(text).value();
    corpus->Add("model_statement", bundle.payload);
    corpus->Add("model_statement",
                FormatStatement(ParseStatement(bundle.payload)->statement));
    corpus->Add("model_bundle", text);
  }
  nlohmann::ordered_json keyless = nlohmann::ordered_json::parse(FormatModelBundle(
      {.material = KeyMaterial{}, .payload = "{}", .signature = "signature"}));
  keyless["verificationMaterial"] = SigstoreMaterial();
  corpus->Add("model_bundle", keyless.dump());
  corpus->AddRandom("model_statement", 24, 60);
}

// The public roots, and one list of each alone; bodies about one envelope.
inline void AddSigstore(Corpus* corpus) {
  for (const char* file : {"trusted_root.json", "staging_trusted_root.json"}) {
    nlohmann::json root = ReadTestJson(std::string("sigstore/") + file);
    corpus->Add("trusted_root", root.dump());
    for (const char* list :
         {"tlogs", "ctlogs", "certificateAuthorities", "timestampAuthorities"}) {
      corpus->Add("trusted_root", nlohmann::json{{"mediaType", root["mediaType"]},
                                                 {list, {root[list][0]}}}
                                      .dump());
    }
  }
  const ModelBundle bundle = {.material = FulcioMaterial{"certificate"},
                              .payload = "payload",
                              .signature = "signature"};
  const std::array bodies = {Dsse1Body(bundle), Intoto2Body(bundle), Dsse2Body(bundle),
                             HashedRekord2Body(bundle)};
  for (size_t i = 0; i < bodies.size(); ++i) {
    corpus->Add("rekor_body", std::string(1, static_cast<char>(i)) + bodies[i].dump());
  }
}

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_MODEL_SEEDS_H_
