// The Prover service of a setlogd that holds VRF keys, over a real socket: who is
// answered, what is right, and what is refused.
#include "server/prover_service.h"

#include <set>

#include "log/vrf.h"
#include "log/vrf_pad.h"
#include "server/vrf_keys.h"
#include "server_fixture.h"
#include "setlog/v1/admin.grpc.pb.h"

namespace setlog {
namespace {

using grpc::StatusCode;

constexpr char kPlain[] = "example.org/plain";
constexpr char kHidden[] = "example.org/hidden";  // private reads too
constexpr char kKeyless[] = "example.org/elsewhere";

std::string PrivateManifest(const std::string& origin, const Hash& public_key,
                            bool private_reads = false) {
  Manifest manifest;
  manifest.origin = origin;
  manifest.scheme = "bytes/1";
  manifest.labels = VrfLabels{std::string(kVrfSuite), public_key};
  manifest.private_reads = private_reads;
  return *FormatManifest(manifest);
}

// A log with the server's first key, one with the second that is not public, one with a
// key that the server has not, and a plain one.
class ProverServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    std::vector<VrfSecretKey> keys;
    for (VrfSecretKey* key : {&key_, &hidden_key_}) {
      keys.push_back(*VrfSecretKey::FromBytes(key->Scalar()));
    }
    keys_ = *VrfKeys::Of(std::move(keys));
    ServerTest::SetUp();
    Connect();
    ASSERT_TRUE(Create(PrivateManifest(kOrigin, PublicKey(key_))).ok());
    ASSERT_TRUE(Create(PrivateManifest(kHidden, PublicKey(hidden_key_), true)).ok());
    ASSERT_TRUE(Create(PrivateManifest(kKeyless, PublicKey(foreign_key_))).ok());
    ASSERT_TRUE(Create(ManifestOf(kPlain)).ok());
  }
  void Configure(ServerOptions* options) override {
    options->vrf_keys = &keys_;
    options->prove_budget = budget_;
    options->limits = limits_;
  }
  void Restart() {
    prover_.reset();
    StopServer();
    StartServer();
    Connect();
  }
  void Connect() { prover_ = v1::Prover::NewStub(channel_); }
  static const Hash& PublicKey(const VrfSecretKey& key) {
    return key.PublicKey().bytes();
  }

  std::unique_ptr<grpc::ClientContext> Context(const std::string& token) const {
    auto context = std::make_unique<grpc::ClientContext>();
    if (!token.empty()) context->AddMetadata("authorization", "Bearer " + token);
    return context;
  }
  grpc::Status Prove(const std::string& origin, const std::string& records,
                     const std::string& token, v1::ProveResponse* response) {
    v1::ProveRequest request;
    request.set_origin(origin);
    request.set_records(records);
    return prover_->Prove(Context(token).get(), request, response);
  }
  grpc::Status Prove(const std::string& origin, const std::string& records,
                     const std::string& token) {
    v1::ProveResponse response;
    return Prove(origin, records, token, &response);
  }
  grpc::Status Label(const v1::LabelRequest& request, const std::string& token,
                     v1::LabelResponse* response) {
    return prover_->Label(Context(token).get(), request, response);
  }
  grpc::Status Label(const v1::LabelRequest& request, const std::string& token) {
    v1::LabelResponse response;
    return Label(request, token, &response);
  }
  v1::CreateTokenResponse MakeToken(const std::string& origins,
                                    const std::vector<v1::Verb>& verbs,
                                    std::optional<Budget> budget = {}) {
    const auto admin = v1::Admin::NewStub(channel_);
    v1::CreateTokenRequest request;
    request.set_origins(origins);
    for (v1::Verb verb : verbs) request.add_verbs(verb);
    request.set_lifetime_us(3'600'000'000);
    if (budget) {
      request.mutable_prove_budget()->set_records(budget->records);
      request.mutable_prove_budget()->set_period_us(budget->period_us);
    }
    v1::CreateTokenResponse response;
    EXPECT_TRUE(admin->CreateToken(Context(token_).get(), request, &response).ok());
    return response;
  }
  std::string Token(const std::string& origins, v1::Verb verb) {
    return MakeToken(origins, {verb}).secret();
  }

  VrfSecretKey key_ = *VrfSecretKey::Generate();
  VrfSecretKey hidden_key_ = *VrfSecretKey::Generate();
  const VrfSecretKey foreign_key_ = *VrfSecretKey::Generate();
  VrfKeys keys_;
  Budget budget_{1000, int64_t{3600} * 1'000'000};
  Limits limits_;
  std::unique_ptr<v1::Prover::Stub> prover_;
};

std::string Concat(uint64_t begin, uint64_t end) {
  return ConcatHashes(Records(begin, end));
}

TEST_F(ProverServiceTest, ProofsAreTheKeysForEachRecordInOrder) {
  const std::string reader = Token(kOrigin, v1::VERB_READ);
  for (const uint64_t count : {1, 2, 65, 200}) {
    v1::ProveResponse response;
    ASSERT_TRUE(Prove(kOrigin, Concat(0, count), reader, &response).ok());
    ASSERT_EQ(response.proofs().size(), count * VrfProof::kSize);
    for (uint64_t i = 0; i < count; ++i) {
      const auto proof = VrfProof::Parse(
          AsBytes(response.proofs()).subspan(i * VrfProof::kSize, VrfProof::kSize));
      ASSERT_OK(proof);
      EXPECT_OK(key_.PublicKey().Verify(Record(i), *proof));
    }
  }
  // Each log by its own key.
  v1::ProveResponse response;
  ASSERT_TRUE(Prove(kHidden, Concat(0, 1), token_, &response).ok());
  EXPECT_EQ(AsBytes(response.proofs()).size(), VrfProof::kSize);
  EXPECT_OK(hidden_key_.PublicKey().Verify(
      Record(0), *VrfProof::Parse(AsBytes(response.proofs()))));
}

TEST_F(ProverServiceTest, LabelsAreOfTheRecordsThenOfThePads) {
  for (const v1::Verb verb : {v1::VERB_ADD, v1::VERB_REMOVE}) {
    const std::string writer = Token(kOrigin, verb);
    v1::LabelRequest request;
    request.set_origin(kOrigin);
    request.set_records(Concat(0, 3));
    request.set_first_pad(7);
    request.set_pads(2);
    v1::LabelResponse response;
    ASSERT_TRUE(Label(request, writer, &response).ok());
    std::vector<Hash> expected;
    for (uint64_t i = 0; i < 3; ++i) expected.push_back(key_.Label(Record(i)));
    for (uint64_t i = 7; i < 9; ++i) expected.push_back(key_.Label(PadInput(i)));
    EXPECT_EQ(response.labels(), ConcatHashes(expected));
  }
}

TEST_F(ProverServiceTest, PadsAreProvenToWhoAdds) {
  v1::ProvePadsRequest request;
  request.set_origin(kOrigin);
  for (const uint64_t pad : {uint64_t{3}, uint64_t{0}, ~uint64_t{0}}) {
    request.add_pads(pad);
  }
  v1::ProveResponse response;
  const std::string reader = Token(kOrigin, v1::VERB_READ);
  EXPECT_EQ(prover_->ProvePads(Context(reader).get(), request, &response).error_code(),
            StatusCode::PERMISSION_DENIED);
  const std::string writer = Token(kOrigin, v1::VERB_ADD);
  ASSERT_TRUE(prover_->ProvePads(Context(writer).get(), request, &response).ok());
  ASSERT_EQ(response.proofs().size(), 3 * VrfProof::kSize);
  for (int i = 0; i < 3; ++i) {
    const auto proof = VrfProof::Parse(
        AsBytes(response.proofs()).subspan(i * VrfProof::kSize, VrfProof::kSize));
    ASSERT_OK(proof);
    EXPECT_OK(key_.PublicKey().Verify(PadInput(request.pads(i)), *proof));
  }
}

TEST_F(ProverServiceTest, ALogOfLabelsIsWrittenAndLookedUpLikeAnyOther) {
  std::vector<Hash> labels;
  for (uint64_t i = 0; i < 20; ++i) labels.push_back(key_.Label(Record(i)));
  const auto acknowledged = Append(std::string(16, 's'), labels);
  ASSERT_OK(acknowledged);
  const Version version = Indexed(20);
  for (uint64_t i : {0, 19, 20}) {
    v1::ProveResponse proven;
    ASSERT_TRUE(Prove(kOrigin, Concat(i, i + 1), token_, &proven).ok());
    v1::LookupRequest request;
    request.set_origin(kOrigin);
    request.set_record(std::string(AsText(key_.Label(Record(i)))));
    request.set_index_size(version.index.m);
    request.set_size(version.checkpoint.size);
    grpc::ClientContext context;
    v1::LookupResponse response;
    ASSERT_TRUE(reader_->Lookup(&context, request, &response).ok());
    AnswerProof proof{.record = Record(i),
                      .lookup = *LookupFromProto(response.lookup()),
                      .vrf_proof = proven.proofs()};
    if (response.has_added()) proof.added = *EntryFromProto(response.added(), "added");
    const absl::StatusOr<Answer> answer = VerifyAnswer(version, proof);
    ASSERT_OK(answer);
    EXPECT_EQ(answer->verdict, i < 20 ? SetVerdict::kPresent : SetVerdict::kAbsent);
  }
}

TEST_F(ProverServiceTest,
       WithoutTheRightTokenNothingIsLearntNotEvenWhetherThereIsALog) {
  const std::string records = Concat(0, 1);
  const std::string writer =
      MakeToken(kOrigin, {v1::VERB_ADD, v1::VERB_REMOVE, v1::VERB_TAG}).secret();
  const std::string other = Token("example.org/x", v1::VERB_READ);
  for (const char* origin : {kOrigin, kHidden, kKeyless, kPlain, "example.org/none"}) {
    EXPECT_EQ(Prove(origin, records, "").error_code(), StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(Prove(origin, records, "nonsense").error_code(),
              StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(Prove(origin, records, other).error_code(),
              StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(Prove(origin, records, writer).error_code(),
              StatusCode::PERMISSION_DENIED);
    v1::LabelRequest request;
    request.set_origin(origin);
    request.set_records(records);
    EXPECT_EQ(Label(request, "").error_code(), StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(Label(request, other).error_code(), StatusCode::PERMISSION_DENIED);
  }
  v1::LabelRequest request;
  request.set_origin(kOrigin);
  EXPECT_EQ(Label(request, Token(kOrigin, v1::VERB_READ)).error_code(),
            StatusCode::PERMISSION_DENIED);
}

TEST_F(ProverServiceTest, WhatCannotBeAnsweredSaysWhy) {
  const std::string reader = Token("*", v1::VERB_READ);
  const std::string records = Concat(0, 1);
  const auto expect = [&](const char* origin, StatusCode code, const char* words) {
    const grpc::Status status = Prove(origin, records, reader);
    EXPECT_EQ(status.error_code(), code) << origin;
    EXPECT_THAT(status.error_message(), testing::HasSubstr(words));
  };
  expect("example.org/none", StatusCode::NOT_FOUND,
         "there is no log example.org/none here that you may read");
  expect(kPlain, StatusCode::FAILED_PRECONDITION, "has no VRF labels");
  expect(kKeyless, StatusCode::FAILED_PRECONDITION, "does not hold the VRF key");
  expect("Not an origin\n", StatusCode::INVALID_ARGUMENT, "origin");
}

TEST_F(ProverServiceTest, RequestsOfAnotherFormAreRefused) {
  const auto prove = [&](size_t bytes) {
    return Prove(kOrigin, std::string(bytes, 'x'), token_).error_code();
  };
  for (const size_t bytes : {0, 1, 31, 33, 32 * 4096 + 1, 32 * 4097}) {
    EXPECT_EQ(prove(bytes), StatusCode::INVALID_ARGUMENT) << bytes;
  }
  v1::LabelRequest request;
  request.set_origin(kOrigin);
  const auto label = [&](size_t bytes, uint64_t first, uint32_t pads) {
    request.set_records(std::string(bytes, 'x'));
    request.set_first_pad(first);
    request.set_pads(pads);
    return Label(request, token_).error_code();
  };
  EXPECT_EQ(label(0, 0, 0), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(label(33, 0, 0), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(label(32 * 65537, 0, 0), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(label(32, 0, 65536), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(label(0, 0, ~uint32_t{0}), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(label(32, ~uint64_t{0}, 2), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(label(32, ~uint64_t{0} - 1, 1), StatusCode::OK);
  v1::ProvePadsRequest pads;
  pads.set_origin(kOrigin);
  v1::ProveResponse response;
  EXPECT_EQ(prover_->ProvePads(Context(token_).get(), pads, &response).error_code(),
            StatusCode::INVALID_ARGUMENT);
  for (int i = 0; i < 4097; ++i) pads.add_pads(i);
  EXPECT_EQ(prover_->ProvePads(Context(token_).get(), pads, &response).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

// Calls of the admin's that keep the threads busy, until it is destroyed.
class Backlog {
 public:
  Backlog(v1::Prover::Stub* prover, const std::string& token, size_t calls) {
    const std::string records = ConcatHashes(Records(0, ProverService::kMaxProved));
    for (size_t i = 0; i < calls; ++i) {
      threads_.emplace_back([=, this] {
        grpc::ClientContext context;
        context.AddMetadata("authorization", "Bearer " + token);
        v1::ProveRequest request;
        request.set_origin(kOrigin);
        request.set_records(records);
        v1::ProveResponse response;
        ++begun_;
        const grpc::Status status = prover->Prove(&context, request, &response);
        ++(status.ok() ? answered_ : refused_);
        if (!status.ok()) {
          EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
          EXPECT_TRUE(context.GetServerTrailingMetadata().contains(kPushback));
        }
      });
    }
    while (begun_ < calls) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ~Backlog() { Wait(); }
  void Wait() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  size_t answered() const { return answered_; }
  size_t refused() const { return refused_; }

 private:
  std::atomic<size_t> begun_ = 0;
  std::atomic<size_t> answered_ = 0;
  std::atomic<size_t> refused_ = 0;
  std::vector<std::thread> threads_;
};

size_t AllThreads() { return std::max(1u, std::thread::hardware_concurrency()); }

TEST_F(ProverServiceTest, ATokenThatIsRevokedWhileItsCallWaitsGetsNothing) {
  const v1::CreateTokenResponse made = MakeToken(kOrigin, {v1::VERB_READ});
  Backlog backlog(prover_.get(), token_, AllThreads() + 2);
  grpc::Status status;
  std::thread waiting([&] { status = Prove(kOrigin, Concat(0, 1), made.secret()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  v1::RevokeTokenRequest request;
  request.set_id(made.token().id());
  v1::Token token;
  ASSERT_TRUE(v1::Admin::NewStub(channel_)
                  ->RevokeToken(Context(token_).get(), request, &token)
                  .ok());
  waiting.join();
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(ProverServiceTest, WhoGoesWhileItsCallWaitsHasSpentNothing) {
  const std::string reader =
      MakeToken(kOrigin, {v1::VERB_READ}, Budget{10, 3'600'000'000}).secret();
  {
    Backlog backlog(prover_.get(), token_, AllThreads() + 2);
    const auto context = Context(reader);
    context->set_deadline(std::chrono::system_clock::now() +
                          std::chrono::milliseconds(5));
    v1::ProveRequest request;
    request.set_origin(kOrigin);
    request.set_records(Concat(0, 10));
    v1::ProveResponse response;
    EXPECT_EQ(prover_->Prove(context.get(), request, &response).error_code(),
              StatusCode::DEADLINE_EXCEEDED);
  }
  EXPECT_TRUE(Prove(kOrigin, Concat(0, 10), reader).ok());
  EXPECT_EQ(Prove(kOrigin, Concat(0, 1), reader).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(ProverServiceTest, MoreCallsThanMayWaitAreSentAwayForAMoment) {
  limits_.waiting_proofs = 1;
  Restart();
  Backlog backlog(prover_.get(), token_, AllThreads() + 4);
  // Those who write have a queue of their own, and who reads labels needs neither.
  v1::LabelRequest request;
  request.set_origin(kOrigin);
  request.set_records(Concat(0, 1));
  EXPECT_TRUE(Label(request, token_).ok());
  EXPECT_OK(GetHead());
  backlog.Wait();
  EXPECT_GT(backlog.refused(), 0u);
  EXPECT_GT(backlog.answered(), 0u);
}

TEST_F(ProverServiceTest, EachTokenHasABudgetForEachLogThatOutlivesTheServer) {
  const std::string usual = Token("example.org/*", v1::VERB_READ);
  const std::string small =
      MakeToken("*", {v1::VERB_READ}, Budget{5, 3'600'000'000}).secret();
  const std::string none = MakeToken("*", {v1::VERB_READ}, Budget{}).secret();
  const auto code = [&](const std::string& token, uint64_t count,
                        const char* origin = kOrigin) {
    return Prove(origin, Concat(0, count), token).error_code();
  };
  EXPECT_EQ(code(usual, 1001), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(code(usual, 1000), StatusCode::OK);
  EXPECT_EQ(code(small, 6), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(code(small, 5), StatusCode::OK);
  EXPECT_EQ(code(small, 5, kHidden), StatusCode::OK);
  EXPECT_EQ(code(none, 1), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(code(token_, 4096), StatusCode::OK);
  Restart();
  // A thousand an hour are one in 3.6 s.
  EXPECT_EQ(code(usual, 20), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(code(small, 1), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(code(small, 1, kHidden), StatusCode::RESOURCE_EXHAUSTED);
  // Nothing of it is for calls that are refused for another reason.
  const std::string fresh = Token(kOrigin, v1::VERB_READ);
  EXPECT_EQ(Prove(kOrigin, std::string(33, 'x'), fresh).error_code(),
            StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(code(fresh, 1000), StatusCode::OK);
}

TEST_F(ProverServiceTest, TheTrailerSaysWhenToComeBackIfThatIsSoon) {
  const auto pushback = [&](const Budget& budget) {
    const std::string token = MakeToken("*", {v1::VERB_READ}, budget).secret();
    EXPECT_TRUE(Prove(kOrigin, Concat(0, budget.records), token).ok());
    const auto context = Context(token);
    v1::ProveRequest request;
    request.set_origin(kOrigin);
    request.set_records(Concat(0, 1));
    v1::ProveResponse response;
    EXPECT_EQ(prover_->Prove(context.get(), request, &response).error_code(),
              StatusCode::RESOURCE_EXHAUSTED);
    const auto& trailers = context->GetServerTrailingMetadata();
    const auto found = trailers.find(kPushback);
    return found == trailers.end()
               ? -1
               : std::stoi(std::string(found->second.data(), found->second.size()));
  };
  EXPECT_EQ(pushback({1, 60'000'000}), -1);
  const int soon = pushback({2, 12'000'000});
  EXPECT_GT(soon, 0);
  EXPECT_LE(soon, 6000);
}

TEST_F(ProverServiceTest, BudgetsThatAreNoneMakeNoToken) {
  const auto admin = v1::Admin::NewStub(channel_);
  const auto create = [&](v1::Verb verb, uint64_t records, int64_t period_us) {
    v1::CreateTokenRequest request;
    request.set_origins("*");
    request.add_verbs(verb);
    request.set_lifetime_us(1'000'000);
    request.mutable_prove_budget()->set_records(records);
    request.mutable_prove_budget()->set_period_us(period_us);
    v1::CreateTokenResponse response;
    return admin->CreateToken(Context(token_).get(), request, &response).error_code();
  };
  EXPECT_EQ(create(v1::VERB_READ, 1, 1'000'000), StatusCode::OK);
  EXPECT_EQ(create(v1::VERB_READ, 0, 0), StatusCode::OK);
  EXPECT_EQ(create(v1::VERB_ADD, 1, 1'000'000), StatusCode::INVALID_ARGUMENT);
  for (const int64_t period : {int64_t{0}, int64_t{-1}, int64_t{999'999}, INT64_MAX}) {
    EXPECT_EQ(create(v1::VERB_READ, 1, period), StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(create(v1::VERB_READ, ~uint64_t{0}, 1'000'000),
            StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(create(v1::VERB_READ, 0, 1'000'000), StatusCode::INVALID_ARGUMENT);
}

TEST_F(ProverServiceTest, ARevokedTokenIsAnsweredNoMore) {
  const v1::CreateTokenResponse made = MakeToken(kOrigin, {v1::VERB_READ});
  EXPECT_TRUE(Prove(kOrigin, Concat(0, 1), made.secret()).ok());
  v1::RevokeTokenRequest request;
  request.set_id(made.token().id());
  v1::Token token;
  ASSERT_TRUE(v1::Admin::NewStub(channel_)
                  ->RevokeToken(Context(token_).get(), request, &token)
                  .ok());
  EXPECT_EQ(Prove(kOrigin, Concat(0, 1), made.secret()).error_code(),
            StatusCode::UNAUTHENTICATED);
}

TEST_F(ProverServiceTest, OneKeyIsForOneLogAlsoAfterARestart) {
  const auto create_with = [&](const VrfSecretKey& key) {
    return Create(PrivateManifest("example.org/second", PublicKey(key)));
  };
  for (int start = 0; start < 2; ++start) {
    for (const VrfSecretKey* used : std::initializer_list<const VrfSecretKey*>{
             &key_, &hidden_key_, &foreign_key_}) {
      const grpc::Status status = create_with(*used);
      EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
      EXPECT_THAT(status.error_message(),
                  testing::AllOf(testing::HasSubstr("setlog key vrf"),
                                 testing::Not(testing::HasSubstr(kHidden))));
    }
    // Of the log itself it is said that it exists.
    EXPECT_EQ(Create(PrivateManifest(kOrigin, PublicKey(key_))).error_code(),
              StatusCode::ALREADY_EXISTS);
    Restart();
  }
  EXPECT_TRUE(create_with(*VrfSecretKey::Generate()).ok());
}

TEST_F(ProverServiceTest, OfCreationsAtOnceWithOneKeyOneIsMade) {
  const VrfSecretKey key = *VrfSecretKey::Generate();
  std::vector<StatusCode> codes(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < codes.size(); ++i) {
    threads.emplace_back([&, i] {
      codes[i] = Create(PrivateManifest("example.org/at-once" + std::to_string(i),
                                        PublicKey(key)))
                     .error_code();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(codes.begin(), codes.end(), StatusCode::OK), 1);
  EXPECT_EQ(std::count(codes.begin(), codes.end(), StatusCode::FAILED_PRECONDITION), 7);
}

TEST_F(ProverServiceTest, KeysThatAreNoneMakeNoLog) {
  // The identity, and bytes that encode no element.
  for (const char* bad :
       {"0000000000000000000000000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
    const grpc::Status status = Create(PrivateManifest("example.org/bad", HashOf(bad)));
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), testing::HasSubstr("public_key"));
  }
}

TEST_F(ProverServiceTest, TheTrailSaysWhoProvedHowManyAndNoRecord) {
  const v1::CreateTokenResponse made = MakeToken(kOrigin, {v1::VERB_READ});
  ASSERT_TRUE(Prove(kOrigin, Concat(0, 3), made.secret()).ok());
  ASSERT_FALSE(Prove(kOrigin, Concat(0, 1), "").ok());
  prover_.reset();
  StopServer();
  std::ifstream file(dir_ + "/data/audit.log");
  std::vector<nlohmann::json> proved;
  for (std::string line; std::getline(file, line);) {
    for (uint64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(line.find(ToHex(Record(i))), std::string::npos);
      EXPECT_EQ(line.find(ToHex(key_.Label(Record(i)))), std::string::npos);
    }
    auto json = nlohmann::json::parse(line);
    if (json["action"] == "prove") proved.push_back(std::move(json));
  }
  ASSERT_EQ(proved.size(), 2u);
  EXPECT_EQ(proved[0]["who"], "token:" + made.token().id());
  EXPECT_EQ(proved[0]["origin"], kOrigin);
  EXPECT_EQ(proved[0]["count"], 3);
  EXPECT_EQ(proved[0]["result"], "OK");
  EXPECT_EQ(proved[1]["result"], "UNAUTHENTICATED");
  EXPECT_FALSE(proved[1].contains("count"));
}

TEST(VrfKeysTest, AKeyIsFoundByItsPublicHalfAndIsThereOnce) {
  const VrfSecretKey first = *VrfSecretKey::Generate();
  const VrfSecretKey second = *VrfSecretKey::Generate();
  const auto copy = [](const VrfSecretKey& key) {
    return *VrfSecretKey::FromBytes(key.Scalar());
  };
  std::vector<VrfSecretKey> one;
  one.push_back(copy(first));
  const absl::StatusOr<VrfKeys> keys = VrfKeys::Of(std::move(one));
  ASSERT_OK(keys);
  ASSERT_NE(keys->Find(first.PublicKey()), nullptr);
  EXPECT_EQ(keys->Find(first.PublicKey())->PublicKey(), first.PublicKey());
  EXPECT_EQ(keys->Find(second.PublicKey()), nullptr);
  std::vector<VrfSecretKey> twice;
  twice.push_back(copy(first));
  twice.push_back(copy(first));
  EXPECT_STATUS(VrfKeys::Of(std::move(twice)), absl::StatusCode::kInvalidArgument,
                "twice");
}

}  // namespace
}  // namespace setlog
