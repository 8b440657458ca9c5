#include "client/sample_audit.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/batch_presence.h"
#include "client/covering.h"
#include "client/refused.h"

namespace setlog {
namespace {

// Under way at a time: what counts is how long an answer takes to come.
constexpr size_t kThreads = 16;
// Between two steps.
constexpr size_t kPieceEntries = 256;

const char* Says(bool add) { return add ? "adds" : "removes"; }

}  // namespace

SampleAudit::SampleAudit(const Connection* connection, LogClient* client,
                         const VerifiedHead* head)
    : connection_(connection),
      client_(client),
      head_(head),
      tree_(connection, head->version.checkpoint) {}

absl::StatusOr<bool> SampleAudit::Run(std::span<const uint64_t> positions,
                                      const Step& step) {
  for (size_t done = 0; done < positions.size();) {
    const auto piece =
        positions.subspan(done, std::min(kPieceEntries, positions.size() - done));
    if (absl::Status s = Fetch(piece); !s.ok()) return s;
    if (fault_) return false;
    done += piece.size();
    done_ = done;
    if (absl::Status s = step(done); !s.ok()) return s;
  }
  if (absl::Status s = CheckMembers(step); !s.ok()) return s;
  return !fault_;
}

absl::Status SampleAudit::Fetch(std::span<const uint64_t> positions) {
  std::vector<absl::StatusOr<std::string>> entries(positions.size(), std::string());
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto work = [&] {
    for (size_t i = next++; i < positions.size() && !failed; i = next++) {
      entries[i] = FetchOne(positions[i]);
      if (!entries[i].ok()) failed = true;
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < std::min(kThreads, positions.size()); ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < positions.size(); ++i) {
    if (entries[i].ok()) continue;
    const absl::Status& why = entries[i].status();
    return absl::Status(
        why.code(), absl::StrFormat("entry %d is not shown to stand in its place under "
                                    "the head of size %d: %s",
                                    positions[i], head_->version.checkpoint.size,
                                    std::string(why.message())));
  }
  for (size_t i = 0; i < positions.size() && !fault_; ++i) {
    CheckForm(positions[i], *entries[i]);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SampleAudit::FetchOne(uint64_t position) const {
  std::string bytes;
  const absl::Status fetched = tree_.Entries(
      position, position + 1, [&](uint64_t, std::span<const Bytes> entries) {
        bytes = AsText(entries[0]);
        return absl::OkStatus();
      });
  if (!fetched.ok()) return fetched;
  return bytes;
}

void SampleAudit::CheckForm(uint64_t position, const std::string& bytes) {
  const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(bytes));
  const absl::Status form =
      entry.ok() ? CheckPosition(*entry, position) : entry.status();
  if (!form.ok()) {
    fault_ = {absl::StrFormat("entry %d: %s", position, std::string(form.message())),
              absl::UnknownError("")};
    absl::StatusOr<ProvenEntry> proven = ProveEntry(tree_, position, bytes);
    if (!proven.ok()) {
      fault_->evidence = proven.status();
      return;
    }
    std::optional<ProvenEntry> manifest;
    if (position > 0) manifest = head_->proof.manifest;
    fault_->evidence =
        MalformedEntry{head_->proof.checkpoint, manifest, *std::move(proven)};
    return;
  }
  ++counts_[static_cast<size_t>(TypeOf(*entry))];
  const auto* add = std::get_if<AddEntry>(&*entry);
  const auto* remove = std::get_if<RemoveEntry>(&*entry);
  if (add == nullptr && remove == nullptr) return;
  if (position >= head_->version.index.m) {
    ++not_indexed_;
    return;
  }
  changes_.push_back({position, add ? add->value : remove->value, add != nullptr});
}

absl::Status SampleAudit::CheckMembers(const Step& step) {
  for (size_t begin = 0; begin < changes_.size(); begin += LogClient::kBatchRecords) {
    const auto piece = std::span(changes_).subspan(
        begin, std::min(LogClient::kBatchRecords, changes_.size() - begin));
    std::vector<Hash> values;
    for (const Change& change : piece) values.push_back(change.value);
    const absl::StatusOr<BatchPresence> found =
        LookUpBatch(*connection_, head_->version, values);
    if (!found.ok()) return found.status();
    std::vector<Denied> denied;
    for (size_t i = 0; i < piece.size(); ++i) {
      ++looked_up_;
      if (found->present[i] == piece[i].add) continue;
      absl::StatusOr<std::optional<Denied>> later = FindLater(piece[i]);
      if (!later.ok()) return later.status();
      if (*later) denied.push_back(**std::move(later));
      if (absl::Status s = step(done_); !s.ok()) return s;
    }
    if (absl::Status s = ReadLater(std::move(denied), step); !s.ok()) return s;
    if (fault_) return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<SampleAudit::Denied>> SampleAudit::FindLater(
    const Change& change) {
  absl::StatusOr<LookupResult> found =
      client_->LookupValue(*head_, change.value, Positions::kProven);
  if (absl::IsDataLoss(found.status()) && !client_->conviction()) {
    // A set that holds what no entry added has no entry to show. The log itself says.
    found = client_->LookupValue(*head_, change.value, Positions::kNone);
  }
  if (!found.ok()) return found.status();
  const std::optional<ProvenEntry>& later =
      change.add ? found->proof.removed : found->proof.added;
  const bool opposite = (found->answer.verdict == SetVerdict::kPresent) != change.add;
  if (opposite && later && later->position > change.position) return std::nullopt;
  return Denied{change, std::move(found->proof.lookup)};
}

absl::Status SampleAudit::ReadLater(std::vector<Denied> denied, const Step& step) {
  if (denied.empty()) return absl::OkStatus();
  const uint64_t m = head_->version.index.m;
  uint64_t first = m;
  std::multimap<Hash, Denied*> by_value;
  for (Denied& one : denied) {
    first = std::min(first, one.last.position);
    by_value.emplace(one.last.value, &one);
  }
  const absl::Status read =
      tree_.Entries(first, m, [&](uint64_t begin, std::span<const Bytes> entries) {
        for (size_t i = 0; i < entries.size(); ++i) {
          const absl::StatusOr<Entry> entry = DecodeEntry(entries[i]);
          if (!entry.ok()) continue;
          const auto* add = std::get_if<AddEntry>(&*entry);
          const auto* remove = std::get_if<RemoveEntry>(&*entry);
          if (add == nullptr && remove == nullptr) continue;
          const Hash& value = add ? add->value : remove->value;
          const auto [from, to] = by_value.equal_range(value);
          for (auto at = from; at != to; ++at) {
            Change& last = at->second->last;
            if (begin + i > last.position) last = {begin + i, value, add != nullptr};
          }
        }
        return step(done_);
      });
  if (!read.ok()) return read;
  for (Denied& one : denied) {
    if (absl::Status s = JudgeLast(std::move(one)); !s.ok() || fault_) return s;
  }
  return absl::OkStatus();
}

absl::Status SampleAudit::JudgeLast(Denied denied) {
  const uint64_t m = head_->version.index.m;
  const auto& [position, value, adds] = denied.last;
  const absl::StatusOr<bool> present =
      VerifyLookup(head_->version.index.set_root, value, denied.lookup);
  if (!present.ok()) return Refused(head_->version.checkpoint.origin, present.status());
  if (*present == adds) return absl::OkStatus();
  fault_ = {absl::StrFormat("entry %d %s %s, no entry after it changes that, and the "
                            "set at m = %d says the opposite",
                            position, Says(adds), ToHex(value), m),
            absl::UnknownError("")};
  absl::StatusOr<EntryRange> range = FetchRange(tree_, position, m);
  if (!range.ok()) {
    fault_->evidence = range.status();
    return absl::OkStatus();
  }
  fault_->evidence = WrongAnswer{head_->proof.checkpoint,  head_->proof.manifest,
                                 head_->proof.index,       value,
                                 std::move(denied.lookup), *std::move(range)};
  return absl::OkStatus();
}

}  // namespace setlog
