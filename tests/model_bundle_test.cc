#include <functional>

#include "log/base64.h"
#include "model/bundle.h"
#include "model/dsse.h"
#include "mutants.h"
#include "sigstore_material.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::IsEmpty;
#define EXPECT_REFUSED(status, text) \
  EXPECT_STATUS(status, StatusCode::kInvalidArgument, text)

ModelBundle ByKey() {
  return {.material = KeyMaterial{std::string(64, 'a')},
          .payload = "{\"a\":1}",
          .signature = "0\x01\x02"};
}

ModelBundle ByChain() {
  ModelBundle bundle = ByKey();
  bundle.material = ChainMaterial{{"leaf", "intermediate"}};
  return bundle;
}

// A bundle with all that Sigstore writes.
Json Keyless() {
  Json json = Json::parse(FormatModelBundle(ByKey()));
  json["verificationMaterial"] = SigstoreMaterial();
  return json;
}

absl::Status Changed(Json json, const std::function<void(Json&)>& change) {
  change(json);
  return ParseModelBundle(json.dump()).status();
}
absl::Status KeyChanged(const std::function<void(Json&)>& change) {
  return Changed(Json::parse(FormatModelBundle(ByKey())), change);
}
absl::Status EntryChanged(const std::function<void(Json&)>& change) {
  return Changed(Keyless(), [&](Json& json) {
    change(json["verificationMaterial"]["tlogEntries"][0]);
  });
}

TEST(ModelBundleTest, AKeysBundleHasTheFormOfTheWorkedExample) {
  EXPECT_EQ(FormatModelBundle(ByKey()),
            R"({"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",)"
            R"("verificationMaterial":{"publicKey":{"hint":")" +
                std::string(64, 'a') +
                R"("},"tlogEntries":[]},"dsseEnvelope":{"payload":"eyJhIjoxfQ==",)"
                R"("payloadType":"application/vnd.in-toto+json",)"
                R"("signatures":[{"sig":"MAEC","keyid":""}]}})"
                "\n");
}

TEST(ModelBundleTest, WhatIsWrittenIsReadBack) {
  ModelBundle without_hint = ByKey();
  without_hint.material = KeyMaterial{};
  for (const ModelBundle& bundle : {ByKey(), ByChain(), without_hint}) {
    const absl::StatusOr<ModelBundle> parsed =
        ParseModelBundle(FormatModelBundle(bundle));
    ASSERT_OK(parsed);
    EXPECT_EQ(*parsed, bundle);
  }
}

TEST(ModelBundleTest, OnlySpaceAndTheKeyIdMayDifferInTheSameBundle) {
  for (const ModelBundle& bundle : {ByKey(), ByChain()}) {
    const std::string text = FormatModelBundle(bundle);
    for (const std::string& mutant : Mutants(text)) {
      const absl::StatusOr<ModelBundle> parsed = ParseModelBundle(mutant);
      if (!parsed.ok()) {
        ASSERT_EQ(parsed.status().code(), StatusCode::kInvalidArgument) << mutant;
        continue;
      }
      const absl::StatusOr<ModelBundle> again =
          ParseModelBundle(FormatModelBundle(*parsed));
      ASSERT_OK(again);
      ASSERT_EQ(*again, *parsed) << mutant;
      if (*parsed != bundle) continue;
      Json json = Json::parse(mutant);
      json["dsseEnvelope"]["signatures"][0]["keyid"] = "";
      ASSERT_EQ(json, Json::parse(text)) << mutant;
    }
  }
}

TEST(ModelBundleTest, AllThatSigstoreWritesIsRead) {
  const absl::StatusOr<ModelBundle> bundle = ParseModelBundle(Keyless().dump());
  ASSERT_OK(bundle);
  EXPECT_EQ(std::get<FulcioMaterial>(bundle->material).certificate, "fulcio");
  EXPECT_THAT(bundle->timestamps, ElementsAre("tsr"));
  ASSERT_EQ(bundle->tlog_entries.size(), 1u);
  const TlogEntry& entry = bundle->tlog_entries[0];
  EXPECT_EQ(entry.log_index, UINT64_MAX);
  EXPECT_EQ(entry.log_id, std::string(32, 'h'));
  EXPECT_EQ(entry.kind + " " + entry.version, "dsse 0.0.1");
  EXPECT_EQ(entry.integrated_time_s, 1760000000u);
  EXPECT_EQ(entry.signed_entry_timestamp, "set");
  EXPECT_EQ(entry.canonicalized_body, "{}");
  ASSERT_TRUE(entry.inclusion);
  EXPECT_EQ(entry.inclusion->log_index, 7u);
  EXPECT_EQ(entry.inclusion->tree_size, 9007199254740993u) << "not as a double";
  EXPECT_EQ(entry.inclusion->path.size(), 2u);
  EXPECT_EQ(AsText(entry.inclusion->root), std::string(32, 'h'));
  EXPECT_EQ(entry.inclusion->checkpoint, "log\n9\nroot\n\n— log sig\n");
}

TEST(ModelBundleTest, WhatAnEntryMayDoWithoutMayBeMissingOrNull) {
  for (const char* key : {"inclusionPromise", "inclusionProof"}) {
    EXPECT_OK(EntryChanged([&](Json& entry) { entry.erase(key); }));
    EXPECT_OK(EntryChanged([&](Json& entry) { entry[key] = nullptr; }));
  }
  // Protocol buffers leave out what is 0.
  for (const char* key : {"logIndex", "integratedTime"}) {
    EXPECT_OK(EntryChanged([&](Json& entry) { entry.erase(key); }));
  }
  EXPECT_OK(
      EntryChanged([](Json& entry) { entry["inclusionProof"].erase("logIndex"); }));
  EXPECT_OK(EntryChanged([](Json& entry) { entry["inclusionProof"].erase("hashes"); }));
  for (const char* key : {"tlogEntries", "timestampVerificationData"}) {
    for (const bool null : {false, true}) {
      EXPECT_OK(Changed(Keyless(), [&](Json& json) {
        if (null) {
          json["verificationMaterial"][key] = nullptr;
        } else {
          json["verificationMaterial"].erase(key);
        }
      }));
    }
  }
  EXPECT_OK(Changed(Keyless(), [](Json& json) {
    json["verificationMaterial"]["timestampVerificationData"] = Json::object();
  }));
}

TEST(ModelBundleTest, WhatAnEntryMustSayIsNeeded) {
  for (const char* pointer :
       {"/logId", "/logId/keyId", "/kindVersion", "/kindVersion/kind",
        "/kindVersion/version", "/canonicalizedBody", "/inclusionProof/rootHash",
        "/inclusionProof/checkpoint", "/inclusionProof/checkpoint/envelope",
        "/inclusionPromise/signedEntryTimestamp"}) {
    const Json::json_pointer at(pointer);
    EXPECT_REFUSED(
        EntryChanged([&](Json& entry) { entry[at.parent_pointer()].erase(at.back()); }),
        "is missing");
    EXPECT_REFUSED(EntryChanged([&](Json& entry) { entry[at] = 7; }), "must be");
  }
}

TEST(ModelBundleTest, AnEntrysNumbersAreDecimalTextBelow2To64) {
  for (const char* pointer : {"/logIndex", "/integratedTime",
                              "/inclusionProof/logIndex", "/inclusionProof/treeSize"}) {
    for (const Json& value : {Json("-1"), Json("01"), Json("1.0"), Json(""),
                              Json("18446744073709551616"), Json(7), Json(nullptr)}) {
      EXPECT_REFUSED(EntryChanged([&](Json& entry) {
                       entry[Json::json_pointer(pointer)] = value;
                     }),
                     "must be");
    }
  }
}

TEST(ModelBundleTest, AnEntrysHashesAreOf32BytesAndAtMost64) {
  const std::string short_hash = ToBase64(AsBytes(std::string(31, 'h')));
  for (const char* pointer :
       {"/logId/keyId", "/inclusionProof/rootHash", "/inclusionProof/hashes/1"}) {
    EXPECT_REFUSED(EntryChanged([&](Json& entry) {
                     entry[Json::json_pointer(pointer)] = short_hash;
                   }),
                   "32 bytes");
  }
  const auto with_hashes = [](size_t count) {
    return EntryChanged([&](Json& entry) {
      Json& hashes = entry["inclusionProof"]["hashes"];
      hashes = Json(count, hashes[0]);
    });
  };
  EXPECT_OK(with_hashes(64));
  EXPECT_REFUSED(with_hashes(65), "at most 64");
  EXPECT_REFUSED(
      EntryChanged([](Json& entry) { entry["inclusionProof"]["hashes"][0] = 7; }),
      "32 bytes");
}

TEST(ModelBundleTest, ThereIsExactlyOneKindOfMaterial) {
  const Json key = {{"hint", "a"}};
  const Json certificate = {{"rawBytes", "AAAA"}};
  const Json chain = {{"certificates", {certificate}}};
  const auto with = [](const Json& material) {
    return KeyChanged([&](Json& json) { json["verificationMaterial"] = material; });
  };
  EXPECT_OK(with({{"publicKey", key}}));
  EXPECT_OK(with({{"certificate", certificate}}));
  EXPECT_OK(with({{"x509CertificateChain", chain}}));
  EXPECT_REFUSED(with(Json::object()), "one of them");
  EXPECT_REFUSED(with({{"publicKey", key}, {"certificate", certificate}}),
                 "one of them");
  EXPECT_REFUSED(with({{"publicKey", key}, {"x509CertificateChain", chain}}),
                 "one of them");
  EXPECT_REFUSED(with({{"certificate", certificate}, {"x509CertificateChain", chain}}),
                 "one of them");
  EXPECT_REFUSED(with({{"x509CertificateChain", {{"certificates", Json::array()}}}}),
                 "must not be empty");
}

TEST(ModelBundleTest, AKeyWithoutAHintIsRead) {
  const absl::StatusOr<ModelBundle> bundle = ParseModelBundle([] {
    Json json = Json::parse(FormatModelBundle(ByKey()));
    json["verificationMaterial"]["publicKey"] = {
        {"rawBytes", "AAAA"}, {"keyDetails", "PKIX_ECDSA_P256_SHA_256"}};
    return json.dump();
  }());
  ASSERT_OK(bundle);
  EXPECT_EQ(std::get<KeyMaterial>(bundle->material).hint, std::nullopt);
}

TEST(ModelBundleTest, TypesAreThoseKnown) {
  for (const char* type : {"application/vnd.dev.sigstore.bundle+json;version=0.3",
                           "application/vnd.dev.sigstore.bundle.v0.4+json", ""}) {
    EXPECT_REFUSED(KeyChanged([&](Json& json) { json["mediaType"] = type; }),
                   "key \"mediaType\" must be");
  }
  EXPECT_REFUSED(KeyChanged([](Json& json) {
                   json["dsseEnvelope"]["payloadType"] = "text/plain";
                 }),
                 "key \"payloadType\" must be \"application/vnd.in-toto+json\"");
}

TEST(ModelBundleTest, ThereIsOneSignature) {
  EXPECT_REFUSED(KeyChanged([](Json& json) {
                   Json& signatures = json["dsseEnvelope"]["signatures"];
                   signatures.push_back(signatures[0]);
                 }),
                 "exactly one item");
  EXPECT_REFUSED(KeyChanged([](Json& json) {
                   json["dsseEnvelope"]["signatures"] = Json::array();
                 }),
                 "exactly one item");
}

TEST(ModelBundleTest, AKeyIdIsTakenAndUnused) {
  const auto signature = [](Json& json) -> Json& {
    return json["dsseEnvelope"]["signatures"][0];
  };
  EXPECT_OK(KeyChanged([&](Json& json) { signature(json).erase("keyid"); }));
  EXPECT_OK(KeyChanged([&](Json& json) { signature(json)["keyid"] = nullptr; }));
  EXPECT_OK(KeyChanged([&](Json& json) { signature(json)["keyid"] = "k"; }));
  EXPECT_REFUSED(KeyChanged([&](Json& json) { signature(json)["keyid"] = 7; }),
                 "must be a string");
}

TEST(ModelBundleTest, EveryFieldIsNeeded) {
  for (const char* pointer :
       {"/mediaType", "/verificationMaterial", "/dsseEnvelope", "/dsseEnvelope/payload",
        "/dsseEnvelope/payloadType", "/dsseEnvelope/signatures",
        "/dsseEnvelope/signatures/0/sig"}) {
    const Json::json_pointer at(pointer);
    EXPECT_REFUSED(
        KeyChanged([&](Json& json) { json[at.parent_pointer()].erase(at.back()); }),
        "is missing");
    EXPECT_REFUSED(KeyChanged([&](Json& json) { json[at] = 7; }), "must be");
  }
}

TEST(ModelBundleTest, UnknownFieldsAreTakenOnlyWhereTheSchemaLetsThemBe) {
  for (const char* pointer :
       {"/x", "/verificationMaterial/x", "/dsseEnvelope/x",
        "/dsseEnvelope/signatures/0/x", "/verificationMaterial/tlogEntries/0/x",
        "/verificationMaterial/tlogEntries/0/logId/x",
        "/verificationMaterial/tlogEntries/0/kindVersion/x",
        "/verificationMaterial/tlogEntries/0/inclusionPromise/x",
        "/verificationMaterial/tlogEntries/0/inclusionProof/x",
        "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/x",
        "/verificationMaterial/timestampVerificationData/x",
        "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/x"}) {
    EXPECT_REFUSED(
        Changed(Keyless(), [&](Json& json) { json[Json::json_pointer(pointer)] = 1; }),
        "key \"x\" is not known");
  }
  EXPECT_REFUSED(Changed(Json::parse(FormatModelBundle(ByChain())),
                         [](Json& json) {
                           json["verificationMaterial"]["x509CertificateChain"]["x"] =
                               1;
                         }),
                 "key \"x\" is not known");
  EXPECT_OK(Changed(Keyless(), [](Json& json) {
    json["verificationMaterial"]["certificate"]["x"] = 1;
  }));
  EXPECT_OK(Changed(Json::parse(FormatModelBundle(ByChain())), [](Json& json) {
    json["verificationMaterial"]["x509CertificateChain"]["certificates"][0]["x"] = 1;
  }));
}

TEST(ModelBundleTest, Base64IsStrict) {
  for (const char* pointer :
       {"/dsseEnvelope/payload", "/dsseEnvelope/signatures/0/sig",
        "/verificationMaterial/certificate/rawBytes",
        "/verificationMaterial/tlogEntries/0/canonicalizedBody",
        "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/"
        "signedTimestamp"}) {
    for (const char* text : {"", "ZGVtbw", "ZGVt bw==", "ZGVtbx==", "ZGV_bw==",
                             "ZGVt\nbw==", "ZGVtbw==!"}) {
      EXPECT_REFUSED(
          Changed(Keyless(),
                  [&](Json& json) { json[Json::json_pointer(pointer)] = text; }),
          "must be bytes in base64");
    }
  }
}

TEST(ModelBundleTest, JsonIsStrict) {
  std::string text = FormatModelBundle(ByKey());
  EXPECT_OK(ParseModelBundle(" " + text + "\n"));
  EXPECT_REFUSED(ParseModelBundle(text + "{}"), "signature file: column");
  EXPECT_REFUSED(ParseModelBundle("\xEF\xBB\xBF" + text), "byte order mark");
  text.insert(1, R"("mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",)");
  EXPECT_REFUSED(ParseModelBundle(text), "duplicate key \"mediaType\"");
  EXPECT_REFUSED(ParseModelBundle("[]"), "must be an object");
  EXPECT_REFUSED(ParseModelBundle(""), "signature file: ");
}

TEST(ModelBundleTest, MoreThanTheLimitIsRefusedUnread) {
  // There are no such bytes: reading them would crash.
  EXPECT_REFUSED(ParseModelBundle(std::string_view("{", kMaxModelBundleBytes + 1)),
                 "at most 536870912 are read");
}

TEST(ModelBundleTest, AStrangersShortValuesDoNotFillTheMemory) {
  for (const char* pointer :
       {"/z", "/verificationMaterial/publicKey/z", "/dsseEnvelope/signatures"}) {
    EXPECT_REFUSED(KeyChanged([&](Json& json) {
                     json[Json::json_pointer(pointer)] = Json(20'000, 0);
                   }),
                   "more values than are read here");
  }
  // Entries with the longest paths that there are.
  EXPECT_OK(Changed(Keyless(), [](Json& json) {
    Json& entries = json["verificationMaterial"]["tlogEntries"];
    Json& hashes = entries[0]["inclusionProof"]["hashes"];
    hashes = Json(64, hashes[0]);
    entries = Json(100, entries[0]);
  }));
}

TEST(ModelBundleTest, WhatPythonSignsIsRead) {
  for (const char* file : {"key.sig", "single.sig", "shards.sig"}) {
    const absl::StatusOr<ModelBundle> bundle =
        ParseModelBundle(ReadTestFile(std::string("oms/") + file));
    ASSERT_OK(bundle) << file;
    EXPECT_TRUE(std::get<KeyMaterial>(bundle->material).hint);
    EXPECT_THAT(bundle->tlog_entries, IsEmpty());
  }
  const absl::StatusOr<ModelBundle> chain =
      ParseModelBundle(ReadTestFile("oms/chain.sig"));
  ASSERT_OK(chain);
  EXPECT_EQ(std::get<ChainMaterial>(chain->material).certificates.size(), 2u);
}

}  // namespace
}  // namespace setlog
