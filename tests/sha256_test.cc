#include "log/sha256.h"

#include <sys/mman.h>

#include <vector>

#include "testing.h"

namespace setlog {
namespace {

TEST(Sha256Test, MatchesFips180Examples) {
  EXPECT_EQ(ToHex(Sha256(Bytes())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToHex(Sha256(AsBytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256({AsBytes("a"), AsBytes(""), AsBytes("bc")}), Sha256(AsBytes("abc")));
}

const Sha256Kernel& Portable() { return Sha256Kernels().back(); }

std::vector<uint8_t> Pattern(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 131 + i / 251);
  return bytes;
}

// The digests by `kernel`, and that it wrote nothing after them.
std::vector<Hash> Digests(const Sha256Kernel& kernel, Bytes prefix,
                          const uint8_t* bodies, size_t body_bytes, size_t count) {
  std::vector<Hash> out(count + 1);
  const Hash guard = {{1, 2, 3}};
  out[count] = guard;
  kernel.hash_many(prefix, bodies, body_bytes, count, out.data());
  EXPECT_EQ(out[count], guard) << kernel.name;
  out.pop_back();
  return out;
}

TEST(Sha256Test, ThePortableKernelIsLastAndHashesOneByOne) {
  EXPECT_STREQ(Portable().name, "openssl");
  EXPECT_EQ(
      Digests(Portable(), AsBytes("a"), AsBytes("bcxy").data(), 2, 1)[0],
      *HashFromHex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

TEST(Sha256Test, EveryKernelMatchesThePortableOneForEveryLengthOfBatch) {
  const std::vector<uint8_t> bytes = Pattern(70 * 70 + 1);
  const std::string prefixes[] = {"", "\x01", "\x11\x22", std::string("\0\x01\x02", 3)};
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    for (const std::string& prefix : prefixes) {
      for (size_t body_bytes : {32, 33, 49, 64, 65, 66}) {
        for (size_t count = 0; count <= 70; ++count) {
          const uint8_t* bodies = bytes.data() + count % 2;  // unaligned, too
          ASSERT_EQ(Digests(kernel, AsBytes(prefix), bodies, body_bytes, count),
                    Digests(Portable(), AsBytes(prefix), bodies, body_bytes, count))
              << kernel.name << ", " << count << " of " << body_bytes << " bytes after "
              << prefix.size();
        }
      }
    }
  }
}

TEST(Sha256Test, EmptyBodiesMayBeNull) {
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    for (size_t count : {1, 2, 3, 10, 11, 16, 40}) {
      EXPECT_EQ(Digests(kernel, AsBytes("\x11"), nullptr, 0, count),
                std::vector<Hash>(count, Sha256(AsBytes("\x11"))))
          << kernel.name << ", " << count;
    }
  }
}

TEST(Sha256Test, EveryKernelMatchesThePortableOneForEveryLengthOfMessage) {
  const std::vector<uint8_t> bytes = Pattern(70 * 300 + 1);
  const std::string prefixes[] = {"", "\x01", "\x11\x22", "abc", "longer than three"};
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    for (const std::string& prefix : prefixes) {
      for (size_t body_bytes = 0; body_bytes <= 300; ++body_bytes) {
        for (size_t count : {1, 2, 3, 5, 12, 16, 33, 70}) {
          ASSERT_EQ(
              Digests(kernel, AsBytes(prefix), bytes.data() + 1, body_bytes, count),
              Digests(Portable(), AsBytes(prefix), bytes.data() + 1, body_bytes, count))
              << kernel.name << ", " << count << " of " << body_bytes << " bytes after "
              << prefix.size();
        }
      }
    }
  }
}

TEST(Sha256Test, DigestsMayOverwriteTheirBodies) {
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    for (size_t body_bytes : {32, 33, 64, 65, 200}) {
      for (size_t count : {1, 2, 3, 4, 7, 11, 16, 17, 31, 32, 43, 64, 70}) {
        std::vector<uint8_t> bytes = Pattern(count * body_bytes);
        const std::vector<Hash> apart =
            Digests(kernel, AsBytes("\x01"), bytes.data(), body_bytes, count);
        Hash* in_place = reinterpret_cast<Hash*>(bytes.data());
        kernel.hash_many(AsBytes("\x01"), bytes.data(), body_bytes, count, in_place);
        ASSERT_EQ(std::vector<Hash>(in_place, in_place + count), apart)
            << kernel.name << ", " << count << " of " << body_bytes;
      }
    }
  }
}

TEST(Sha256Test, PairsAreMessagesInThreeParts) {
  const std::vector<uint8_t> bytes = Pattern(32 * 141);
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    for (size_t count = 0; count <= 70; ++count) {
      std::vector<HashPair> pairs;
      std::vector<Hash> expected;
      for (size_t i = 0; i < count; ++i) {
        const uint8_t* left = bytes.data() + 32 * i + i % 3;
        const uint8_t* right = bytes.data() + 32 * (139 - i) + i % 5;
        pairs.push_back({left, right, static_cast<uint8_t>(i * 37)});
        const uint8_t head[] = {0x11, pairs[i].tag};
        std::string message(AsText(head));
        message += AsText({left, 32});
        message += AsText({right, 32});
        expected.push_back(Digests(Portable(), Bytes(), AsBytes(message).data(),
                                   message.size(), 1)[0]);
      }
      std::vector<Hash> out(count + 1);
      kernel.hash_pairs(0x11, pairs, out.data());
      EXPECT_EQ(out.back(), Hash()) << kernel.name;
      out.pop_back();
      ASSERT_EQ(out, expected) << kernel.name << ", " << count;
    }
  }
}

// A page between two that cannot be touched.
class LonePage {
 public:
  LonePage() {
    pages_ = static_cast<uint8_t*>(
        ::mmap(nullptr, 3 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_EQ(::mprotect(pages_ + kPage, kPage, PROT_READ | PROT_WRITE), 0);
  }
  ~LonePage() { ::munmap(pages_, 3 * kPage); }
  static constexpr size_t kPage = 65536;
  uint8_t* begin() const { return pages_ + kPage; }
  uint8_t* end() const { return pages_ + 2 * kPage; }

 private:
  uint8_t* pages_;
};

TEST(Sha256Test, NothingBeforeOrAfterTheBodiesIsRead) {
  const LonePage page;
  for (const Sha256Kernel& kernel : Sha256Kernels()) {
    for (size_t body_bytes : {1, 4, 32, 33, 61, 62, 63, 64, 65, 66, 119, 200}) {
      for (size_t count : {1, 2, 3, 11, 16, 20, 32, 43, 64}) {
        const size_t size = body_bytes * count;
        const auto at_begin =
            Digests(kernel, AsBytes("\x01"), page.begin(), body_bytes, count);
        const auto at_end =
            Digests(kernel, AsBytes("\x01"), page.end() - size, body_bytes, count);
        ASSERT_EQ(at_begin, at_end) << kernel.name;  // all bytes are zero
      }
    }
    for (size_t count : {1, 3, 16, 32}) {
      const HashPair pair = {page.begin(), page.end() - 32, 7};
      std::vector<Hash> out(count);
      kernel.hash_pairs(0x11, std::vector<HashPair>(count, pair), out.data());
      EXPECT_EQ(out.front(), out.back());
    }
  }
}

TEST(Sha256Test, TheDigestOfPartsIsThatOfTheirConcatenation) {
  const std::vector<uint8_t> bytes = Pattern(400);
  for (size_t size = 0; size <= 400; ++size) {
    const Bytes all(bytes.data(), size);
    const Hash expected = Digests(Portable(), Bytes(), bytes.data(), size, 1)[0];
    ASSERT_EQ(Sha256(all), expected) << size;
    for (size_t cut : {size_t{0}, size / 3, size}) {
      ASSERT_EQ(Sha256({all.first(cut), Bytes(), all.subspan(cut)}), expected) << size;
    }
  }
}

TEST(BytesTest, HexIsStrict) {
  const std::string hex = ToHex(Sha256(AsBytes("abc")));
  EXPECT_EQ(HashFromHex(hex), Sha256(AsBytes("abc")));
  EXPECT_FALSE(HashFromHex(hex.substr(1)));
  EXPECT_FALSE(HashFromHex(hex + "00"));
  EXPECT_FALSE(BytesFromHex("0"));
  EXPECT_FALSE(BytesFromHex("0G"));
  EXPECT_FALSE(BytesFromHex("AB"));
  EXPECT_FALSE(BytesFromHex(" a"));
  EXPECT_EQ(BytesFromHex(""), "");
}

TEST(BytesTest, IntegersAreBigEndian) {
  std::string bytes;
  AppendU64(&bytes, 0x0102030405060708);
  EXPECT_EQ(ToHex(AsBytes(bytes)), "0102030405060708");
  EXPECT_EQ(ReadU64(AsBytes(bytes)), 0x0102030405060708u);
}

}  // namespace
}  // namespace setlog
