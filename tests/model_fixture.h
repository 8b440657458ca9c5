// tests/model_fixture.h -- a small model, a key for it, and `setlog model` on both.
#ifndef SETLOG_TESTS_MODEL_FIXTURE_H_
#define SETLOG_TESTS_MODEL_FIXTURE_H_

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cli_fixture.h"
#include "log/base64.h"
#include "model/dsse.h"
#include "model/ecdsa_key.h"
#include "openssl_command.h"
#include "testing.h"

namespace setlog {

class ModelCliTest : public CliTest {
 protected:
  using Arguments = std::vector<std::string>;

  ModelCliTest() {
    std::filesystem::create_directories(Path("demo/sub"));
    Write("demo/config.json", "{\"arch\":\"demo\"}\n");
    Write("demo/weights.bin", "weights-0001");
    Write("demo/sub/a.bin", "x");
    Write("demo/sub-b.bin", "y");
    Write("key.pem", key_);
    Write("pub.pem", PublicHalf(key_));
  }

  ProcessResult Sign(const Arguments& more = {}) {
    return Setlog(Joined({"model", "sign", "key", Path("demo"), "--signature",
                          Path("demo.sig"), "--private-key", Path("key.pem")},
                         more));
  }
  ProcessResult Verify(const Arguments& more = {}) {
    return Setlog(Joined({"model", "verify", "key", Path("demo"), "--signature",
                          Path("demo.sig"), "--public-key", Path("pub.pem")},
                         more));
  }
  // What `verify --json` says, which must end with `exit_code`.
  nlohmann::json Report(int exit_code, Arguments more = {}) {
    more.push_back("--json");
    const ProcessResult result = Verify(more);
    EXPECT_EQ(result.exit_code, exit_code) << result.out << result.err;
    const std::vector<nlohmann::json> lines = Lines(result.out);
    EXPECT_EQ(lines.size(), 1u) << result.out << result.err;
    return lines.empty() ? nlohmann::json::object() : lines[0];
  }
  // What it calls wrong.
  nlohmann::json Problems(const Arguments& more = {}) {
    const nlohmann::json report = Report(1, more);
    EXPECT_EQ(report.value("verdict", ""), "REFUSED");
    return report.value("problems", nlohmann::json());
  }
  static nlohmann::json Problem(const std::string& kind, const std::string& name) {
    return {{"kind", kind}, {"name", name}};
  }

  nlohmann::json Bundle(const std::string& file = "demo.sig") const {
    return nlohmann::json::parse(Content(file));
  }
  nlohmann::json Statement(const std::string& file = "demo.sig") const {
    return nlohmann::json::parse(Payload(file));
  }
  std::string Payload(const std::string& file = "demo.sig") const {
    return BytesFromBase64(Bundle(file)["dsseEnvelope"]["payload"].get<std::string>())
        .value();
  }
  std::string Content(const std::string& file) const {
    std::ifstream stream(Path(file), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  }
  // The signature file as it would be had the key's owner signed these bytes.
  void SignPayload(const std::string& payload) {
    const auto key = EcdsaPrivateKey::FromPem(key_, "");
    ASSERT_OK(key);
    const auto signature = key->Sign(AsBytes(DssePae(payload)));
    ASSERT_OK(signature);
    nlohmann::ordered_json bundle = nlohmann::ordered_json::parse(Content("demo.sig"));
    bundle["dsseEnvelope"]["payload"] = ToBase64(AsBytes(payload));
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = ToBase64(AsBytes(*signature));
    Write("demo.sig", bundle.dump());
  }

  static Arguments Joined(Arguments first, const Arguments& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  const std::string key_ = NewEcKey("prime256v1");
};

}  // namespace setlog

#endif  // SETLOG_TESTS_MODEL_FIXTURE_H_
