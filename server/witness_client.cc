#include "server/witness_client.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/vkey.h"
#include "log/witness_request.h"

namespace setlog {
namespace {

// How long a new log may wait to be noticed; and how long a hint may be lost by a
// crash, which costs a 409 each.
constexpr std::chrono::milliseconds kLook(1000);
constexpr int64_t kKeepHintsUs = 10'000'000;

int64_t WallUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

absl::StatusOr<std::unique_ptr<WitnessClient>> WitnessClient::Start(Options options,
                                                                    Server server) {
  std::vector<std::string> urls;
  for (const Policy::Witness& witness : options.policy.witnesses) {
    urls.emplace_back();
    if (witness.url.empty()) continue;
    absl::StatusOr<std::string> url = JoinUrl(witness.url, "add-checkpoint");
    if (!url.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("witness %s: %s", witness.name, url.status().message()));
    }
    urls.back() = *std::move(url);
  }
  if (absl::Status s = CheckQuorumReachable(options.policy); !s.ok()) return s;
  absl::StatusOr<std::unique_ptr<HttpClient>> transport =
      HttpClient::Make(options.transport);
  if (!transport.ok()) return transport.status();
  return std::unique_ptr<WitnessClient>(new WitnessClient(
      std::move(options), server, std::move(urls), *std::move(transport)));
}

WitnessClient::WitnessClient(Options options, Server server,
                             std::vector<std::string> urls,
                             std::unique_ptr<HttpClient> transport)
    : options_(std::move(options)),
      server_(server),
      urls_(std::move(urls)),
      transport_(std::move(transport)),
      started_(std::chrono::steady_clock::now()),
      started_us_(WallUs()),
      cosigning_(options_.policy, [this] {
        Cosigning::Options cosigning = options_.cosigning;
        cosigning.random = [generator =
                                std::minstd_rand(std::random_device()())]() mutable {
          return std::uniform_real_distribution<double>()(generator);
        };
        return cosigning;
      }()) {
  // Here, for whoever reads once the server is ready shall not see a newer head first.
  FollowNewLogs();
  thread_ = std::thread([this] { Run(); });
}

WitnessClient::~WitnessClient() {
  stopping_ = true;
  transport_->Wake();
  thread_.join();
  for (auto& [number, followed] : followed_) {
    followed.log->state.RemoveWatcher(followed.watcher);
  }
}

// As wall time, but never back: a clock that is set must not stop or hurry anything.
int64_t WitnessClient::NowUs() const {
  return started_us_ + std::chrono::duration_cast<std::chrono::microseconds>(
                           std::chrono::steady_clock::now() - started_)
                           .count();
}

void WitnessClient::Run() {
  while (!stopping_) {
    FollowNewLogs();
    TakeHeads();
    std::vector<WitnessRequest> requests;
    int64_t next_us;
    {
      MutexLock lock(cosigning_mutex_);
      requests = cosigning_.Take(NowUs());
      next_us = cosigning_.NextTime();
    }
    for (WitnessRequest& request : requests) Send(std::move(request));
    std::chrono::milliseconds longest = kLook;
    if (next_us != Cosigning::kNever) {
      // Rounded up, or the last millisecond would be waited for in a busy loop.
      const int64_t left_ms = (std::max<int64_t>(next_us - NowUs(), 0) + 999) / 1000;
      longest = std::min(longest, std::chrono::milliseconds(left_ms));
    }
    for (const auto& [id, answer] : transport_->Wait(longest)) {
      const auto call = calls_.extract(id);
      Take(call.mapped(), answer);
    }
    Keep(/*now=*/false);
    Publish();
  }
  Keep(/*now=*/true);
}

bool WitnessClient::IsToBeCosigned(const HostedLog& log) const {
  const std::vector<Policy::Log>& named = options_.policy.logs;
  if (named.empty()) return !log.private_reads;
  const VerifierKey key = log.state.key().Verifier(SignatureType::kEd25519);
  return std::ranges::find(named, key, &Policy::Log::key) != named.end();
}

void WitnessClient::FollowNewLogs() {
  if (server_.logs->count() == known_.size()) return;
  for (HostedLog* log : server_.logs->All()) {
    if (!known_.insert(log).second || !IsToBeCosigned(*log)) continue;
    const LogNumber number = log->state.number();
    {
      MutexLock lock(cosigning_mutex_);
      cosigning_.AddLog(number);
      figured_.emplace(number, log);
    }
    Restore(*log);
    const auto changed = [this, number] {
      bool first;
      {
        MutexLock lock(heads_mutex_);
        first = heads_.empty();
        heads_.insert(number);
      }
      if (first) transport_->Wake();
    };
    followed_[number] = {log, log->state.AddWatcher(changed)};
    changed();
  }
}

void WitnessClient::Restore(HostedLog& log) {
  LogState& state = log.state;
  const LogNumber number = state.number();
  for (size_t i = 0; i < options_.policy.witnesses.size(); ++i) {
    const absl::StatusOr<std::string> row = server_.store->Read(
        number, Table::kWitness, FormatVkey(options_.policy.witnesses[i].key));
    if (row.ok() && row->size() == 8) {
      MutexLock lock(cosigning_mutex_);
      cosigning_.SetHint(number, i,
                         std::min(ReadU64(AsBytes(*row)), state.figures().size));
    }
  }
  absl::StatusOr<std::string> note =
      server_.store->Read(number, Table::kWitness, kQuorumRow);
  // Nothing of that kind yet, or of another policy.
  if (!note.ok() || !MeetsQuorum(options_.policy, *note)) return;
  const absl::StatusOr<Checkpoint> head =
      OpenCheckpoint(*note, state.key().Verifier(SignatureType::kEd25519));
  if (!head.ok() || head->size > state.figures().size) return;
  // A log that was rolled back, and has grown otherwise since, does not show it.
  const absl::StatusOr<Hash> root = server_.reader->RootAt(number, head->size);
  if (!root.ok() || *root != head->root) return;
  const absl::StatusOr<PlacedIndex> index =
      state.IndexBefore(*server_.store, head->size);
  if (!index.ok()) return;
  const CosignedHead cosigned{{head->size, head->root}, *std::move(note)};
  {
    MutexLock lock(cosigning_mutex_);
    cosigning_.SetQuorum(number, cosigned);
  }
  restored_.insert(number);
  state.RestoreQuorum({cosigned, *index});
}

void WitnessClient::TakeHeads() {
  std::set<LogNumber> moved;
  {
    MutexLock lock(heads_mutex_);
    moved.swap(heads_);
  }
  for (LogNumber number : moved) {
    PublishedHead head = followed_.at(number).log->state.signed_head();
    MutexLock lock(cosigning_mutex_);
    cosigning_.NewHead(number, head.head, std::move(head.note), NowUs());
    if (restored_.erase(number) > 0) gathered_.insert(number);
  }
}

void WitnessClient::Send(WitnessRequest request) {
  AddCheckpoint body{.old_size = request.old_size, .note = request.note};
  absl::Status made;
  if (request.old_size > 0 && request.old_size < request.head.size) {
    absl::StatusOr<std::vector<Hash>> path = server_.reader->ConsistencyPath(
        request.log, request.old_size, request.head.size);
    made = path.status();
    if (path.ok()) body.proof = *std::move(path);
  }
  if (made.ok()) {
    absl::StatusOr<std::string> text = FormatAddCheckpoint(body);
    made = text.status();
    if (made.ok()) {
      const uint64_t id = next_call_++;
      transport_->Send(id, {.url = urls_[request.witness], .post = *std::move(text)});
      calls_.emplace(id, std::move(request));
      return;
    }
  }
  Take(request, {.outcome = HttpResponse::Outcome::kNotSent,
                 .error = std::string(made.message())});
}

void WitnessClient::Take(const WitnessRequest& request, const HttpResponse& answer) {
  WitnessEffect effect;
  {
    MutexLock lock(cosigning_mutex_);
    effect = cosigning_.Answered(request, answer, NowUs(),
                                 static_cast<uint64_t>(WallUs() / 1'000'000));
  }
  if (effect.gathered) gathered_.insert(request.log);
  if (effect.quorum) quorums_.insert(request.log);
  if (effect.hint) {
    if (hints_.empty()) keep_hints_us_ = NowUs() + kKeepHintsUs;
    hints_.insert({request.log, request.witness});
  }
  if (effect.turned) Tell(request, effect);
}

void WitnessClient::Tell(const WitnessRequest& request, const WitnessEffect& effect) {
  const std::string& witness = options_.policy.witnesses[request.witness].name;
  const std::string& origin = followed_.at(request.log).log->state.origin();
  if (!effect.failure) {
    server_.events->Write(LogLevel::kInfo, "witness_back",
                          {{"witness", witness}, {"origin", origin}});
    return;
  }
  const char* kind = NameOf(*effect.failure);
  if (effect.whole_witness) {
    server_.events->Write(
        LogLevel::kWarn, "witness_failing",
        {{"witness", witness}, {"kind", kind}, {"message", effect.detail}});
  } else {
    // That somebody else signs in the log's name is worse than a witness that is down.
    server_.events->Write(
        effect.failure == WitnessFailure::kAhead ? LogLevel::kError : LogLevel::kWarn,
        "witness_refusing",
        {{"witness", witness},
         {"origin", origin},
         {"kind", kind},
         {"message", effect.detail}});
  }
}

void WitnessClient::Keep(bool now) {
  const bool hints_due = !hints_.empty() && (now || NowUs() >= keep_hints_us_);
  if (quorums_.empty() && !hints_due) return;
  std::vector<Write> rows;
  {
    MutexLock lock(cosigning_mutex_);
    for (LogNumber number : quorums_) {
      rows.push_back(
          {number, Table::kWitness, kQuorumRow, cosigning_.quorum(number)->note});
    }
    for (const auto& [number, witness] : hints_) {
      rows.push_back({number, Table::kWitness,
                      FormatVkey(options_.policy.witnesses[witness].key),
                      U64Key(cosigning_.hint(number, witness))});
    }
  }
  hints_.clear();
  // Where it cannot be kept it counts all the same: it can be had again.
  if (options_.may_write().ok()) server_.store->Keep(rows).IgnoreError();
}

void WitnessClient::Publish() {
  for (LogNumber number : std::exchange(quorums_, {})) {
    QuorumHead quorum;
    {
      MutexLock lock(cosigning_mutex_);
      quorum.cosigned = *cosigning_.quorum(number);
    }
    LogState& state = followed_.at(number).log->state;
    const absl::StatusOr<PlacedIndex> index =
        state.IndexBefore(*server_.store, quorum.cosigned.head.size);
    if (!index.ok()) continue;  // the store cannot be read: heard elsewhere
    quorum.index = *index;
    state.PublishQuorum(std::move(quorum));
  }
  for (LogNumber number : std::exchange(gathered_, {})) {
    std::optional<CosignedHead> gathered;
    {
      MutexLock lock(cosigning_mutex_);
      gathered = cosigning_.gathered(number);
    }
    if (gathered) {
      followed_.at(number).log->state.PublishCosignatures(*std::move(gathered));
    }
  }
}

WitnessClient::Figures WitnessClient::figures() const {
  Figures figures;
  MutexLock lock(cosigning_mutex_);
  for (size_t i = 0; i < options_.policy.witnesses.size(); ++i) {
    figures.witnesses.emplace_back(options_.policy.witnesses[i].name,
                                   cosigning_.Figures(i));
  }
  if (!options_.policy.quorum) return figures;
  for (const auto& [number, log] : figured_) {
    figures.quorum_lag.emplace_back(log, cosigning_.QuorumLag(number));
  }
  return figures;
}

}  // namespace setlog
