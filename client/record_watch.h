// client/record_watch.h -- which of some values are in a log's set, version by version.
//
//   RecordWatch watch(&connection, std::move(values), std::nullopt);
//   absl::StatusOr<std::vector<WatchEvent>> none = watch.Look(head, step);   //
//   baseline absl::StatusOr<std::vector<WatchEvent>> events = watch.Look(newer, step);
//   for (const WatchEvent& event : *events) Tell(watch.values()[event.place], event);
//
// The state after a look is what verified proofs say of every value under the look's
// version, or, of more than 4,096 values, what the proofs of those say that an entry
// since the last look names; all of them are asked about in the first look. Between two
// versions that are not far apart the entries are read too, so a value that came and
// went is two events; else only the ends are compared. Not thread-safe.
// Memory: 33 bytes a value, and 32 for each event of a look.
#ifndef SETLOG_CLIENT_RECORD_WATCH_H_
#define SETLOG_CLIENT_RECORD_WATCH_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/head_follower.h"
#include "log/bytes.h"

namespace setlog {

// What is known of some values; what client/watch_store.h keeps.
struct WatchState {
  std::string vkey;             // of the log
  uint64_t m = 0;               // of the version that it is for
  uint64_t index_position = 0;  // of that version's index entry
  std::vector<Hash> values;     // rising
  std::vector<bool> present;    // of each
  friend bool operator==(const WatchState&, const WatchState&) = default;
};

struct WatchEvent {
  size_t place = 0;  // in values()
  bool entered = true;
  // Of the entry that did it; nothing if only the ends were compared.
  std::optional<uint64_t> position;
  friend bool operator==(const WatchEvent&, const WatchEvent&) = default;
};

// Adds and removes that no version covers yet.
struct WatchAhead {
  uint64_t changes = 0;
  uint64_t watched = 0;   // of them name a value
  std::string successor;  // the tag that hands the log over; "" = none yet
  friend bool operator==(const WatchAhead&, const WatchAhead&) = default;
};

class RecordWatch {
 public:
  // Entries between two versions that are read whatever the number of values is, and
  // how many more for each value: an entry costs about 40 bytes, an answer 500.
  static constexpr uint64_t kFollowEntries = uint64_t{1} << 16;
  static constexpr uint64_t kFollowPerValue = 4;

  // Values in any order, duplicates collapse. `before` is where an earlier watch came
  // to; of its values those that are not watched any more are dropped, and the others
  // are new: they have no events before their first look.
  RecordWatch(const Connection* connection, std::vector<Hash> values,
              std::optional<WatchState> before,
              uint64_t follow_entries = kFollowEntries);

  const std::vector<Hash>& values() const { return state_.values; }
  // Of the last look's version.
  const WatchState& state() const { return state_; }
  uint64_t present_count() const;
  // Against `before`.
  uint64_t new_values() const { return new_values_; }
  uint64_t dropped_values() const { return dropped_values_; }

  // Called between questions; an error of its own ends the look and is returned.
  using Step = std::function<absl::Status(uint64_t done, uint64_t total)>;

  // What happened up to the version of `head`, in order. Nothing, without a call, if it
  // is the version of the last look. Unavailable if it is an older one. DataLoss if an
  // answer does not verify; or if it does, and contradicts the entries: then doubted()
  // says whose. After an error the state is what it was.
  absl::StatusOr<std::vector<WatchEvent>> Look(const VerifiedHead& head,
                                               const Step& step);
  const std::optional<Hash>& doubted() const { return doubted_; }

  // What the entries after the version of the last look hold, up to a head that shows
  // that version as the newest: whoever only asks for the newest version cannot tell a
  // log in which nothing happens from a server that withholds what does. While the
  // version stays no entry is read twice. DataLoss if there is an index entry of a
  // newer version among them: a server shows the newest one. FailedPrecondition if the
  // head's version is another one.
  absl::StatusOr<WatchAhead> ReadAhead(const VerifiedHead& head, const Step& step);

 private:
  struct Draft {
    std::vector<bool> present;
    std::vector<bool> named;  // by an entry
    std::vector<WatchEvent> events;
  };
  absl::Status Follow(const VerifiedHead& head, const Step& step, Draft& draft) const;
  absl::Status Ask(const VerifiedHead& head, bool followed, const Step& step,
                   Draft& draft);
  std::optional<size_t> PlaceOf(const Hash& value) const;

  const Connection* connection_;
  const uint64_t follow_entries_;
  WatchState state_;
  std::vector<bool> known_;  // at state_.m
  bool looked_ = false;
  uint64_t new_values_ = 0;
  uint64_t dropped_values_ = 0;
  std::optional<Hash> doubted_;
  WatchAhead ahead_;             // of the version at state_.m
  uint64_t ahead_position_ = 0;  // the first entry that is not in it, if >= state_.m
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_RECORD_WATCH_H_
