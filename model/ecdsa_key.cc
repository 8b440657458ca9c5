#include "model/ecdsa_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"
#include "log/sha256.h"
#include "model/openssl_pointer.h"
#include "model/pem_blocks.h"

namespace setlog {
namespace {

using DigestContext = OpensslPointer<EVP_MD_CTX, EVP_MD_CTX_free>;
using KeyContext = OpensslPointer<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using SignaturePointer = OpensslPointer<ECDSA_SIG, ECDSA_SIG_free>;

struct Curve {
  std::string_view openssl_name;
  std::string_view name;
  const EVP_MD* (*hash)();
};
constexpr std::array<Curve, 3> kCurves = {{{"prime256v1", "P-256", EVP_sha256},
                                           {"secp384r1", "P-384", EVP_sha384},
                                           {"secp521r1", "P-521", EVP_sha512}}};

absl::Status RefusedKey(std::string_view why) {
  ERR_clear_error();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s; a key for models is ECDSA on P-256, P-384 or P-521", why));
}

std::string TextParameter(const EVP_PKEY* key, const char* parameter) {
  std::array<char, 64> text{};
  if (EVP_PKEY_get_utf8_string_param(key, parameter, text.data(), text.size(),
                                     nullptr) != 1) {
    return "";
  }
  return text.data();
}

// nullptr if the key is of none of them.
const Curve* CurveOf(const EVP_PKEY* key) {
  const std::string name = TextParameter(key, OSSL_PKEY_PARAM_GROUP_NAME);
  const auto* found =
      std::find_if(kCurves.begin(), kCurves.end(),
                   [&](const Curve& curve) { return curve.openssl_name == name; });
  return found == kCurves.end() ? nullptr : found;
}

// A curve written out as numbers may be another than it seems; a point may be written
// in three ways, and only one gives the key its one PEM.
absl::Status CheckKey(const EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) {
    const char* type = EVP_PKEY_get0_type_name(key);
    return RefusedKey(absl::StrFormat("a key of type %s", type ? type : "unknown"));
  }
  int is_explicit = 0;
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                         &is_explicit);
  if (is_explicit != 0) return RefusedKey("a key whose curve has no name, but numbers");
  if (CurveOf(key) == nullptr) {
    const std::string name = TextParameter(key, OSSL_PKEY_PARAM_GROUP_NAME);
    return RefusedKey(absl::StrFormat("a key on the curve %s", name));
  }
  if (TextParameter(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT) !=
      OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) {
    return RefusedKey(
        "a key whose point is compressed (openssl ec -conv_form uncompressed writes "
        "it in full)");
  }
  return absl::OkStatus();
}

// Whether `signature` is the one DER form of two integers.
bool IsDerSignature(Bytes signature) {
  const unsigned char* at = signature.data();
  const SignaturePointer parsed(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature.size())));
  return parsed != nullptr && DerOf(i2d_ECDSA_SIG, parsed.get()) == AsText(signature);
}

struct Passphrase {
  std::string_view text;
  bool asked = false;
};

// Called by OpenSSL for an encrypted key. Without a passphrase it fails: nobody is ever
// asked at a terminal.
int GivePassphrase(char* buffer, int capacity, int /*writing*/, void* argument) {
  auto* passphrase = static_cast<Passphrase*>(argument);
  passphrase->asked = true;
  const size_t size = passphrase->text.size();
  if (size == 0 || size > static_cast<size_t>(capacity)) return -1;
  std::ranges::copy(passphrase->text, buffer);
  return static_cast<int>(size);
}

absl::Status NotOpened(const Passphrase& passphrase) {
  ERR_clear_error();
  if (!passphrase.asked) {
    return RefusedKey("not a private key in PEM (PKCS#8 or SEC 1)");
  }
  if (passphrase.text.empty()) {
    return absl::FailedPreconditionError(
        "the private key is encrypted, and no passphrase was given");
  }
  return absl::PermissionDeniedError(
      "the private key does not open: the passphrase is wrong, or the key is damaged");
}

}  // namespace

absl::StatusOr<EcdsaPublicKey> EcdsaPublicKey::FromPem(std::string_view pem) {
  const absl::StatusOr<std::vector<PemBlock>> blocks = ReadPemBlocks(pem);
  if (!blocks.ok()) return RefusedKey(std::string(blocks.status().message()));
  const PemBlock& block = blocks->front();
  if (blocks->size() != 1 || block.label != "PUBLIC KEY") {
    return RefusedKey(
        "one block \"PUBLIC KEY\" is needed (openssl pkey -pubout writes it)");
  }
  return FromDer(AsBytes(block.der));
}

absl::StatusOr<EcdsaPublicKey> EcdsaPublicKey::FromDer(Bytes spki) {
  const unsigned char* at = spki.data();
  std::shared_ptr<EVP_PKEY> key(
      d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())), EVP_PKEY_free);
  if (key == nullptr) return RefusedKey("not the bytes of a public key");
  if (absl::Status s = CheckKey(key.get()); !s.ok()) return s;
  if (DerOf(i2d_PUBKEY, key.get()) != AsText(spki)) {
    return RefusedKey("a public key that is not in DER");
  }
  ERR_clear_error();
  return EcdsaPublicKey(std::move(key));
}

absl::Status EcdsaPublicKey::Verify(Bytes message, Bytes signature) const {
  if (!IsDerSignature(signature)) {
    ERR_clear_error();
    return absl::InvalidArgumentError("not an ECDSA signature in DER");
  }
  const DigestContext context(EVP_MD_CTX_new());
  const bool verified =
      EVP_DigestVerifyInit(context.get(), nullptr, CurveOf(key_.get())->hash(), nullptr,
                           key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                       message.data(), message.size()) == 1;
  ERR_clear_error();
  if (verified) return absl::OkStatus();
  return absl::DataLossError("the signature is not by this key over these bytes");
}

std::string EcdsaPublicKey::ToPem() const {
  const BioPointer bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key_.get());
  return TextOf(bio.get());
}

std::string EcdsaPublicKey::Hint() const { return ToHex(Sha256(AsBytes(ToPem()))); }

std::string_view EcdsaPublicKey::curve() const { return CurveOf(key_.get())->name; }

absl::StatusOr<EcdsaPrivateKey> EcdsaPrivateKey::FromPem(std::string_view pem,
                                                         std::string_view passphrase) {
  const BioPointer bio = ReadOnlyBio(pem);
  Passphrase given{passphrase};
  std::shared_ptr<EVP_PKEY> key(
      bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassphrase, &given)
          : nullptr,
      EVP_PKEY_free);
  if (key == nullptr) return NotOpened(given);
  if (absl::Status s = CheckKey(key.get()); !s.ok()) return s;
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (EVP_PKEY_check(context.get()) != 1) {
    return RefusedKey("a private key whose public half is another's");
  }
  ERR_clear_error();
  return EcdsaPrivateKey(std::move(key));
}

absl::StatusOr<std::string> EcdsaPrivateKey::Sign(Bytes message) const {
  const DigestContext context(EVP_MD_CTX_new());
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, CurveOf(key_.get())->hash(), nullptr,
                         key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                     &size, message.data(), message.size()) != 1) {
    ERR_clear_error();
    return absl::InternalError("OpenSSL could not sign");
  }
  signature.resize(size);
  return signature;
}

EcdsaPublicKey EcdsaPrivateKey::public_key() const { return EcdsaPublicKey(key_); }

}  // namespace setlog
