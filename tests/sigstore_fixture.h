// tests/sigstore_fixture.h -- a Sigstore of one's own: an authority for certificates, a
// log of them, Rekor v1 and v2, and an authority for times. It signs what it is asked
// to.
//
//   PrivateSigstore sigstore;
//   ModelBundle one = sigstore.Bundle1({});   // Rekor v1, a promised time
//   ModelBundle two = sigstore.Bundle2({});   // Rekor v2 and a time stamp
//   VerifySigstore(one, sigstore.Root(), sigstore.Expected());
//
// What model/ computes is computed here in another way: JSON by nlohmann, paths by
// rfc6962_model.h, SCTs byte by byte.
#ifndef SETLOG_TESTS_SIGSTORE_FIXTURE_H_
#define SETLOG_TESTS_SIGSTORE_FIXTURE_H_

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "certificate_fixture.h"
#include "log/checkpoint.h"
#include "model/bundle.h"
#include "model/dsse.h"
#include "model/fulcio.h"
#include "model/trusted_root.h"
#include "rfc6962_model.h"
#include "sigstore_json.h"
#include "timestamp_fixture.h"

namespace setlog {

inline std::string BigEndian(uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text.push_back(static_cast<char>(value >> (8 * bytes)));
  return text;
}

// Who vouches for the identity, as Fulcio writes it.
inline Extension IssuerExtension(const std::string& url) {
  return {"1.3.6.1.4.1.57264.1.8", "ASN1:UTF8String:" + url};
}

// What one signature is to be made of.
struct SigningWish {
  std::string payload = R"({"_type":"https://in-toto.io/Statement/v1"})";
  std::string san = "critical,email:ml@example.org";
  std::vector<Extension> issuers = {IssuerExtension("https://accounts.example.org")};
  std::string usage = "codeSigning";     // "" for none
  int64_t at_s = kTestTime;              // entry, promise and time stamp
  int64_t certified_s = kTestTime - 10;  // for ten minutes
  int64_t sct_s = kTestTime - 11;
  bool with_sct = true;
  const char* curve = "P-256";
};

class PrivateSigstore {
 public:
  using Json = nlohmann::json;
  static constexpr char kHost1[] = "rekor.example.org";
  static constexpr char kHost2[] = "log2026.rekor.example.org";
  // Where an entry stands in its tree, and how many the tree has.
  static constexpr uint64_t kIndex = 5, kSize = 11;

  static ExpectedIdentity Expected() {
    return {"ml@example.org", "https://accounts.example.org"};
  }

  Json RootJson() const {
    const Json since = {{"start", "2025-06-01T00:00:00Z"}};
    const auto log = [&](const std::string& url, const std::string& key,
                         const std::string& details, const std::string& id) {
      return Json{
          {"baseUrl", url},
          {"hashAlgorithm", "SHA2_256"},
          {"publicKey",
           {{"rawBytes", Base64(key)}, {"keyDetails", details}, {"validFor", since}}},
          {"logId", {{"keyId", Base64(id)}}}};
    };
    const auto authority = [&](const std::string& uri, const auto& certificates) {
      Json chain = Json::array();
      for (const auto& der : certificates) chain.push_back({{"rawBytes", Base64(der)}});
      return Json{
          {"uri", uri}, {"certChain", {{"certificates", chain}}}, {"validFor", since}};
    };
    constexpr char kEcdsa[] = "PKIX_ECDSA_P256_SHA_256";
    return {
        {"mediaType", "application/vnd.dev.sigstore.trustedroot+json;version=0.1"},
        {"tlogs",
         {log(std::string("https://") + kHost1, SpkiOf(rekor1), kEcdsa,
              Sha256Of(SpkiOf(rekor1))),
          log(std::string("https://") + kHost2, Spki2(), "PKIX_ED25519", LogId2())}},
        {"ctlogs",
         {log("https://ct.example.org", SpkiOf(ct), kEcdsa, Sha256Of(SpkiOf(ct)))}},
        {"certificateAuthorities",
         {authority("https://fulcio.example.org",
                    std::vector{intermediate.der(), root.der()})}},
        {"timestampAuthorities",
         {authority("https://tsa.example.org", tsa.Certificates())}}};
  }
  TrustedRoot Root() const { return *ParseTrustedRoot(RootJson().dump()); }

  // Signed, certified and without any proof.
  ModelBundle Bare(const SigningWish& wish) const {
    const TestKey key = NewKey(wish.curve);
    const EVP_MD* hash =
        std::string_view(wish.curve) == "P-384" ? EVP_sha384() : EVP_sha256();
    return {.material = FulcioMaterial{Certificate(wish, key)},
            .payload = wish.payload,
            .signature = SignWith(key, DssePae(wish.payload), hash)};
  }
  ModelBundle Bundle1(const SigningWish& wish) const {
    ModelBundle bundle = Bare(wish);
    bundle.tlog_entries = {Entry1(Dsse1Body(bundle), wish.at_s)};
    return bundle;
  }
  ModelBundle Bundle2(const SigningWish& wish) const {
    ModelBundle bundle = Bare(wish);
    bundle.tlog_entries = {Entry2(HashedRekord2Body(bundle))};
    bundle.timestamps = {tsa.Stamp(bundle.signature, wish.at_s)};
    return bundle;
  }

  TlogEntry Entry1(const Json& body, int64_t at_s) const {
    TlogEntry entry = Logged(body, Sha256Of(SpkiOf(rekor1)));
    entry.log_index = 1'000'000 + kIndex;  // over all the trees of the log
    entry.integrated_time_s = static_cast<uint64_t>(at_s);
    entry.inclusion->checkpoint = Checkpoint1(*entry.inclusion);
    entry.signed_entry_timestamp = Promise(entry);
    return entry;
  }
  TlogEntry Entry2(const Json& body) const {
    TlogEntry entry = Logged(body, LogId2());
    entry.inclusion->checkpoint = *SignCheckpoint(
        {kHost2, entry.inclusion->tree_size, entry.inclusion->root, {}}, rekor2);
    return entry;
  }
  std::string Checkpoint1(const TlogEntry::Inclusion& tree,
                          const std::string& origin = std::string(kHost1) +
                                                      " - 77") const {
    return Note1(origin + "\n" + std::to_string(tree.tree_size) + "\n" +
                 ToBase64(tree.root) + "\nTimestamp: 1\n");
  }
  std::string Note1(const std::string& text) const {
    return text + "\n\xE2\x80\x94 " + kHost1 + " " +
           Base64(Sha256Of(SpkiOf(rekor1)).substr(0, 4) + SignWith(rekor1, text)) +
           "\n";
  }
  std::string Promise(const TlogEntry& entry) const {
    const Json promise = {{"body", Base64(entry.canonicalized_body)},
                          {"integratedTime", entry.integrated_time_s},
                          {"logID", ToHex(AsBytes(entry.log_id))},
                          {"logIndex", entry.log_index}};
    return SignWith(rekor1, promise.dump());
  }

  std::string LogId2() const {
    return Sha256Of(std::string(kHost2) + "\n\x01" + PublicKey2());
  }

  // With an SCT of the log of certificates, or without.
  std::string Certificate(const SigningWish& wish, const TestKey& key) const {
    std::vector<Extension> extensions = wish.issuers;
    extensions.push_back({"keyUsage", "critical,digitalSignature"});
    extensions.push_back({"subjectAltName", wish.san});
    if (!wish.usage.empty()) extensions.push_back({"extendedKeyUsage", wish.usage});
    const TestCertificate leaf = Certify({.key = key,
                                          .from_s = wish.certified_s,
                                          .to_s = wish.certified_s + 600,
                                          .extensions = extensions},
                                         &intermediate);
    if (!wish.with_sct) return leaf.der();
    const std::string list = SctList(leaf, wish.sct_s * 1000);
    AddExtension(leaf.x509.get(), intermediate.x509.get(), "1.3.6.1.4.1.11129.2.4.2",
                 "DER:04" + ToHex(AsBytes(BigEndian(list.size(), 1) + list)));
    SignCertificate(leaf, intermediate);
    return leaf.der();
  }

  const TestCertificate root =
      Certify({.name = "root", .key = NewKey(), .extensions = CaExtensions()});
  const TestCertificate intermediate = Certify(
      {.name = "intermediate", .key = NewKey(), .extensions = CaExtensions()}, &root);
  const TestKey ct = NewKey();
  const TestKey rekor1 = NewKey();
  const SigningKey rekor2 = *MakeSigningKey(
      kHost2,
      *Ed25519PrivateKey::FromSeed(AsBytes("rekor2, a seed of 32 bytes long.")));
  const TimestampAuthority tsa;

 private:
  std::string PublicKey2() const {
    return std::string(AsText(rekor2.key.PublicKey().bytes()));
  }
  std::string Spki2() const {  // RFC 8410
    return *BytesFromHex("302a300506032b6570032100") + PublicKey2();
  }

  // An entry at kIndex of a tree of kSize, the others of which are of others.
  static TlogEntry Logged(const Json& body, const std::string& log_id) {
    TlogEntry entry{.log_index = kIndex,
                    .log_id = log_id,
                    .kind = body["kind"],
                    .version = body["apiVersion"],
                    .canonicalized_body = body.dump()};
    Rfc6962Model tree([&](uint64_t i) {
      const std::string leaf =
          i == kIndex ? entry.canonicalized_body : std::to_string(i);
      return Sha256(AsBytes(std::string(1, '\0') + leaf));
    });
    entry.inclusion = {kIndex, tree.Mth(0, kSize), kSize, tree.Path(kIndex, 0, kSize),
                       ""};
    return entry;
  }

  // RFC 6962, section 3.3, of one SCT over `leaf` as it is without the SCT.
  std::string SctList(const TestCertificate& leaf, int64_t at_ms) const {
    const std::string tbs = DerOf(i2d_re_X509_tbs, leaf.x509.get());
    const std::string head = BigEndian(static_cast<uint64_t>(at_ms), 8);
    const std::string signature =
        SignWith(ct, std::string(2, '\0') + head + BigEndian(1, 2) +
                         Sha256Of(SpkiOf(intermediate.key)) + BigEndian(tbs.size(), 3) +
                         tbs + BigEndian(0, 2));
    const std::string sct = std::string(1, '\0') + Sha256Of(SpkiOf(ct)) + head +
                            BigEndian(0, 2) + "\x04\x03" +
                            BigEndian(signature.size(), 2) + signature;
    const std::string list = BigEndian(sct.size(), 2) + sct;
    const std::string bytes = BigEndian(list.size(), 2) + list;
    return bytes;
  }
};

}  // namespace setlog

#endif  // SETLOG_TESTS_SIGSTORE_FIXTURE_H_
