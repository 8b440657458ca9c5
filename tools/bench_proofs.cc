#include "tools/bench_proofs.h"

#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/proof.h"
#include "port/mutex.h"
#include "proto/forms.h"

namespace setlog {
namespace {

// Which answers are kept: the first ones, then every so-manieth, until there are
// enough.
constexpr uint64_t kFirstKept = 32;
constexpr uint64_t kStride = 61;
constexpr size_t kMostKept = 1000;
constexpr size_t kMostBatchesKept = 32;
// Places in what is asked that do not follow each other.
constexpr uint64_t kStep = 2654435761;

absl::Status WrongAnswer(const Hash& record) {
  return absl::DataLossError(absl::StrFormat(
      "%s was added by this run, or never, and the proof says otherwise",
      ToHex(record)));
}

struct Question {
  Hash record;
  bool member = false;
};

Question QuestionOf(const ProofWork& work, uint64_t number) {
  const std::vector<Hash>& from = number % 2 == 0 ? work.members : work.strangers;
  return {from[number / 2 * kStep % from.size()], number % 2 == 0};
}

// Each kind of proof: its messages, its method, and what an answer is worth.
struct Inclusion {
  using Request = v1::GetInclusionProofRequest;
  using Response = v1::InclusionProof;
  static Request Ask(const ProofWork& work, uint64_t number) {
    Request request;
    request.set_index(number * kStep % work.version.checkpoint.size);
    request.set_size(work.version.checkpoint.size);
    return request;
  }
  static void Call(v1::Reader::Stub& reader, grpc::ClientContext* context,
                   const Request* request, Response* response,
                   std::function<void(grpc::Status)> done) {
    reader.async()->GetInclusionProof(context, request, response, std::move(done));
  }
  static absl::Status Judge(const ProofWork& work, uint64_t, const Request& request,
                            const Response& response) {
    const Checkpoint& head = work.version.checkpoint;
    const absl::StatusOr<Hash> leaf = OneHash(response.leaf_hash(), "leaf_hash");
    if (!leaf.ok()) return leaf.status();
    const absl::StatusOr<std::vector<Hash>> path = SplitHashes(response.path(), "path");
    if (!path.ok()) return path.status();
    return VerifyInclusion(request.index(), head.size, *leaf, *path, head.root);
  }
};

struct Lookup {
  using Request = v1::LookupRequest;
  using Response = v1::LookupResponse;
  static Request Ask(const ProofWork& work, uint64_t number) {
    Request request;
    request.set_record(std::string(AsText(QuestionOf(work, number).record)));
    request.set_index_size(work.newest ? 0 : work.version.index.m);
    return request;
  }
  static void Call(v1::Reader::Stub& reader, grpc::ClientContext* context,
                   const Request* request, Response* response,
                   std::function<void(grpc::Status)> done) {
    reader.async()->Lookup(context, request, response, std::move(done));
  }
  static absl::StatusOr<KeptLookup> Parse(const ProofWork& work, uint64_t number,
                                          const Response& response) {
    absl::StatusOr<LookupProof> proof = LookupFromProto(response.lookup());
    if (!proof.ok()) return proof.status();
    const Question question = QuestionOf(work, number);
    return KeptLookup{question.record, question.member, response.index_size(),
                      *std::move(proof)};
  }
  static absl::Status Judge(const ProofWork& work, uint64_t number, const Request&,
                            const Response& response) {
    const absl::StatusOr<KeptLookup> kept = Parse(work, number, response);
    if (!kept.ok()) return kept.status();
    if (kept->m != work.version.index.m) {
      return absl::DataLossError("the answer is for another version");
    }
    return JudgeLookup(work.version.index.set_root, *kept, work.members_stay);
  }
};

struct Batch {
  using Request = v1::BatchLookupRequest;
  using Response = v1::BatchLookupResponse;
  static Question QuestionAt(const ProofWork& work, uint64_t number, size_t i) {
    return QuestionOf(work, number * work.batch + i);
  }
  static Request Ask(const ProofWork& work, uint64_t number) {
    Request request;
    std::string* records = request.mutable_records();
    records->reserve(work.batch * Hash::kSize);
    for (size_t i = 0; i < work.batch; ++i) {
      records->append(AsText(QuestionAt(work, number, i).record));
    }
    request.set_index_size(work.version.index.m);
    return request;
  }
  static void Call(v1::Reader::Stub& reader, grpc::ClientContext* context,
                   const Request* request, Response* response,
                   std::function<void(grpc::Status)> done) {
    reader.async()->BatchLookup(context, request, response, std::move(done));
  }
  static absl::Status Judge(const ProofWork& work, uint64_t number,
                            const Request& request, const Response& response) {
    const IndexEntry& index = work.version.index;
    const absl::StatusOr<std::vector<Hash>> queries =
        SplitHashes(request.records(), "records");
    if (!queries.ok()) return queries.status();
    const absl::StatusOr<std::vector<bool>> present =
        VerifyBatch(index.set_root, index.n, *queries, AsBytes(response.proof()));
    if (!present.ok()) return present.status();
    for (size_t i = 0; i < present->size(); ++i) {
      const Question question = QuestionAt(work, number, i);
      if (question.member && !work.members_stay) continue;
      if ((*present)[i] != question.member) return WrongAnswer(question.record);
    }
    return absl::OkStatus();
  }
};

template <typename Kind>
ProofResult Measure(const Connection& connection, const ProofWork& work,
                    const LoopOptions& options, size_t most_kept) {
  using Request = typename Kind::Request;
  using Response = typename Kind::Response;
  struct Slot {
    std::unique_ptr<grpc::ClientContext> context;
    Request request;
    Response response;
  };
  struct Kept {
    uint64_t number;
    Request request;
    Response response;
  };
  std::vector<Slot> slots(options.concurrency);
  std::atomic<uint64_t> bytes = 0;
  Mutex mutex;
  std::vector<Kept> kept;  // under `mutex`

  ProofResult result;
  result.loop = RunLoop(options, [&](const LoopCall& call) {
    Slot& slot = slots[call.slot()];
    slot.context = connection.NewContext(Connection::kCallDeadline);
    slot.request = Kind::Ask(work, call.number());
    slot.request.set_origin(work.version.checkpoint.origin);
    slot.response.Clear();
    Kind::Call(connection.reader(), slot.context.get(), &slot.request, &slot.response,
               [&, call](grpc::Status status) {
                 Slot& ended = slots[call.slot()];
                 const uint64_t number = call.number();
                 if (status.ok()) {
                   bytes += ended.response.ByteSizeLong();
                   if (number < kFirstKept || number % kStride == 0) {
                     MutexLock lock(mutex);
                     if (kept.size() < most_kept) {
                       kept.push_back({number, ended.request, ended.response});
                     }
                   }
                 }
                 call.Done(FromGrpc(status, *ended.context));
               });
  });
  if (result.loop.calls > 0) {
    result.answer_bytes = static_cast<double>(bytes) / result.loop.calls;
  }
  result.values = result.loop.calls;
  for (const Kept& one : kept) {
    if constexpr (std::is_same_v<Kind, Lookup>) {
      if (work.newest) {
        absl::StatusOr<KeptLookup> lookup =
            Lookup::Parse(work, one.number, one.response);
        if (lookup.ok()) {
          result.kept.push_back(*std::move(lookup));
        } else {
          Count(lookup.status(), result);
        }
        continue;
      }
    }
    Count(Kind::Judge(work, one.number, one.request, one.response), result);
  }
  return result;
}

}  // namespace

const char* NameOf(ProofKind kind) {
  switch (kind) {
    case ProofKind::kInclusion:
      return "inclusion";
    case ProofKind::kLookup:
      return "lookup";
    case ProofKind::kBatch:
      return "batch";
  }
  std::abort();
}

ProofResult MeasureProofs(const Connection& connection, ProofKind kind,
                          const ProofWork& work, const LoopOptions& options) {
  switch (kind) {
    case ProofKind::kInclusion:
      return Measure<Inclusion>(connection, work, options, kMostKept);
    case ProofKind::kLookup:
      return Measure<Lookup>(connection, work, options, kMostKept);
    case ProofKind::kBatch: {
      ProofResult result = Measure<Batch>(connection, work, options, kMostBatchesKept);
      result.values = result.loop.calls * work.batch;
      return result;
    }
  }
  std::abort();
}

void Count(const absl::Status& judged, ProofResult& result) {
  if (judged.ok()) {
    ++result.verified;
    return;
  }
  ++result.refused;
  if (result.first_refusal.ok()) result.first_refusal = judged;
}

absl::Status JudgeLookup(const Hash& set_root, const KeptLookup& lookup,
                         bool members_stay) {
  const absl::StatusOr<bool> present =
      VerifyLookup(set_root, lookup.record, lookup.proof);
  if (!present.ok()) return present.status();
  if (lookup.member && !members_stay) return absl::OkStatus();
  return *present == lookup.member ? absl::OkStatus() : WrongAnswer(lookup.record);
}

}  // namespace setlog
