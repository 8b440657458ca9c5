// Secret keys in their text form: one text a key, and no error that tells it.
#include <set>
#include <string>

#include "fuzz/law.h"
#include "log/skey.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  RoundTrip(text, ParseSkey, FormatSkey);
  const absl::StatusOr<SigningKey> key = ParseSkey(text);
  if (!key.ok()) {
    // There are few messages, so none of them depends on what was read. Only a name
    // that is none is quoted, and that of a text whose secret is elsewhere.
    static std::set<std::string> messages;
    const std::string message(key.status().message());
    if (!message.starts_with("key name")) messages.insert(message);
    Law(messages.size() <= 8, "an error quotes no secret");
    return 0;
  }
  const Ed25519Signature signature = key->key.Sign(AsBytes("m"));
  Law(key->key.PublicKey().Verify(AsBytes("m"), signature).ok(), "a key signs");
  const std::string vkey = FormatVkey(key->Verifier(SignatureType::kEd25519));
  Law(ParseVkey(vkey).ok(), "its public half is a vkey");
  return 0;
}
