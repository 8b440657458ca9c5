#include "log/successor.h"

#include "log/entry.h"
#include "log/origin.h"
#include "testing.h"

namespace setlog {
namespace {

VerifierKey KeyOf(const std::string& origin, uint8_t byte = 1) {
  const Ed25519PrivateKey key =
      Ed25519PrivateKey::FromSeed(AsBytes(std::string(32, static_cast<char>(byte))))
          .value();
  return MakeVerifierKey(origin, SignatureType::kEd25519, key.PublicKey()).value();
}

TEST(SuccessorTest, EveryKeyThatFitsIsReadBackFromItsTag) {
  for (int byte = 0; byte < 256; ++byte) {  // all characters of base64
    const VerifierKey key = KeyOf("example.org/A_b.c-9", static_cast<uint8_t>(byte));
    const absl::StatusOr<std::string> tag = SuccessorTag(key);
    ASSERT_OK(tag);
    EXPECT_OK(CheckTagName(*tag));
    EXPECT_EQ(SuccessorNamed(*tag), key);
    EXPECT_OK(CheckSuccessorTag(*tag, "example.org/old"));
  }
}

TEST(SuccessorTest, AnOriginOf191BytesFitsAndNoLongerOne) {
  const std::string fits = "example.org/" + std::string(179, 'a');
  ASSERT_EQ(fits.size(), 191u);
  ASSERT_OK(CheckOrigin(fits + "a"));
  EXPECT_EQ(SuccessorTag(KeyOf(fits))->size(), 255u);
  EXPECT_STATUS(SuccessorTag(KeyOf(fits + "a")), absl::StatusCode::kInvalidArgument,
                "at most 191 bytes");
  EXPECT_STATUS(SuccessorTag(KeyOf("example.org/~a")),
                absl::StatusCode::kInvalidArgument, "no `~`");
}

TEST(SuccessorTest, WhatOnlyLooksLikeASuccessorIsNone) {
  const std::string tag = *SuccessorTag(KeyOf("example.org/b"));
  for (size_t i = 0; i < tag.size(); ++i) {
    EXPECT_EQ(SuccessorNamed(tag.substr(0, i)), std::nullopt);
    std::string other = tag;
    other[i] ^= 1;
    EXPECT_EQ(SuccessorNamed(other), std::nullopt) << other;
  }
  EXPECT_EQ(SuccessorNamed(tag + "A"), std::nullopt);
  const VerifierKey witness =
      MakeVerifierKey("example.org/b", SignatureType::kCosignature,
                      KeyOf("example.org/b").key)
          .value();
  const VerifierKey no_origin = KeyOf("Example.org/b");
  for (const VerifierKey& key : {witness, no_origin}) {
    const std::string name = std::string(kSuccessorPrefix) + FormatVkey(key);
    EXPECT_EQ(SuccessorNamed(name), std::nullopt);
    EXPECT_STATUS(CheckSuccessorTag(name, "example.org/a"),
                  absl::StatusCode::kInvalidArgument, "choose another name");
  }
  EXPECT_OK(CheckSuccessorTag("successor", "example.org/a"));
  EXPECT_OK(CheckSuccessorTag("v1/successor/x", "example.org/a"));
  EXPECT_STATUS(CheckSuccessorTag(tag, "example.org/b"),
                absl::StatusCode::kInvalidArgument, "its own successor");
}

TEST(SuccessorTest, TheNextManifestSaysTheSameOfRecordsAndNamesItsParent) {
  Manifest old;
  old.origin = "example.org/a";
  old.scheme = "json/1";
  old.title = "A";
  old.license = "MIT";
  old.fields = std::vector<std::string>{"x"};
  old.private_reads = true;
  old.parent = ParentVersion{"example.org/0", "k", 1, {}};
  const ParentVersion parent{"example.org/a", "vkey", 7, {}};
  const Manifest next = ManifestAfter(old, "example.org/b", parent);
  EXPECT_EQ(next.origin, "example.org/b");
  EXPECT_EQ(next.parent, parent);
  EXPECT_TRUE(SameRecords(old, next));
  Manifest back = next;
  back.origin = old.origin;
  back.parent = old.parent;
  EXPECT_EQ(back, old);
  Manifest other = next;
  other.fields->push_back("y");
  EXPECT_FALSE(SameRecords(next, other));
  other = next;
  other.scheme = "text/1";
  EXPECT_FALSE(SameRecords(next, other));
}

}  // namespace
}  // namespace setlog
