// What a server answers about a private log, over a real socket: lookups by label whose
// length does not tell their verdict.
#include <set>

#include "log/vrf.h"
#include "server_fixture.h"

namespace setlog {
namespace {

class PrivateAnswersTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Manifest manifest{.origin = kOrigin, .scheme = "bytes/1"};
    manifest.labels = VrfLabels{std::string(kVrfSuite),
                                VrfSecretKey::Generate()->PublicKey().bytes()};
    ASSERT_TRUE(Create(*FormatManifest(manifest)).ok());
  }
  v1::LookupResponse Ask(const Version& version, const Hash& label, uint64_t size) {
    v1::LookupRequest request;
    request.set_origin(kOrigin);
    request.set_record(std::string(AsText(label)));
    request.set_index_size(version.index.m);
    request.set_size(size);
    grpc::ClientContext context;
    v1::LookupResponse response;
    EXPECT_TRUE(reader_->Lookup(&context, request, &response).ok());
    return response;
  }
};

std::vector<Hash> Labels(uint64_t begin, uint64_t end) {
  std::vector<Hash> labels;
  for (uint64_t i = begin; i < end; ++i) labels.push_back(Record(i));
  return labels;
}

TEST_F(PrivateAnswersTest, AnswersOfAllVerdictsHaveOneLength) {
  ASSERT_OK(Append(std::string(16, 'a'), Labels(0, 3000)));
  const auto removed = Append(std::string(16, 'b'), Labels(0, 100), /*remove=*/true);
  ASSERT_OK(removed);
  const Version version = Indexed(removed->end() - 1);
  std::set<size_t> padded;
  std::set<size_t> bare;
  for (const uint64_t i : {0, 1, 99, 100, 101, 2999, 3000, 3001, 5000}) {
    const v1::LookupResponse answer = Ask(version, Record(i), version.checkpoint.size);
    EXPECT_EQ(answer.has_added(), i < 3000);
    EXPECT_EQ(answer.has_removed(), i < 100);
    padded.insert(answer.ByteSizeLong());
    v1::LookupResponse unpadded = answer;
    unpadded.clear_padding();
    bare.insert(unpadded.ByteSizeLong());
  }
  EXPECT_EQ(padded, std::set<size_t>({4096}));
  EXPECT_GE(bare.size(), 3u) << "there is nothing to hide";
  // Without entries they differ by the tree alone.
  EXPECT_TRUE(Ask(version, Record(0), 0).padding().empty());
}

}  // namespace
}  // namespace setlog
