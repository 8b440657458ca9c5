#include "client/record_watch.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/batch_presence.h"
#include "client/log_client.h"
#include "client/refused.h"
#include "client/tree_client.h"
#include "log/entry.h"
#include "log/successor.h"

namespace setlog {

RecordWatch::RecordWatch(const Connection* connection, std::vector<Hash> values,
                         std::optional<WatchState> before, uint64_t follow_entries)
    : connection_(connection), follow_entries_(follow_entries) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  values.shrink_to_fit();
  state_.values = std::move(values);
  state_.present.resize(state_.values.size());
  known_.resize(state_.values.size());
  new_values_ = state_.values.size();
  if (!before) return;
  state_.vkey = before->vkey;
  state_.m = before->m;
  state_.index_position = before->index_position;
  size_t place = 0;
  for (size_t i = 0; i < before->values.size(); ++i) {
    while (place < state_.values.size() && state_.values[place] < before->values[i]) {
      ++place;
    }
    if (place == state_.values.size() || state_.values[place] != before->values[i]) {
      ++dropped_values_;
      continue;
    }
    known_[place] = true;
    state_.present[place] = before->present[i];
    --new_values_;
  }
}

uint64_t RecordWatch::present_count() const {
  return static_cast<uint64_t>(
      std::count(state_.present.begin(), state_.present.end(), true));
}

std::optional<size_t> RecordWatch::PlaceOf(const Hash& value) const {
  const auto found =
      std::lower_bound(state_.values.begin(), state_.values.end(), value);
  if (found == state_.values.end() || *found != value) return std::nullopt;
  return static_cast<size_t>(found - state_.values.begin());
}

absl::StatusOr<std::vector<WatchEvent>> RecordWatch::Look(const VerifiedHead& head,
                                                          const Step& step) {
  doubted_.reset();
  const uint64_t m = head.version.index.m;
  if (looked_ && m == state_.m) return std::vector<WatchEvent>();
  if (m < state_.m) {
    return absl::UnavailableError(absl::StrFormat(
        "the newest version that can be verified is m = %d, older than m = %d of the "
        "last look",
        m, state_.m));
  }
  Draft draft{state_.present, std::vector<bool>(state_.values.size()), {}};
  const bool followed =
      state_.m > 0 &&
      m - state_.m <= follow_entries_ + kFollowPerValue * state_.values.size();
  if (followed) {
    if (absl::Status s = Follow(head, step, draft); !s.ok()) return s;
  }
  if (absl::Status s = Ask(head, followed, step, draft); !s.ok()) return s;
  looked_ = true;
  known_.assign(known_.size(), true);
  state_.present = std::move(draft.present);
  state_.m = m;
  ahead_ = {};
  ahead_position_ = m;
  state_.index_position = head.version.index_position;
  return std::move(draft.events);
}

absl::Status RecordWatch::Follow(const VerifiedHead& head, const Step& step,
                                 Draft& draft) const {
  const uint64_t end = head.version.index.m;
  const TreeClient tree(connection_, head.version.checkpoint);
  return tree.Entries(
      state_.m, end, [&](uint64_t begin, std::span<const Bytes> entries) {
        for (size_t i = 0; i < entries.size(); ++i) {
          const absl::StatusOr<Entry> entry = DecodeEntry(entries[i]);
          // What is malformed changes no set; that it is there, an audit says.
          if (!entry.ok()) continue;
          const auto* add = std::get_if<AddEntry>(&*entry);
          const auto* remove = std::get_if<RemoveEntry>(&*entry);
          if (add == nullptr && remove == nullptr) continue;
          const std::optional<size_t> place = PlaceOf(add ? add->value : remove->value);
          if (!place || !known_[*place]) continue;
          draft.named[*place] = true;
          const bool enters = add != nullptr;
          if (draft.present[*place] == enters) continue;
          draft.present[*place] = enters;
          draft.events.push_back({*place, enters, begin + i});
        }
        return step(begin + entries.size() - state_.m, end - state_.m);
      });
}

absl::StatusOr<WatchAhead> RecordWatch::ReadAhead(const VerifiedHead& head,
                                                  const Step& step) {
  const Checkpoint& checkpoint = head.version.checkpoint;
  if (!looked_ || head.version.index.m != state_.m) {
    return absl::FailedPreconditionError("the head's version was not looked at");
  }
  // A head may be an older one than the last: the newest that witnesses cosigned.
  if (checkpoint.size <= ahead_position_) return ahead_;
  const TreeClient tree(connection_, checkpoint);
  const uint64_t first = ahead_position_;
  const absl::Status read = tree.Entries(
      first, checkpoint.size, [&](uint64_t begin, std::span<const Bytes> entries) {
        WatchAhead ahead = ahead_;
        for (size_t i = 0; i < entries.size(); ++i) {
          const absl::StatusOr<Entry> entry = DecodeEntry(entries[i]);
          if (!entry.ok()) continue;
          if (const auto* add = std::get_if<AddEntry>(&*entry)) {
            ++ahead.changes;
            ahead.watched += PlaceOf(add->value).has_value();
          } else if (const auto* remove = std::get_if<RemoveEntry>(&*entry)) {
            ++ahead.changes;
            ahead.watched += PlaceOf(remove->value).has_value();
          } else if (const auto* tag = std::get_if<TagEntry>(&*entry)) {
            if (SuccessorNamed(tag->name)) ahead.successor = tag->name;
          } else if (const auto* index = std::get_if<IndexEntry>(&*entry)) {
            if (index->m <= state_.m || !CheckPosition(*entry, begin + i).ok())
              continue;
            return Refused(
                checkpoint.origin,
                absl::StrFormat("the server withholds the version m = %d: its index "
                                "entry stands at %d, below the head of size %d, and "
                                "m = %d is shown as the newest",
                                index->m, begin + i, checkpoint.size, state_.m));
          }
        }
        ahead_ = ahead;
        ahead_position_ = begin + entries.size();
        return step(ahead_position_ - first, checkpoint.size - first);
      });
  if (!read.ok()) return read;
  return ahead_;
}

absl::Status RecordWatch::Ask(const VerifiedHead& head, bool followed, const Step& step,
                              Draft& draft) {
  const size_t count = state_.values.size();
  const bool all = !looked_ || !followed || count <= LogClient::kBatchRecords;
  std::vector<size_t> places;
  std::vector<Hash> values;
  const auto ask = [&](uint64_t done) -> absl::Status {
    if (values.empty()) return absl::OkStatus();
    const absl::StatusOr<BatchPresence> found =
        LookUpBatch(*connection_, head.version, values);
    if (!found.ok()) return found.status();
    for (size_t i = 0; i < places.size(); ++i) {
      const size_t place = places[i];
      const bool present = found->present[i];
      if (draft.present[place] == present) continue;
      if (known_[place] && followed) {
        doubted_ = values[i];
        return Refused(
            head.version.checkpoint.origin,
            absl::StrFormat("%s is %s the set at m = %d, which does not follow from "
                            "the set at m = %d and the entries since",
                            ToHex(values[i]), present ? "in" : "not in",
                            head.version.index.m, state_.m));
      }
      draft.present[place] = present;
      if (known_[place]) draft.events.push_back({place, present, std::nullopt});
    }
    places.clear();
    values.clear();
    return step(done, count);
  };
  for (size_t place = 0; place < count; ++place) {
    if (!all && known_[place] && !draft.named[place]) continue;
    places.push_back(place);
    values.push_back(state_.values[place]);
    if (values.size() < LogClient::kBatchRecords) continue;
    if (absl::Status s = ask(place + 1); !s.ok()) return s;
  }
  return ask(count);
}

}  // namespace setlog
