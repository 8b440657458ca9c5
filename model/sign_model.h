// model/sign_model.h -- from a model's digests to the bytes of its signature file.
//
//   const ModelStatement statement = StatementOf(tree, hashed.resources, how);
//   absl::StatusOr<std::string> file = SignModel(statement, key, KeyMaterial{hint});
//
// What is written is read again and verified as its reader will: no bytes come back
// that a verifier of this library would refuse today. Whether it believes the chain's
// root is its own affair. Pure, but for the clock and the signature's randomness.
#ifndef SETLOG_MODEL_SIGN_MODEL_H_
#define SETLOG_MODEL_SIGN_MODEL_H_

#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "model/bundle.h"
#include "model/ecdsa_key.h"
#include "model/model_tree.h"
#include "model/statement.h"

namespace setlog {

// `resources` in ResourceNameLess order.
ModelStatement StatementOf(const ModelTree& tree, std::vector<ModelResource> resources,
                           const Serialization& how);

// As model_signing 1.1 names it, which verifies nothing else: a single file is ".".
void NameAsPython(const ModelTree& tree, ModelStatement& statement);

using SignerMaterial = std::variant<KeyMaterial, ChainMaterial>;

// What no signature could mend, for who does not want to hash first: InvalidArgument
// for a chain that would not be accepted at `now_us`, or is not of this key. SignModel
// asks, too.
absl::Status CheckSigner(const EcdsaPublicKey& key, const SignerMaterial& material,
                         int64_t now_us);

// Line feed at the end. InvalidArgument, saying why, for a statement that would not be
// accepted, one over kMaxModelBundleBytes, a hint that is not the key's, a key that is
// not that of the chain's first certificate, and a chain that does not hold now
// (expired, not yet valid, not for signatures, too long).
absl::StatusOr<std::string> SignModel(const ModelStatement& statement,
                                      const EcdsaPrivateKey& key,
                                      const SignerMaterial& material);

}  // namespace setlog

#endif  // SETLOG_MODEL_SIGN_MODEL_H_
