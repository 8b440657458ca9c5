#include "http/gzip.h"

#include <zlib.h>

#include <random>

#include "testing.h"

namespace setlog {
namespace {

TEST(AcceptsGzipTest, FollowsTheHeadersOfRfc9110) {
  for (const char* header :
       {"gzip", "GZIP", "x-gzip", "deflate, gzip", "gzip;q=1.0", "gzip ; q=0.001",
        "br;q=1, gzip;q=0.5", "*", "identity;q=0, *;q=0.1", "\tgzip\t", ",gzip,"}) {
    EXPECT_TRUE(AcceptsGzip(header)) << header;
  }
  for (const char* header : {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0",
                             "gzip;q=0, *", "gzipped", "not-gzip",
                             "gzip;q=", "gzip;q=x", "gzip;level=1", ";gzip", "g zip"}) {
    EXPECT_FALSE(AcceptsGzip(header)) << header;
  }
}

TEST(GzipTest, UnpacksToTheSameBytes) {
  std::mt19937 random(1);
  for (const size_t size : {0, 1, 100, 70000, 1 << 20}) {
    for (const unsigned kinds : {1U, 7U, 256U}) {
      std::string bytes(size, 0);
      for (char& byte : bytes) byte = static_cast<char>(random() % kinds);
      const std::string packed = Gzip(bytes);
      EXPECT_EQ(packed, Gzip(bytes));
      std::string unpacked(size + 1, 0);
      z_stream stream{};
      ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
      stream.avail_in = static_cast<uInt>(packed.size());
      stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
      stream.avail_out = static_cast<uInt>(unpacked.size());
      ASSERT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
      unpacked.resize(stream.total_out);
      EXPECT_EQ(stream.avail_in, 0u);
      inflateEnd(&stream);
      EXPECT_EQ(unpacked, bytes);
    }
  }
}

}  // namespace
}  // namespace setlog
