// What a store reads back from disk: rows that parse are written the same way, and an
// anchor is one that could have been left, torn or not.
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/choices.h"
#include "fuzz/law.h"
#include "log/sha256.h"
#include "server/sequencer.h"
#include "storage/anchor.h"
#include "storage/row_format.h"

namespace setlog {
namespace {

void CheckRows(std::string_view value) {
  if (const auto id = ParseIdentity(value); id.ok()) {
    Law(EncodeIdentity(*id) == value, "the identity row");
  }
  if (const auto row = ParseCommitRow(value); row.ok()) {
    Law(EncodeCommitRow(*row) == value, "the commit row");
    Law(row->commit.number == row->previous.number + (row->commit.number > 0),
        "two neighbours");
  }
  if (const auto row = DecodeSessionRow(value); row.ok()) {
    Law(EncodeSessionRow(*row) == value, "a session row");
  }
  for (size_t cut : {LogKey(1).size(), value.size() / 2}) {
    cut = std::min(cut, value.size());
    const auto log = ParseLogRow(value.substr(0, cut), value.substr(cut));
    if (!log.ok()) continue;
    Law(LogKey(log->log) == value.substr(0, cut), "a log's key");
    Law(EncodeLogRow(log->head, log->origin) == value.substr(cut), "and its row");
  }
}

class AnchorFile {
 public:
  AnchorFile() : descriptor_(::memfd_create("anchor", MFD_CLOEXEC)) {}
  AnchorFile(const AnchorFile&) = delete;
  ~AnchorFile() { ::close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }
  void Write(std::string_view content) {
    Law(::ftruncate(descriptor_, 0) == 0 &&
            ::pwrite(descriptor_, content.data(), content.size(), 0) ==
                static_cast<ssize_t>(content.size()),
        "there is memory for a file");
  }

 private:
  int descriptor_;
};

// One slot, by the picture in storage/anchor.h.
std::string Slot(const StoreId& id, const CommitPoint& point) {
  std::string slot = "setlog anchor 1\n";
  slot += AsText(id);
  AppendU64(&slot, point.number);
  slot += AsText(point.chain);
  slot += AsText(Sha256(AsBytes(slot)));
  slot.resize(4096);
  return slot;
}

void CheckAnchorFile(Choices choices) {
  static AnchorFile file;
  StoreId ids[2] = {{1}, {1}};
  if (choices.Below(4) == 3) ids[1][15] = 9;
  const uint64_t first = choices.Below(2) ? choices.Below(6) : choices.Number();
  CommitPoint points[2];
  std::string slots[2];
  bool whole[2];
  for (int i = 0; i < 2; ++i) {
    points[i].number = first + choices.Below(3) - 1;
    points[i].chain.bytes[0] = static_cast<uint8_t>(choices.Below(2));
    slots[i] = Slot(ids[i], points[i]);
    whole[i] = true;
    if (choices.Below(3) == 2) {
      std::string damaged = choices.Damaged(slots[i]);
      damaged.resize(4096);
      whole[i] = damaged == slots[i];
      slots[i] = damaged;
    }
  }
  file.Write(slots[0] + slots[1]);
  const absl::StatusOr<Anchor> anchor = Anchor::Open(file.path());
  if (whole[0] != whole[1]) {
    const int left = whole[0] ? 0 : 1;
    Law(anchor.ok() && anchor->torn() && anchor->id() == ids[left] &&
            anchor->point() == points[left],
        "the slot that is whole counts");
    return;
  }
  // Two that are whole: the same twice, or commit n in slot n mod 2 after n - 1.
  const int newer = points[0].number > points[1].number ? 0 : 1;
  const bool fits =
      ids[0] == ids[1] && (points[0] == points[1] ||
                           (points[newer].number - 1 == points[1 - newer].number &&
                            points[newer].number % 2 == static_cast<uint64_t>(newer)));
  Law(anchor.ok() == (whole[0] && fits), "an anchor could have been left so");
  if (!anchor.ok()) {
    Law(absl::IsDataLoss(anchor.status()), "else it is damaged");
    return;
  }
  Law(!anchor->torn() && anchor->point() == points[newer], "the newer slot counts");
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace setlog;
  CheckRows(AsText({data, size}));
  CheckAnchorFile(Choices(data, size));
  return 0;
}
