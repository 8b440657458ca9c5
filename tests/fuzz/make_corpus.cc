// tests/fuzz/make_corpus.cc -- writes the seeds of the fuzz targets, from the golden
// notes, the vectors in tests/data and a log in memory.
//
//   make_fuzz_corpus tests/fuzz/corpus
//
// Targets that read choices get bytes from a generator of random numbers: any bytes are
// choices.
#include "client/evidence_file.h"
#include "client/pads_file.h"
#include "client/training_data.h"
#include "evidence_samples.h"
#include "fuzz/corpus.h"
#include "fuzz/model_seeds.h"
#include "fuzz/proof_log.h"
#include "golden_notes.h"
#include "log/jcs.h"
#include "log/sealed_vrf_skey.h"
#include "log/tile.h"
#include "log/vrf_skey.h"
#include "pad_opening_sample.h"
#include "testing.h"

namespace setlog {
namespace {

void AddEntries(Corpus* corpus) {
  const nlohmann::json vectors = ReadTestJson("set_tree.json");
  std::set<std::pair<char, size_t>> seen;
  for (const auto& hex : vectors["entries"]) {
    const std::string entry = *BytesFromHex(hex.get<std::string>());
    if (seen.emplace(entry[0], entry[0] == 4 ? entry.size() : 0).second) {
      corpus->Add("entry", entry);
    }
  }
}

void AddManifests(Corpus* corpus) {
  Manifest manifest{.origin = "example.org/a", .scheme = "json/1"};
  const auto add = [&] { corpus->Add("manifest", FormatManifest(manifest).value()); };
  add();
  manifest.fields = {"id", "text"};
  manifest.title = "A title";
  manifest.license = "CC-BY-4.0";
  add();
  manifest.scheme = "row/1";
  manifest.columns = {{"id", "int"}, {"name", "str?"}};
  manifest.unicode = "15.0";
  manifest.private_reads = true;
  manifest.labels = VrfLabels{std::string(kVrfSuite), HashN(1)};
  add();
  manifest.parent = ParentVersion{"example.com/log", kLogVkey, 7, HashN(2)};
  add();
  corpus->Add("manifest",
              R"({"labels":"plain","origin":"a","scheme":"bytes/1","version":2})");
}

void AddNotes(Corpus* corpus) {
  for (const std::string& note : {kNote7, kNote7 + kWitnessLine7}) {
    corpus->Add("note", note);
    corpus->Add("checkpoint", note);
  }
  corpus->Add("note", "two\n\nparts\n\n" + kLogLine7);
  corpus->Add("checkpoint", kText7);
  corpus->Add("checkpoint", kText7 + "extension 1\n\xE2\x82\xAC\n");
  corpus->Add("checkpoint", "a\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
  std::string choices;
  AppendU64(&choices, kCosignedAt);
  for (char damage : {0, 1}) {
    corpus->Add("cosignature", choices + '\0' + damage + '\5' + kText7);
  }
  corpus->Add("cosignature", choices + std::string(64, 's'));
  corpus->Add("tlog_proof", kTlogProof2Of7);
  corpus->Add("tlog_proof", "c2sp.org/tlog-proof@v1\nindex 0\n\n" + kNote7);
  corpus->Add("witness_request", "old 0\n\n" + kNote7);
  corpus->Add("witness_request",
              "old 3\nJ0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=\n\n" + kNote7);
  corpus->Add("witness_request", kWitnessLine7);
  corpus->Add("witness_request", "7\n");
  for (const std::string& vkey : {kLogVkey, kLogCosignerVkey, kWitnessVkey}) {
    corpus->Add("vkey", vkey);
  }
  corpus->Add("vkey", AsText(Vkey(kLogVkey).key.bytes()));
  corpus->Add("skey", kLogSkey);
  corpus->Add("skey", FormatSkey(WitnessKey()));
  corpus->Add("policy", "log " + kLogVkey + " https://a\n# a comment\nwitness w1 " +
                            kWitnessVkey + "\ngroup g any w1\nquorum g\n");
  corpus->Add("policy", "\tquorum \t none");
  corpus->AddRandom("policy", 6, 60);
}

void AddJson(Corpus* corpus) {
  for (const char* text :
       {R"({ "b": 1E30, "a": [true, false, null, "\u20ac\ud83d\ude00\\\"\n"] })",
        R"([-0, 0.1, 1e-7, 9007199254740992, -1.5e+300, {}])", R"({"a":1,"a":2})",
        "\xEF\xBB\xBF{}", "\"\xE2\x82\xAC\"", "[[[[[[]]]]]]"}) {
    corpus->Add("json", text);
  }
  corpus->Add("json", std::string(257, '['));
  for (const char* file : {"json.json", "row.json"}) {
    const nlohmann::json vectors = ReadTestJson(std::string("records/") + file);
    for (const auto& [name, list] : vectors.items()) {
      if (!list.is_array()) continue;
      int taken = 0;
      for (const auto& vector : list) {
        if (vector.is_object() && vector.contains("input") && taken++ < 25) {
          corpus->Add("row", vector["input"].get<std::string>());
        }
      }
    }
  }
  corpus->Add("row", "42|0.5|text, \"quoted\"|2024-02-29T12:00:00.25Z|ZGVtbw==|true");
  corpus->Add("row", "-9223372036854775808||\xE2\x82\xAC|-1||");
  corpus->Add("row", "a:int,b:float?");
  corpus->Add("row", "a:int\nb:str\n");
  corpus->Add("row", R"([["a","int"],["b","bytes?"]])");
}

void AddProofs(Corpus* corpus) {
  ProofLog& log = ProofLog::Shared();
  const uint64_t size = log.fake().size();
  for (uint64_t n : {1, 2, 3}) {
    const uint64_t index = log.fake().indexes().back();
    const ProofFile file = log.FileFor(HashN(n), index, n == 1, size);
    corpus->Add("proof_file", FormatProofFile(file));
    corpus->Add("proof_file", FormatBinaryProofFile(file));
    const absl::StatusOr<DataHead> head = MakeDataHead(file.version, log.fake().key());
    if (head.ok()) corpus->Add("training_data", FormatTrainingData({*head}).value());
  }
  HonestLog honest;
  for (const Evidence& evidence : honest.OneOfEach()) {
    corpus->Add("evidence_file", FormatEvidenceFile(evidence));
    corpus->Add("evidence_file", FormatBinaryEvidenceFile(evidence));
  }
  const nlohmann::json vectors = ReadTestJson("set_tree.json");
  for (size_t i : {0, 5, 100, 300}) {
    nlohmann::json line = vectors["lookups"][i];
    line.erase("want");
    corpus->Add("strict_json", line.dump());
  }
  nlohmann::json batch = ReadTestJson("batch.json")[3];
  corpus->Add("strict_json", batch.dump());
  corpus->Add("strict_json",
              nlohmann::json{{"vkey", kLogVkey}, {"note", kNote7}}.dump());
  corpus->Add(
      "strict_json",
      R"({"index":18446744073709551615,"size":0,"path":[],"a":5.0,"b":{"c":-1}})");
}

void AddFiles(Corpus* corpus) {
  for (const char* seed : {"\0a,1\r\nb,\n\"c,\"\"d\"\"\n\",3", "\0\"\",\n", "\0x,1\n\n",
                           "\0\"a\"b,1\n", "\1{\"a\":1}\n{\"b\":[2,\"\"]}\n",
                           "\1{}\r\n{\"a\":1}", "\2one\ntwo\r\n\nthree"}) {
    // The first byte is data, also where it is NUL.
    corpus->Add("record_reader", std::string(1, seed[0]) + (seed + 1));
  }
  const std::string gzip = *BytesFromHex(
      "021f8b080000000000000373e102009e5c9d5202000000");  // "D\n" with another checksum
  corpus->Add("record_reader", gzip);
}

void AddRows(Corpus* corpus) {
  std::string row = "setlog store\n";
  row += std::string("\0\0\0\1", 4) + std::string(16, 'i');
  corpus->Add("store_rows", row);
  std::string commit;
  AppendU64(&commit, 5);
  commit += std::string(32, 'c');
  AppendU64(&commit, 4);
  commit += std::string(32, 'p');
  corpus->Add("store_rows", commit);
  std::string log("\0\0\0\0l\0\0\0\1", 9);
  AppendU64(&log, 7);
  corpus->Add("store_rows", log + std::string(32, 'r') + "example.org/a");
  std::string session;
  for (uint64_t n : {3, 4, 9}) AppendU64(&session, n);
  corpus->Add("store_rows", session);
  corpus->AddRandom("store_rows", 6, 40);
}

// As the target reads them: proofs and keys alone, and a record before its proof.
void AddVrf(Corpus* corpus) {
  const nlohmann::json vectors = ReadTestJson("vrf.json");
  for (size_t i : {0, 1, 4}) {
    const nlohmann::json& vector = vectors["proofs"][i];
    for (const char* part : {"sk", "pk", "pi"}) {
      corpus->Add("vrf", *BytesFromHex(vector[part].get<std::string>()));
    }
  }
  for (const auto& [why, list] : vectors["no_elements"].items()) {
    corpus->Add("vrf", *BytesFromHex(list[0].get<std::string>()));
  }
  const std::string key = std::string(31, 'k') + '\0';
  const auto secret = VrfSecretKey::FromBytes(AsBytes(key)).value();
  corpus->Add("vrf", FormatVrfSkey(secret));
  for (uint64_t n : {1, 2, 3}) {
    const Hash record = HashN(n);
    const VrfProof proof = secret.Prove(record).proof;
    corpus->Add("vrf", std::string(AsText(record)).append(AsText(proof.bytes())));
  }
}

void AddPads(Corpus* corpus) {
  PadOpeningSample sample;
  for (const PadOpening& opening :
       {sample.Open({0, 3, 12}), sample.OpenAt({9}, sample.first_index),
        sample.Open({10})}) {
    corpus->Add("pads_file", FormatJsonPadsFile(opening));
    corpus->Add("pads_file", FormatBinaryPadsFile(opening));
  }
}

// Every cost is parsed: the largest that are taken, and some that are not. Salt, nonce
// and box are of no matter here, and always the same.
void AddSealedVrfSkeys(Corpus* corpus) {
  const std::string key = std::string(31, 'k') + '\0';
  const auto secret = VrfSecretKey::FromBytes(AsBytes(key)).value();
  SealedVrfSkey sealed{.public_key = secret.PublicKey()};
  for (size_t i = 0; i < sealed.box.size(); ++i) {
    if (i < sealed.salt.size()) sealed.salt[i] = static_cast<uint8_t>(i);
    if (i < sealed.nonce.size()) sealed.nonce[i] = static_cast<uint8_t>(64 + i);
    sealed.box[i] = static_cast<uint8_t>(160 + i);
  }
  for (const PassphraseCost cost :
       {PassphraseCost{}, {1, 1}, {4, 1024}, {4096, 1}, {5, 1024}, {1, 102400}}) {
    sealed.cost = cost;
    corpus->Add("sealed_vrf_skey", FormatSealedVrfSkey(sealed));
  }
}

}  // namespace
}  // namespace setlog

int main(int argc, char** argv) {
  using namespace setlog;
  if (argc != 2) {
    std::fprintf(stderr, "use: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  Corpus corpus(argv[1]);
  AddEntries(&corpus);
  AddManifests(&corpus);
  AddNotes(&corpus);
  AddJson(&corpus);
  AddProofs(&corpus);
  AddFiles(&corpus);
  AddRows(&corpus);
  AddVrf(&corpus);
  AddPads(&corpus);
  AddSealedVrfSkeys(&corpus);
  AddModels(&corpus);
  AddSigstore(&corpus);
  for (const char* origin : {"data.example.org/gsm8k", "a/b/~c.d_e", "a/../b", "tile",
                             "x/checkpoint", "metrics", "Upper/A"}) {
    corpus.Add("origin", origin);
  }
  for (const char* path :
       {"/example.org/a/checkpoint", "/a/checkpoint/newest",
        "/example.org/a/tile/0/x001/067.p/7", "/a/tile/entries/000",
        "/a/lookup/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        "/a//checkpoint", "/a/tile/0/%30", "/metrics"}) {
    corpus.Add("log_path", path);
  }
  for (const char* text : {"ZGVtbw==", "ZGVtbx==", "00ff", "18446744073709551615", "07",
                           "\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC0\x80\xED\xA0\x80"}) {
    corpus.Add("text_forms", text);
  }
  for (const char* path : {"tile/0/x001/x234/067", "tile/entries/000.p/7",
                           "tile/63/x018/x446/744/073/709/551/615.p/255"}) {
    corpus.Add("tile", path);
  }
  const Bytes entries[] = {AsBytes("entry-0"), AsBytes(""), AsBytes("entry-2")};
  corpus.Add("tile", EncodeBundle(entries).value());
  corpus.Add("tile", std::string(5 * 32, 'h'));
  for (const char* target :
       {"answer", "batch_proof", "extension", "lookup_proof", "tree_proof"}) {
    corpus.AddRandom(target, 12, 120);
  }
  corpus.AddRandom("evidence", 24, 200);
  corpus.AddRandom("index_files", 24, 300);
  corpus.AddRandom("replay", 12, 200);
  return 0;
}
