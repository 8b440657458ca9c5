#include "witness/witnessed_logs.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/audit_state.h"
#include "log/origin.h"
#include "log/sha256.h"
#include "witness/log_source.h"

namespace setlog {
namespace {

std::string HexOf(std::string_view origin) { return ToHex(Sha256(AsBytes(origin))); }

std::vector<VerifierKey> KeysIn(const std::vector<Policy::Log>& lines) {
  std::vector<VerifierKey> keys;
  for (const Policy::Log& line : lines) keys.push_back(line.key);
  return keys;
}

// In whatever order they stand.
bool SameKeys(const std::vector<Policy::Log>& a, const std::vector<Policy::Log>& b) {
  const std::vector<VerifierKey> keys = KeysIn(a);
  const std::vector<VerifierKey> others = KeysIn(b);
  return std::is_permutation(keys.begin(), keys.end(), others.begin(), others.end());
}

}  // namespace

struct WitnessedLogs::Entry {
  std::vector<Policy::Log> lines;
  std::unique_ptr<WitnessedLog> log;
  // Of a log that is to be followed, until it is.
  std::optional<LogSource> source;
  std::optional<AuditStore> store;
  std::unique_ptr<LogFollower> follower;  // goes before the log
  uint64_t held = 0;                      // under mutex_ of the list
};

WitnessedLogs::WitnessedLogs(Options options) : options_(std::move(options)) {}

WitnessedLogs::~WitnessedLogs() { Stop(); }

WitnessedLogs::Held::Held(const Held& other)
    : logs_(other.logs_), entry_(other.entry_) {
  MutexLock lock(logs_->mutex_);
  ++entry_->held;
}

WitnessedLogs::Held::~Held() {
  if (entry_ == nullptr) return;
  // Under the lock: with the last one gone, who waits may end the list at once.
  MutexLock lock(logs_->mutex_);
  --entry_->held;
  logs_->released_.notify_all();
}

WitnessedLog& WitnessedLogs::Held::log() const { return *entry_->log; }

const LogFollower* WitnessedLogs::Held::follower() const {
  return entry_->follower.get();
}

WitnessedLogs::Held WitnessedLogs::Hold(Entry* entry) {
  ++entry->held;
  return Held(this, entry);
}

std::optional<WitnessedLogs::Held> WitnessedLogs::Find(std::string_view origin) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(origin);
  if (found == entries_.end()) return std::nullopt;
  return Hold(found->second.get());
}

std::optional<WitnessedLogs::Held> WitnessedLogs::FindByHash(std::string_view hex) {
  MutexLock lock(mutex_);
  const auto found = by_hash_.find(hex);
  if (found == by_hash_.end()) return std::nullopt;
  return Hold(found->second);
}

std::vector<WitnessedLogs::Held> WitnessedLogs::All() {
  std::vector<Held> all;
  MutexLock lock(mutex_);
  for (const auto& [origin, entry] : entries_) all.push_back(Hold(entry.get()));
  return all;
}

uint64_t WitnessedLogs::size() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

void WitnessedLogs::Stop() {
  MutexLock lock(mutex_);
  for (const auto& [origin, entry] : entries_) {
    if (entry->follower != nullptr) entry->follower->Stop();
  }
}

WitnessedLogs::Entry* WitnessedLogs::Listed(std::string_view origin) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(origin);
  return found == entries_.end() ? nullptr : found->second.get();
}

absl::Status WitnessedLogs::Check(const std::string& origin,
                                  const std::vector<Policy::Log>& lines) const {
  if (options_.light) return absl::OkStatus();
  if (lines.size() > 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "--logs: %s has %d keys: an audit follows one; give --light, or name one",
        origin, lines.size()));
  }
  const absl::Status name = CheckOrigin(origin);
  if (name.ok()) return name;
  return absl::InvalidArgumentError(
      absl::StrFormat("--logs: %s cannot be audited, only cosigned with --light: %s",
                      origin, std::string(name.message())));
}

absl::StatusOr<std::unique_ptr<WitnessedLogs::Entry>> WitnessedLogs::Open(
    const std::string& origin, const std::vector<Policy::Log>& lines) const {
  auto entry = std::make_unique<Entry>();
  entry->lines = lines;
  absl::StatusOr<std::unique_ptr<WitnessedLog>> log = WitnessedLog::Open(
      {.origin = origin,
       .keys = KeysIn(lines),
       .key = options_.key,
       .heads = options_.heads,
       .state = options_.state,
       .events = options_.events,
       .patience = options_.patience,
       .now_s = [] { return static_cast<uint64_t>(std::time(nullptr)); }});
  if (!log.ok()) return log.status();
  entry->log = *std::move(log);
  if (absl::Status s = Check(origin, lines); !s.ok()) return s;
  if (options_.light) return entry;
  absl::StatusOr<LogSource> source = LogSource::Open(lines.front(), options_.source);
  if (!source.ok()) return source.status();
  // Nothing is left to be found out about it.
  const std::optional<Refusal> refusal = entry->log->figures().refusal;
  if (refusal && !refusal->evidence.empty()) return entry;
  absl::StatusOr<AuditStore> store =
      AuditStore::Open(options_.directory + "/audit", origin);
  if (!store.ok()) return store.status();
  entry->source = *std::move(source);
  entry->store.emplace(*std::move(store));
  return entry;
}

void WitnessedLogs::Follow(Entry* entry) const {
  if (!entry->source) return;
  entry->follower = std::make_unique<LogFollower>(
      *std::move(entry->source), options_.state, *std::move(entry->store),
      entry->log.get(),
      LogFollower::Options{.key = entry->lines.front().key,
                           .poll = options_.poll,
                           .keep_every = options_.keep_every,
                           .events = options_.events});
  entry->source.reset();
  entry->store.reset();
  entry->log->Use(entry->follower.get());
  // What it cosigned before, perhaps without an audit, is audited now.
  if (const std::optional<CosignedHead> last = entry->log->last()) {
    entry->follower->CheckCosigned(last->note, last->checkpoint);
  }
  // So is what convicted it, if nobody could be shown that yet.
  const std::optional<Refusal> refusal = entry->log->figures().refusal;
  if (!refusal) return;
  for (const std::string& note : refusal->heads) {
    const absl::StatusOr<Checkpoint> head =
        OpenCheckpoint(note, entry->lines.front().key);
    if (head.ok()) entry->follower->CheckCosigned(note, *head);
  }
}

absl::StatusOr<WitnessedLogs::Changes> WitnessedLogs::Change(
    const std::vector<Policy::Log>& logs) {
  MutexLock one_at_a_time(changing_);
  if (logs.empty()) {
    return absl::InvalidArgumentError("--logs names no log: it needs `log VKEY URL`");
  }
  std::map<std::string, std::vector<Policy::Log>, std::less<>> wanted;
  for (const Policy::Log& log : logs) wanted[log.key.name].push_back(log);

  // First all that may fail.
  ByOrigin added;
  std::vector<std::pair<Entry*, LogSource>> moved;
  for (const auto& [origin, lines] : wanted) {
    const Entry* const listed = Listed(origin);
    if (listed == nullptr) {
      absl::StatusOr<std::unique_ptr<Entry>> entry = Open(origin, lines);
      if (!entry.ok()) return entry.status();
      added[origin] = *std::move(entry);
      continue;
    }
    if (!SameKeys(listed->lines, lines)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--logs: %s has another key now: that takes a restart", origin));
    }
    if (options_.light || listed->lines.front().url == lines.front().url) continue;
    absl::StatusOr<LogSource> source = LogSource::Open(lines.front(), options_.source);
    if (!source.ok()) return source.status();
    moved.emplace_back(Listed(origin), *std::move(source));
  }

  Changes changes{.added = added.size(), .moved = moved.size()};
  for (auto& [entry, source] : moved) {
    if (entry->follower != nullptr) entry->follower->MoveTo(std::move(source));
    entry->lines = wanted.at(entry->log->origin());
  }
  for (const auto& [origin, entry] : added) Follow(entry.get());
  ByOrigin leaving;
  MutexLock lock(mutex_);
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto next = std::next(it);
    if (!wanted.contains(it->first)) leaving.insert(entries_.extract(it));
    it = next;
  }
  changes.removed = leaving.size();
  entries_.merge(added);
  by_hash_.clear();
  for (const auto& [origin, entry] : entries_) by_hash_[HexOf(origin)] = entry.get();
  for (const auto& [origin, entry] : leaving) {
    if (entry->follower != nullptr) entry->follower->Stop();
  }
  lock.Wait(released_, [&] {
    return std::all_of(leaving.begin(), leaving.end(),
                       [](const auto& left) { return left.second->held == 0; });
  });
  return changes;
}

}  // namespace setlog
