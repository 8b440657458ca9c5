#include "log/sha256_streams.h"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "testing.h"

namespace setlog {
namespace {

std::string Pattern(size_t size, size_t seed) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(i * 131 + i / 251 + seed * 17);
  }
  return bytes;
}

Hash ByOpenSsl(std::string_view message) {
  Hash hash;
  EXPECT_EQ(EVP_Digest(message.data(), message.size(), hash.data(), nullptr,
                       EVP_sha256(), nullptr),
            1);
  return hash;
}

// A message and its padding, and how far it is hashed.
struct Padded {
  std::string bytes;
  size_t blocks;

  explicit Padded(std::string_view message) : bytes(message) {
    bytes.resize(message.size() + kMaxSha256Padding, '\x5a');
    uint8_t* end = reinterpret_cast<uint8_t*>(bytes.data()) + message.size();
    const size_t padding = PadSha256(message.size(), end);
    EXPECT_LE(padding, kMaxSha256Padding);
    EXPECT_EQ((message.size() + padding) % kSha256BlockBytes, 0u);
    // Nothing is written after it.
    for (size_t i = message.size() + padding; i < bytes.size(); ++i) {
      EXPECT_EQ(bytes[i], '\x5a');
    }
    blocks = (message.size() + padding) / kSha256BlockBytes;
  }
};

// All at the same time, as far as the shortest goes, and the others on from there, in
// calls of at most `step` blocks.
std::vector<Hash> Digests(const Sha256LanesKernel& kernel,
                          const std::vector<std::string>& messages, size_t step) {
  std::vector<Padded> padded(messages.begin(), messages.end());
  std::vector<size_t> order(messages.size());
  std::vector<Sha256Lane> lanes;
  for (size_t i = 0; i < messages.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return padded[a].blocks > padded[b].blocks; });
  for (size_t i : order) lanes.push_back(StartSha256(AsBytes(padded[i].bytes).data()));
  size_t done = 0;
  for (size_t active = lanes.size(); active > 0; --active) {
    const size_t end = padded[order[active - 1]].blocks;
    while (done < end) {
      const size_t blocks = std::min(step, end - done);
      kernel.compress(std::span(lanes).first(active), blocks);
      done += blocks;
    }
    EXPECT_EQ(lanes[active - 1].data,
              AsBytes(padded[order[active - 1]].bytes).data() + 64 * end);
  }
  std::vector<Hash> digests(messages.size());
  for (size_t i = 0; i < order.size(); ++i) digests[order[i]] = DigestOf(lanes[i]);
  return digests;
}

TEST(Sha256StreamsTest, ThePortableKernelIsLastAndTheFirstIsTheDefault) {
  EXPECT_STREQ(Sha256LanesKernels().back().name, "openssl");
  const std::string message = Pattern(64, 1);
  Sha256Lane by_default = StartSha256(AsBytes(message).data()), by_first = by_default;
  CompressLanes({&by_default, 1}, 1);
  Sha256LanesKernels()[0].compress({&by_first, 1}, 1);
  EXPECT_EQ(DigestOf(by_default), DigestOf(by_first));
}

TEST(Sha256StreamsTest, EveryKernelMatchesOpenSslForEveryLength) {
  for (const Sha256LanesKernel& kernel : Sha256LanesKernels()) {
    for (size_t length = 0; length <= 300; ++length) {
      for (size_t count : {1, 2, 3, 4, 5, 11, 16, 32}) {
        std::vector<std::string> messages;
        for (size_t i = 0; i < count; ++i) messages.push_back(Pattern(length, i));
        const std::vector<Hash> digests = Digests(kernel, messages, 1000);
        for (size_t i = 0; i < count; ++i) {
          ASSERT_EQ(digests[i], ByOpenSsl(messages[i]))
              << kernel.name << ", " << i << " of " << count << ", " << length;
        }
      }
    }
  }
}

TEST(Sha256StreamsTest, EveryKernelMatchesOpenSslForEveryNumberOfUnequalMessages) {
  for (const Sha256LanesKernel& kernel : Sha256LanesKernels()) {
    for (size_t count = 0; count <= 70; ++count) {
      for (size_t step : {1, 3, 1000}) {
        std::vector<std::string> messages;
        for (size_t i = 0; i < count; ++i) {
          messages.push_back(Pattern(i * i * 7 % 1009 + (i % 13 == 5 ? 5000 : 0), i));
        }
        const std::vector<Hash> digests = Digests(kernel, messages, step);
        for (size_t i = 0; i < count; ++i) {
          ASSERT_EQ(digests[i], ByOpenSsl(messages[i]))
              << kernel.name << ", " << i << " of " << count;
        }
      }
    }
  }
}

TEST(Sha256StreamsTest, NoBlocksChangeNothing) {
  for (const Sha256LanesKernel& kernel : Sha256LanesKernels()) {
    std::vector<Sha256Lane> lanes(33, StartSha256(nullptr));
    kernel.compress(lanes, 0);
    for (const Sha256Lane& lane : lanes) {
      EXPECT_EQ(DigestOf(lane), DigestOf(StartSha256(nullptr))) << kernel.name;
      EXPECT_EQ(lane.data, nullptr);
    }
  }
}

TEST(Sha256StreamsTest, ThePaddingHasTheLengthInBits) {
  // Of a message that is longer than any test can hash.
  std::vector<uint8_t> end(kMaxSha256Padding);
  const uint64_t bytes = (uint64_t{1} << 60) + 3;
  ASSERT_EQ(PadSha256(bytes, end.data()), 61u);
  EXPECT_EQ(end[0], 0x80);
  EXPECT_EQ(ReadU64(Bytes(end).subspan(53, 8)), 8 * bytes);
}

}  // namespace
}  // namespace setlog
