// Encrypted VRF keys in their text form: one text a key, and never a cost above the
// bounds. Only parsed: what a passphrase costs is not for a fuzzer.
#include "fuzz/law.h"
#include "log/sealed_vrf_skey.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  RoundTrip(text, ParseSealedVrfSkey, FormatSealedVrfSkey);
  const absl::StatusOr<SealedVrfSkey> sealed = ParseSealedVrfSkey(text);
  if (!sealed.ok()) return 0;
  Law(IsSealedVrfSkey(text), "it is known by its first bytes");
  const PassphraseCost& cost = sealed->cost;
  Law(cost.passes > 0 && cost.mebibytes > 0, "a passphrase costs something");
  Law(cost.mebibytes <= kMaxPassphraseMebibytes, "and no more memory than the bound");
  Law(uint64_t{cost.passes} * cost.mebibytes <= kMaxPassphraseWork, "and no more work");
  Law(VrfPublicKey::Parse(sealed->public_key.bytes()).ok(), "its public key is one");
  return 0;
}
