#include "client/log_client.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/covering.h"
#include "client/refused.h"
#include "client/tree_client.h"
#include "log/manifest.h"
#include "log/origin.h"
#include "log/vkey.h"
#include "proto/forms.h"

namespace setlog {
namespace {

using std::chrono::milliseconds;

// A tag waits for the index, which may have far to go.
constexpr milliseconds kTagDeadline = std::chrono::hours(1);
// A watch that is silent for so long is opened again, in case its connection is dead.
constexpr milliseconds kWatchDeadline = std::chrono::minutes(1);
constexpr milliseconds kBetweenWatches = std::chrono::seconds(1);
// How long an index may stand still while its server answers.
constexpr milliseconds kIndexPatience = std::chrono::minutes(10);

// The newest m that a server has told of. Only claims: who waits for an index entry
// takes a verified head in the end.
class IndexWatch {
 public:
  IndexWatch(const Connection* connection, std::string origin,
             const std::function<void(uint64_t index_size)>& progress)
      : connection_(connection), origin_(std::move(origin)), progress_(progress) {}

  void Saw(uint64_t m) {
    if (m <= newest_) return;
    newest_ = m;
    if (progress_) progress_(m);
  }

  // Watches one stream until an m is beyond `position` (OK) or the stream ends.
  absl::Status Until(uint64_t position, Retry& retry) {
    v1::GetHeadRequest request;
    request.set_origin(origin_);
    const std::unique_ptr<grpc::ClientContext> context =
        connection_->NewContext(kWatchDeadline);
    const std::unique_ptr<grpc::ClientReader<v1::Head>> stream =
        connection_->reader().WatchHeads(context.get(), request);
    v1::Head head;
    while (newest_ <= position && stream->Read(&head)) {
      const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(head.index().entry()));
      const IndexEntry* index = entry.ok() ? std::get_if<IndexEntry>(&*entry) : nullptr;
      if (index == nullptr || index->m <= newest_) continue;
      Saw(index->m);
      retry.Progress();
    }
    // Only a stream that still runs: else its own status, why the server is lost, could
    // become that of the cancelling.
    if (newest_ > position) context->TryCancel();
    const absl::Status status = FromGrpc(stream->Finish(), *context);
    if (newest_ > position) return absl::OkStatus();
    if (status.ok()) return absl::UnavailableError("the server ended the watch");
    return status;
  }

 private:
  const Connection* connection_;
  const std::string origin_;
  const std::function<void(uint64_t index_size)>& progress_;
  uint64_t newest_ = 0;
};

// The tags of a log under a head, one after the other.
class TagList {
 public:
  explicit TagList(const VerifiedHead* head) : head_(head) {}

  // An error if it is not the next one; evidence() if the log has signed what is wrong.
  absl::Status Take(const v1::EntryProof& proto) {
    const Checkpoint& checkpoint = head_->version.checkpoint;
    // Rising and below the head: so a list has an end, whoever sends it.
    if (proto.position() < next_ || proto.position() >= checkpoint.size) {
      return absl::DataLossError("the tags are not in the order of their entries");
    }
    next_ = proto.position() + 1;
    const absl::StatusOr<ProvenEntry> proven = EntryFromProto(proto, "tags");
    if (!proven.ok()) return proven.status();
    absl::Status ok = VerifyEntry(*proven, checkpoint);
    if (!ok.ok()) return ok;
    const VersionProof& under = head_->proof;
    const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(proven->entry));
    ok = entry.ok() ? CheckPosition(*entry, proven->position) : entry.status();
    if (!ok.ok()) {
      evidence_ = MalformedEntry{under.checkpoint, under.manifest, *proven};
      return ok;
    }
    const TagEntry* tag = std::get_if<TagEntry>(&*entry);
    if (tag == nullptr) return absl::DataLossError("an entry that is no tag");
    const auto [first, is_new] = names_.emplace(tag->name, *proven);
    if (!is_new) {
      evidence_ = TagTwice{under.manifest,
                           {under.checkpoint, first->second},
                           {under.checkpoint, *proven}};
      return absl::DataLossError(
          absl::StrFormat("two entries tag a version %s", tag->name));
    }
    tags_.push_back({*tag, proven->position});
    return absl::OkStatus();
  }

  uint64_t next() const { return next_; }
  const std::optional<Evidence>& evidence() const { return evidence_; }
  std::vector<PlacedTagEntry> Finish() { return std::move(tags_); }

 private:
  const VerifiedHead* head_;
  uint64_t next_ = 0;
  std::vector<PlacedTagEntry> tags_;
  std::map<std::string, ProvenEntry> names_;
  std::optional<Evidence> evidence_;
};

// At some hundred bytes each.
constexpr size_t kMaxListedLogs = 65536;

}  // namespace

absl::StatusOr<std::vector<LogSummary>> ListLogs(const Connection& connection) {
  std::vector<LogSummary> logs;
  v1::ListLogsRequest request;
  const absl::Status circles =
      absl::DataLossError("the server's list of logs goes round in circles");
  while (true) {
    const absl::StatusOr<v1::ListLogsResponse> response =
        connection.Call(connection.reader(), &v1::Reader::Stub::ListLogs, request);
    if (!response.ok()) return response.status();
    for (const v1::LogSummary& log : response->logs()) {
      absl::Status named = CheckOrigin(log.origin());
      if (named.ok()) named = ParseVkey(log.vkey()).status();
      if (!named.ok()) {
        return absl::DataLossError(absl::StrFormat(
            "the server lists a log that none can be: %s", named.message()));
      }
      // Rising: so a list has an end, and `after` of the next page is new.
      if (!logs.empty() && log.origin() <= logs.back().origin) return circles;
      if (logs.size() == kMaxListedLogs) {
        return absl::ResourceExhaustedError(absl::StrFormat(
            "the server lists more than %d logs, which is more than this version "
            "takes",
            kMaxListedLogs));
      }
      logs.push_back({log.origin(), log.vkey(), log.size()});
    }
    if (!response->more()) return logs;
    if (response->logs().empty()) return circles;
    request.set_after(logs.back().origin);
  }
}

LogClient::LogClient(const Connection* connection, const StateDirectory* state,
                     TrustOptions options)
    : connection_(connection),
      state_(state),
      follower_(connection, state, std::move(options)) {}

absl::StatusOr<VerifiedHead> LogClient::Head(const At& at, const Demands& demands) {
  conviction_.reset();
  return follower_.Follow(at, demands);
}

absl::StatusOr<VerifiedHead> LogClient::Cosigned(const VerifiedHead& head,
                                                 const Demands& demands) {
  conviction_.reset();
  At at;
  if (head.version.tag) {
    at.tag = head.version.tag->name;
  } else {
    at.size = head.version.index_position + 1;
  }
  absl::StatusOr<VerifiedHead> cosigned =
      follower_.Follow(at, demands, Under::kCosigned);
  if (cosigned.ok()) {
    return cosigned->version.index_position == head.version.index_position ? *cosigned
                                                                           : head;
  }
  // A server that contradicts itself has no proof file made of what it said.
  if (contradiction() || conviction()) return cosigned.status();
  return head;
}

absl::StatusOr<VerifiedHead> LogClient::CreateLog(std::string_view manifest,
                                                  bool maybe_created) {
  const absl::StatusOr<Manifest> parsed = ParseManifest(AsBytes(manifest));
  if (!parsed.ok()) return parsed.status();
  if (parsed->origin != origin()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the manifest is of %s, not of %s", parsed->origin, origin()));
  }
  const absl::StatusOr<std::optional<KnownLog>> known = state_->Load(origin());
  if (!known.ok()) return known.status();
  if (*known && (*known)->head && !maybe_created) {
    return absl::AlreadyExistsError(absl::StrFormat("%s is known here, with %d entries",
                                                    origin(),
                                                    (*known)->head->checkpoint.size));
  }

  v1::CreateLogRequest request;
  request.set_manifest(std::string(manifest));
  Retry retry(connection_->retry_for());
  while (true) {
    v1::Head head;
    const std::unique_ptr<grpc::ClientContext> context =
        connection_->NewContext(Connection::kCallDeadline);
    const absl::Status status = FromGrpc(
        connection_->writer().CreateLog(context.get(), request, &head), *context);
    if (!status.ok() && !absl::IsAlreadyExists(status) && retry.WaitAfter(status)) {
      maybe_created = true;
      continue;
    }
    // An earlier try may have done it although its answer was lost.
    const bool look = absl::IsAlreadyExists(status) && maybe_created;
    if (!status.ok() && !look) return status;
    const absl::StatusOr<VerifiedHead> created =
        look ? Head({.size = 2}) : follower_.Adopt(head);
    if (!created.ok()) return created.status();
    if (std::string_view(created->proof.manifest.entry).substr(1) != manifest) {
      if (look) return status;
      return Refused(origin(), "the log was created with another manifest");
    }
    return created;
  }
}

absl::StatusOr<VerifiedHead> LogClient::TagSet(const std::string& name,
                                               std::optional<uint64_t> unchanged_from) {
  if (absl::Status s = CheckTagName(name); !s.ok()) return s;
  // Nothing is written to a log that is not the one meant.
  const absl::StatusOr<VerifiedHead> before = Head();
  if (!before.ok()) return before;
  v1::TagRequest request;
  request.set_origin(origin());
  request.set_name(name);
  if (unchanged_from) request.set_unchanged_from(*unchanged_from);
  Retry retry(connection_->retry_for());
  bool maybe_tagged = false;
  while (true) {
    v1::TagResponse response;
    const std::unique_ptr<grpc::ClientContext> context =
        connection_->NewContext(kTagDeadline);
    const absl::Status status = FromGrpc(
        connection_->writer().Tag(context.get(), request, &response), *context);
    if (!status.ok() && retry.WaitAfter(status)) {
      maybe_tagged = true;
      continue;
    }
    const bool look = absl::IsAlreadyExists(status) && maybe_tagged;
    if (!status.ok() && !look) return status;
    absl::StatusOr<VerifiedHead> head = Head({.tag = name});
    if (!head.ok()) return head;
    if (look) {
      const std::optional<ProvenEntry>& tag = head->proof.tag;
      const bool ours = tag && tag->position >= before->version.checkpoint.size;
      return ours ? head : status;
    }
    if (head->version.index.m != response.index_size()) {
      return Refused(origin(),
                     absl::StrFormat("version %s is m = %d, the server said %d", name,
                                     head->version.index.m, response.index_size()));
    }
    return head;
  }
}

absl::StatusOr<std::vector<LoggedValue>> LogClient::ValuesOf(
    const VerifiedHead& head, std::span<const Hash> records,
    WithProofs with_proofs) const {
  const RemoteVrf prover(connection_, origin());
  return LoggedValues(head.version, vrf_ ? *vrf_ : prover, records, with_proofs);
}

absl::StatusOr<LookupResult> LogClient::Lookup(const VerifiedHead& head,
                                               const Hash& record,
                                               Positions positions) const {
  conviction_.reset();
  const absl::StatusOr<std::vector<LoggedValue>> value = ValuesOf(
      head, {&record, 1},
      positions == Positions::kProven ? WithProofs::kYes : WithProofs::kUnlessOwn);
  if (!value.ok()) return value.status();
  return Lookup(head, value->front(), positions);
}

absl::StatusOr<LookupResult> LogClient::Lookup(const VerifiedHead& head,
                                               const LoggedValue& value,
                                               Positions positions) const {
  absl::StatusOr<LookupResult> found = LookupValue(head, value.value, positions);
  if (!found.ok()) return found;
  found->proof.record = value.record;
  found->proof.vrf_proof = value.vrf_proof;
  return found;
}

absl::StatusOr<LookupResult> LogClient::LookupValue(const VerifiedHead& head,
                                                    const Hash& value,
                                                    Positions positions) const {
  const Version& version = head.version;
  conviction_.reset();
  v1::LookupRequest request;
  request.set_origin(origin());
  request.set_record(std::string(AsText(value)));
  request.set_index_size(version.index.m);
  if (positions == Positions::kProven) request.set_size(version.checkpoint.size);
  const absl::StatusOr<v1::LookupResponse> response =
      connection_->Call(connection_->reader(), &v1::Reader::Stub::Lookup, request);
  if (!response.ok()) return response.status();
  if (response->index_size() != version.index.m) {
    return Refused(origin(), "the answer is for another version");
  }
  absl::StatusOr<LookupProof> lookup = LookupFromProto(response->lookup());
  if (!lookup.ok()) return Refused(origin(), lookup.status());
  LookupResult result{.proof = {.record = value, .lookup = *std::move(lookup)}};

  if (positions == Positions::kNone) {
    if (result.proof.lookup.count != version.index.n) {
      return Accuse(
          head, EvidenceOf(head, result.proof),
          Refused(origin(), "the lookup proof is for another number of members"));
    }
    const absl::StatusOr<bool> present =
        VerifyLookup(version.index.set_root, value, result.proof.lookup);
    if (!present.ok()) return Refused(origin(), present.status());
    result.answer.verdict = *present ? SetVerdict::kPresent : SetVerdict::kAbsent;
    return result;
  }
  if (response->has_added()) {
    absl::StatusOr<ProvenEntry> added = EntryFromProto(response->added(), "added");
    if (!added.ok()) return Refused(origin(), added.status());
    result.proof.added = *std::move(added);
  }
  if (response->has_removed()) {
    absl::StatusOr<ProvenEntry> removed =
        EntryFromProto(response->removed(), "removed");
    if (!removed.ok()) return Refused(origin(), removed.status());
    result.proof.removed = *std::move(removed);
  }
  absl::StatusOr<Answer> answer = VerifyValue(version, value, result.proof);
  if (!answer.ok()) {
    return Accuse(head, EvidenceOf(head, result.proof),
                  Refused(origin(), answer.status()));
  }
  result.answer = *std::move(answer);
  return result;
}

absl::Status LogClient::Accuse(const VerifiedHead& head,
                               std::span<const Evidence> candidates,
                               const absl::Status& status) const {
  if (head.learnt) return status;  // as in HeadFollower::CheckAgainstSeen
  conviction_ = Convict(*state_, {.log_key = head.version.log_key}, candidates);
  if (!conviction_) return status;
  return Refused(origin(), conviction_->misbehaviour.what);
}

std::vector<Evidence> LogClient::EvidenceOf(const VerifiedHead& head,
                                            const AnswerProof& answer) const {
  const VersionProof& proof = head.proof;
  const Checkpoint& checkpoint = head.version.checkpoint;
  std::vector<Evidence> candidates = {WrongCount{
      proof.checkpoint, proof.manifest, proof.index, answer.record, answer.lookup}};
  // The event that the set denies, if the server shows one that is true.
  const ProvenEntry* event = nullptr;
  for (const auto* shown : {&answer.added, &answer.removed}) {
    if (!*shown || !VerifyEntry(**shown, checkpoint).ok()) continue;
    if ((*shown)->position >= head.version.index.m) continue;
    if (event == nullptr || event->position < (*shown)->position) event = &**shown;
  }
  const bool answered =
      VerifyLookup(head.version.index.set_root, answer.record, answer.lookup).ok();
  if (event == nullptr || !answered) return candidates;
  const TreeClient tree(connection_, checkpoint);
  absl::StatusOr<EntryRange> range =
      FetchRange(tree, event->position, head.version.index.m);
  if (!range.ok()) return candidates;
  candidates.push_back(WrongAnswer{proof.checkpoint, proof.manifest, proof.index,
                                   answer.record, answer.lookup, *std::move(range)});
  return candidates;
}

absl::StatusOr<std::vector<SetVerdict>> LogClient::OneBatch(
    const VerifiedHead& head, std::span<const Hash> values) const {
  const Version& version = head.version;
  v1::BatchLookupRequest request;
  request.set_origin(origin());
  request.set_records(ConcatHashes(values));
  request.set_index_size(version.index.m);
  const absl::StatusOr<v1::BatchLookupResponse> response =
      connection_->Call(connection_->reader(), &v1::Reader::Stub::BatchLookup, request);
  if (!response.ok()) return response.status();
  if (response->index_size() != version.index.m) {
    return Refused(origin(), "the answer is for another version");
  }
  const absl::StatusOr<std::vector<bool>> present =
      VerifyBatch(version.index.set_root, version.index.n,
                  {values.begin(), values.end()}, AsBytes(response->proof()));
  if (!present.ok()) return Refused(origin(), present.status());

  std::vector<SetVerdict> verdicts;
  for (bool is_present : *present) {
    verdicts.push_back(is_present ? SetVerdict::kPresent : SetVerdict::kAbsent);
  }
  std::optional<uint32_t> last;
  for (uint32_t place : response->removed()) {
    if (place >= values.size() || verdicts[place] == SetVerdict::kPresent) {
      return Refused(origin(), "a record is called removed that cannot be");
    }
    // Each place costs a question: none is asked twice, whatever came of the first.
    if (last && place <= *last) {
      return Refused(origin(), "the places of the removed records do not rise");
    }
    last = place;
    const absl::StatusOr<LookupResult> proven =
        LookupValue(head, values[place], Positions::kProven);
    if (!proven.ok()) return proven.status();
    verdicts[place] = proven->answer.verdict;
  }
  return verdicts;
}

absl::StatusOr<std::vector<SetVerdict>> LogClient::BatchLookup(
    const VerifiedHead& head, std::span<const Hash> records) const {
  conviction_.reset();
  const absl::StatusOr<std::vector<LoggedValue>> values =
      ValuesOf(head, records, WithProofs::kUnlessOwn);
  if (!values.ok()) return values.status();
  return BatchLookup(head, *values);
}

absl::StatusOr<std::vector<SetVerdict>> LogClient::BatchLookup(
    const VerifiedHead& head, std::span<const LoggedValue> values) const {
  conviction_.reset();
  std::vector<SetVerdict> verdicts;
  while (verdicts.size() < values.size()) {
    std::vector<Hash> piece;
    for (size_t i = verdicts.size(); i < values.size() && piece.size() < kBatchRecords;
         ++i) {
      piece.push_back(values[i].value);
    }
    const absl::StatusOr<std::vector<SetVerdict>> batch = OneBatch(head, piece);
    if (!batch.ok()) return batch.status();
    verdicts.insert(verdicts.end(), batch->begin(), batch->end());
  }
  return verdicts;
}

absl::StatusOr<std::vector<PlacedTagEntry>> LogClient::Tags(
    const VerifiedHead& head) const {
  const Checkpoint& checkpoint = head.version.checkpoint;
  v1::ListTagsRequest request;
  request.set_origin(origin());
  request.set_size(checkpoint.size);
  conviction_.reset();
  TagList list(&head);
  while (true) {
    const absl::StatusOr<v1::ListTagsResponse> response =
        connection_->Call(connection_->reader(), &v1::Reader::Stub::ListTags, request);
    if (!response.ok()) return response.status();
    // Each is verified as it comes: what is kept of it then is in the log, whoever
    // sends the list.
    for (const v1::EntryProof& tag : response->tags()) {
      const absl::Status listed = list.Take(tag);
      if (listed.ok()) continue;
      const absl::Status refused = Refused(origin(), listed);
      if (!list.evidence()) return refused;
      return Accuse(head, {&*list.evidence(), 1}, refused);
    }
    if (!response->more()) return list.Finish();
    if (response->tags().empty()) {
      return Refused(origin(), "a list of tags that goes round in circles");
    }
    request.set_begin(list.next());
  }
}

absl::StatusOr<VerifiedHead> LogClient::WaitIndexed(
    uint64_t position, const std::function<void(uint64_t index_size)>& progress) {
  using Clock = std::chrono::steady_clock;
  IndexWatch watch(connection_, origin(), progress);
  Retry retry(connection_->retry_for());
  uint64_t indexed = 0;
  Clock::time_point moved = Clock::now();
  for (bool again = false;; again = true) {
    // Not at first: the watch tells of the newest head at once, and one that is taken
    // here is verified and synced to the disk, where the server may be syncing too.
    if (again) {
      absl::StatusOr<VerifiedHead> head = Head();
      if (!head.ok() || head->version.index.m > position) return head;
      watch.Saw(head->version.index.m);
      if (head->version.index.m > indexed) {
        indexed = head->version.index.m;
        moved = Clock::now();
      }
    }
    const absl::Status watched = watch.Until(position, retry);
    if (watched.ok()) {
      absl::StatusOr<VerifiedHead> head = Head();
      if (!head.ok() || head->version.index.m > position) return head;
      return Refused(origin(),
                     absl::StrFormat("the server told of an index beyond %d that its "
                                     "head does not show",
                                     position));
    }
    // A silent watch is no failure: Head() finds out if the server is still there. But
    // it ends some time, and is not asked again at once whatever the server says.
    if (absl::IsDeadlineExceeded(watched)) {
      if (Clock::now() - moved < kIndexPatience) {
        std::this_thread::sleep_for(kBetweenWatches);
        continue;
      }
      return absl::UnavailableError(absl::StrFormat(
          "the index of %s has stood at m = %d for 10 minutes: all records are in a "
          "signed head; /healthz of the server may say why it is stuck",
          origin(), indexed));
    }
    if (!retry.WaitAfter(watched)) return watched;
  }
}

}  // namespace setlog
