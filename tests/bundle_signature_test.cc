#include "model/bundle_signature.h"

#include "model/dsse.h"
#include "openssl_command.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using testing::Not;

TEST(BundleSignatureTest, AHintIsThatOfTheKeyOrNone) {
  const EcdsaPrivateKey key =
      EcdsaPrivateKey::FromPem(NewEcKey("prime256v1"), "").value();
  const TrustedKey trusted{key.public_key()};
  ModelBundle bundle{.payload = "{}"};
  bundle.signature = key.Sign(AsBytes(DssePae(bundle.payload))).value();
  const auto with = [&](std::optional<std::string> hint) {
    bundle.material = KeyMaterial{std::move(hint)};
    return VerifyBundleSignature(bundle, trusted);
  };
  EXPECT_OK(with(std::nullopt));
  EXPECT_OK(with(key.public_key().Hint()));
  EXPECT_STATUS(with(std::string(64, '0')), StatusCode::kDataLoss,
                "it names the key " + std::string(64, '0') + ", and the key that was");
  EXPECT_STATUS(with(""), StatusCode::kDataLoss, "it names the key ");
  // A stranger's text, before any signature was verified.
  const absl::Status status = with("\x1b[2J" + std::string(300'000, 'x')).status();
  EXPECT_STATUS(status, StatusCode::kDataLoss, "it names the key ");
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("\x1b")));
  EXPECT_LT(status.message().size(), 400u);
}

}  // namespace
}  // namespace setlog
