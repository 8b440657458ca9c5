// Secret keys in their text form: one text a key, and no error that tells it.
#include "fuzz/law.h"
#include "log/skey.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  RoundTrip(text, ParseSkey, FormatSkey);
  const absl::StatusOr<SigningKey> key = ParseSkey(text);
  if (!key.ok()) {
    // Eight bytes of it in an error could be eight bytes of a seed.
    const std::string message(key.status().message());
    const size_t last = text.rfind('+');
    for (size_t i = last == text.npos ? text.size() : last; i + 8 <= text.size(); ++i) {
      Law(message.find(text.substr(i, 8)) == message.npos, "an error quotes no secret");
    }
    return 0;
  }
  const Ed25519Signature signature = key->key.Sign(AsBytes("m"));
  Law(key->key.PublicKey().Verify(AsBytes("m"), signature).ok(), "a key signs");
  const std::string vkey = FormatVkey(key->Verifier(SignatureType::kEd25519));
  Law(ParseVkey(vkey).ok(), "its public half is a vkey");
  return 0;
}
