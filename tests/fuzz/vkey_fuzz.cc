// Public keys in their text form: one text a key, and only keys that are safe to have.
#include <algorithm>
#include <array>

#include "fuzz/law.h"
#include "log/base64.h"
#include "log/ed25519.h"
#include "log/note_text.h"
#include "log/sha256.h"
#include "log/vkey.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  const std::string_view text = AsText({data, size});
  RoundTrip(text, ParseVkey, FormatVkey);
  if (const absl::StatusOr<VerifierKey> key = ParseVkey(text); key.ok()) {
    Law(CheckKeyName(key->name).ok(), "a key's name is allowed");
    std::string hashed = key->name + "\n";
    hashed.push_back(static_cast<char>(key->type));
    hashed += AsText(key->key.bytes());
    Law(key->id >> 24 == Sha256(AsBytes(hashed)).bytes[0], "its ID is its hash");
  }
  // The last bytes as the point of a key whose text is otherwise right.
  if (size < Ed25519PublicKey::kSize) return 0;
  const Bytes point(data + size - Ed25519PublicKey::kSize, Ed25519PublicKey::kSize);
  const absl::StatusOr<Ed25519PublicKey> key = Ed25519PublicKey::Parse(point);
  if (!key.ok()) return 0;
  Law(std::ranges::equal(key->bytes(), point), "a point has one encoding");
  // Of small order it would be (0, 0) = R, s of half of all messages.
  const std::array<uint8_t, 64> nothing{};
  Law(!key->Verify(AsBytes("m"), nothing).ok(), "zeros sign nothing");
  return 0;
}
