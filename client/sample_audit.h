// client/sample_audit.h -- some entries of a log, checked one by one under its head.
//
//   SampleAudit audit(&connection, &client, &head);
//   absl::StatusOr<bool> clean = audit.Run(positions, step);
//   if (clean.ok() && !*clean) Show(audit.fault()->what, audit.fault()->evidence);
//
// Each entry is shown to stand in its place under the head, and has one of the forms
// that are legal there. The set denies no add or remove that the head's index entry
// covers, unless a later entry about the same value is shown. That says nothing of
// entries that were not drawn, such as a later remove that the set ignores, of members
// that no entry added, and of older versions: how much it says of how many bad entries
// is in log/sampling.h. Not thread-safe.
#ifndef SETLOG_CLIENT_SAMPLE_AUDIT_H_
#define SETLOG_CLIENT_SAMPLE_AUDIT_H_

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/log_client.h"
#include "log/entry.h"
#include "log/evidence.h"

namespace setlog {

class SampleAudit {
 public:
  // All must outlive it.
  SampleAudit(const Connection* connection, LogClient* client,
              const VerifiedHead* head);

  // Called now and then; an error of its own ends the audit and is returned.
  using Step = std::function<absl::Status(uint64_t done)>;

  // Checks the entries at `positions`, rising and below the head's size. False if a
  // fault() was met. DataLoss if an answer does not verify, with the client's
  // conviction() if there is evidence of that; else the server's status. Three small
  // calls an entry, of which 16 are under way at a time, one for 4,096 values, and one
  // for each that the set denies; once more all entries from the first of 4,096 on, if
  // the server does not show what changed it.
  absl::StatusOr<bool> Run(std::span<const uint64_t> positions, const Step& step);

  struct Fault {
    std::string what;
    absl::StatusOr<Evidence> evidence;  // or why it could not be made
  };
  const std::optional<Fault>& fault() const { return fault_; }

  // How many entries of a type were checked, and how many values were looked up.
  uint64_t count(EntryType type) const { return counts_[static_cast<size_t>(type)]; }
  uint64_t looked_up() const { return looked_up_; }
  // Adds and removes that no index entry covers yet.
  uint64_t not_indexed() const { return not_indexed_; }

 private:
  struct Change {
    uint64_t position = 0;
    Hash value;
    bool add = true;
  };
  absl::Status Fetch(std::span<const uint64_t> positions);
  absl::StatusOr<std::string> FetchOne(uint64_t position) const;
  void CheckForm(uint64_t position, const std::string& bytes);
  absl::Status CheckMembers(const Step& step);
  // A change that the set denies, until a later one is found.
  struct Denied {
    Change last;
    LookupProof lookup;
  };
  // Nothing if the server shows a later change that explains it.
  absl::StatusOr<std::optional<Denied>> FindLater(const Change& change);
  // Looks for later changes in the log itself.
  absl::Status ReadLater(std::vector<Denied> denied, const Step& step);
  absl::Status JudgeLast(Denied denied);

  const Connection* connection_;
  LogClient* client_;
  const VerifiedHead* head_;
  const TreeClient tree_;
  uint64_t done_ = 0;  // entries
  std::array<uint64_t, 5> counts_{};
  uint64_t looked_up_ = 0;
  uint64_t not_indexed_ = 0;
  std::vector<Change> changes_;  // below m
  std::optional<Fault> fault_;
};

}  // namespace setlog

#endif  // SETLOG_CLIENT_SAMPLE_AUDIT_H_
