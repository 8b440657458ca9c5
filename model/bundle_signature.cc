#include "model/bundle_signature.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "log/show_bytes.h"
#include "model/dsse.h"
#include "model/sigstore.h"

namespace setlog {
namespace {

absl::Status WrongMethod(const ModelBundle& bundle, std::string_view asked) {
  return absl::DataLossError(
      absl::StrFormat("it is signed by the method \"%s\", and a signer of the method "
                      "\"%s\" was asked for",
                      MethodOf(bundle), asked));
}

absl::Status CheckPayload(const ModelBundle& bundle, const EcdsaPublicKey& key) {
  return key.Verify(AsBytes(DssePae(bundle.payload)), AsBytes(bundle.signature));
}

absl::StatusOr<ModelSigner> Verify(const ModelBundle& bundle,
                                   const TrustedKey& trusted) {
  const auto* material = std::get_if<KeyMaterial>(&bundle.material);
  if (material == nullptr) return WrongMethod(bundle, "key");
  const std::string hint = trusted.key.Hint();
  if (material->hint && *material->hint != hint) {
    return absl::DataLossError(
        absl::StrFormat("it names the key %s, and the key that was given is %s",
                        ShowBytes(*material->hint, hint.size(), true), hint));
  }
  if (absl::Status s = CheckPayload(bundle, trusted.key); !s.ok()) return s;
  return ModelSigner{
      .method = "key", .curve = std::string(trusted.key.curve()), .hint = hint};
}

absl::StatusOr<ModelSigner> Verify(const ModelBundle& bundle,
                                   const TrustedChain& trusted) {
  const auto* material = std::get_if<ChainMaterial>(&bundle.material);
  if (material == nullptr) return WrongMethod(bundle, "certificate");
  absl::StatusOr<CertifiedSigner> signer =
      VerifyCertificateChain(material->certificates, trusted.anchor, trusted.expected);
  if (!signer.ok()) return signer.status();
  if (absl::Status s = CheckPayload(bundle, signer->key); !s.ok()) return s;
  return ModelSigner{.method = "certificate",
                     .curve = std::string(signer->key.curve()),
                     .hint = signer->key.Hint(),
                     .names = std::move(signer->names),
                     .issuer = std::move(signer->issuer),
                     .subject = std::move(signer->subject),
                     .not_before_us = signer->not_before_us,
                     .not_after_us = signer->not_after_us};
}

absl::StatusOr<ModelSigner> Verify(const ModelBundle& bundle,
                                   const TrustedSigstore& trusted) {
  if (!std::holds_alternative<FulcioMaterial>(bundle.material)) {
    return WrongMethod(bundle, "sigstore");
  }
  absl::StatusOr<SigstoreSigner> signer =
      VerifySigstore(bundle, trusted.root, trusted.expected);
  if (!signer.ok()) return signer.status();
  return ModelSigner{.method = "sigstore",
                     .curve = std::string(signer->key.curve()),
                     .hint = signer->key.Hint(),
                     .names = {std::move(signer->identity)},
                     .issuer = std::move(signer->issuer),
                     .times_us = std::move(signer->times_us),
                     .log_url = std::move(signer->log_url),
                     .log_index = signer->log_index};
}

}  // namespace

std::string_view MethodOf(const ModelBundle& bundle) {
  if (std::holds_alternative<KeyMaterial>(bundle.material)) return "key";
  if (std::holds_alternative<ChainMaterial>(bundle.material)) return "certificate";
  return "sigstore";
}

absl::StatusOr<ModelSigner> VerifyBundleSignature(const ModelBundle& bundle,
                                                  const TrustedSigner& trusted) {
  return std::visit([&bundle](const auto& signer) { return Verify(bundle, signer); },
                    trusted);
}

}  // namespace setlog
