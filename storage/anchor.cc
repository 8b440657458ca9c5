#include "storage/anchor.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "log/sha256.h"

namespace setlog {
namespace {

constexpr std::string_view kMagic = "setlog anchor 1\n";
constexpr size_t kSlotBytes = 4096;  // a block of its own: neighbours do not share fate
constexpr size_t kIdOffset = 16;
constexpr size_t kNumberOffset = 32;
constexpr size_t kChainOffset = 40;
constexpr size_t kChecksumOffset = 72;
static_assert(kMagic.size() == kIdOffset);

struct Slot {
  StoreId id;
  CommitPoint point;
};

std::string EncodeSlot(const Slot& slot) {
  std::string block(kMagic);
  block.append(AsText(slot.id));
  AppendU64(&block, slot.point.number);
  block.append(AsText(slot.point.chain));
  block.append(AsText(Sha256(AsBytes(block))));
  block.resize(kSlotBytes);
  return block;
}

std::optional<Slot> ParseSlot(std::string_view block) {
  Slot slot;
  std::memcpy(slot.id.data(), block.data() + kIdOffset, slot.id.size());
  slot.point.number = ReadU64(AsBytes(block.substr(kNumberOffset)));
  slot.point.chain = HashFromBytes(AsBytes(block.substr(kChainOffset)));
  // Checks magic, checksum and padding at once.
  if (EncodeSlot(slot) != block) return std::nullopt;
  return slot;
}

// Whether a damaged `block` is what is left of `slot`: all but a few bytes of number,
// chain and checksum agree. Those of another commit agree by chance in a few bytes
// only, and a write torn within them differs in more.
bool IsRestOf(std::string_view block, const Slot& slot) {
  constexpr size_t kMaxDamage = 8;
  const std::string whole = EncodeSlot(slot);
  size_t differing = 0;
  for (size_t i = kNumberOffset; i < kChecksumOffset + Hash::kSize; ++i) {
    differing += block[i] != whole[i];
  }
  return differing <= kMaxDamage;
}

absl::Status Refuse(const StoreState& state, const Anchor& anchor,
                    std::string_view what) {
  return absl::DataLossError(absl::StrFormat(
      "%s: the store is at commit %u, chain %s; the anchor %s is at commit %u, chain "
      "%s. "
      "Starting would fork the logs. Restore the newest backup (`setlogd restore`), or "
      "name the right pair of store and anchor",
      what, state.commit.number, ToHex(state.commit.chain).substr(0, 16), anchor.path(),
      anchor.point().number, ToHex(anchor.point().chain).substr(0, 16)));
}

}  // namespace

absl::Status Anchor::Create(const std::string& path, const StoreState& state) {
  const std::string slot = EncodeSlot({state.id, state.commit});
  return ReplaceFile(path, slot + slot);
}

absl::StatusOr<Anchor> Anchor::Open(const std::string& path) {
  absl::StatusOr<DurableFile> file = DurableFile::Open(path);
  if (!file.ok()) return file.status();
  const absl::StatusOr<std::string> content = file->Read(2 * kSlotBytes);
  if (!content.ok()) return content.status();
  if (content->size() != 2 * kSlotBytes) {
    return absl::DataLossError(
        absl::StrFormat("the anchor %s has %u bytes instead of %u", path,
                        content->size(), 2 * kSlotBytes));
  }
  const std::string_view blocks = *content;
  const std::optional<Slot> even = ParseSlot(blocks.substr(0, kSlotBytes));
  const std::optional<Slot> odd = ParseSlot(blocks.substr(kSlotBytes));
  if (!even && !odd) {
    return absl::DataLossError(
        absl::StrFormat("the anchor %s is unreadable: both slots are damaged", path));
  }
  if (!even || !odd) {
    const Slot& left = even ? *even : *odd;
    return Anchor(*std::move(file), left.id, left.point, /*torn=*/true);
  }
  const bool even_is_newer = even->point.number > odd->point.number;
  const Slot& newer = even_is_newer ? *even : *odd;
  const Slot& older = even_is_newer ? *odd : *even;
  const bool fresh = newer.point == older.point;
  const bool successive = newer.point.number - 1 == older.point.number &&
                          newer.point.number % 2 == (even_is_newer ? 0 : 1);
  if (newer.id != older.id || !(fresh || successive)) {
    return absl::DataLossError(absl::StrFormat(
        "the anchor %s contradicts itself: its slots hold commits %u and %u of %s",
        path, even->point.number, odd->point.number,
        newer.id == older.id ? "one store" : "two stores"));
  }
  return Anchor(*std::move(file), newer.id, newer.point, /*torn=*/false);
}

namespace {

// What Mend writes; nothing if there is nothing to mend.
absl::StatusOr<std::optional<std::string>> Mended(const std::string& path,
                                                  const StoreState& state) {
  constexpr size_t kMaxFileBytes = size_t{1} << 20;
  absl::StatusOr<DurableFile> file = DurableFile::Open(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::string> content = file->Read(kMaxFileBytes);
  if (!content.ok()) return content.status();
  const bool right_size = content->size() == 2 * kSlotBytes;
  content->resize(2 * kSlotBytes);
  const std::string_view blocks = *content;
  if (right_size && ParseSlot(blocks.substr(0, kSlotBytes)) &&
      ParseSlot(blocks.substr(kSlotBytes))) {
    return std::nullopt;
  }
  const size_t at = state.commit.number % 2;
  const std::string_view before = blocks.substr((1 - at) * kSlotBytes, kSlotBytes);
  // Of an anchor that was made at this commit, both slots hold it.
  const bool fresh = IsRestOf(before, {state.id, state.commit});
  if (!fresh && !IsRestOf(before, {state.id, state.previous})) {
    return absl::DataLossError(absl::StrFormat(
        "the anchor %s is damaged where it would hold what is newer than commit %u",
        path, state.commit.number));
  }
  std::string slots[2];
  slots[at] = EncodeSlot({state.id, state.commit});
  slots[1 - at] = EncodeSlot({state.id, fresh ? state.commit : state.previous});
  return slots[0] + slots[1];
}

}  // namespace

absl::StatusOr<bool> Anchor::IsMendable(const std::string& path,
                                        const StoreState& state) {
  absl::StatusOr<std::optional<std::string>> mended = Mended(path, state);
  if (!mended.ok()) return mended.status();
  return mended->has_value();
}

absl::StatusOr<bool> Anchor::Mend(const std::string& path, const StoreState& state) {
  absl::StatusOr<std::optional<std::string>> mended = Mended(path, state);
  if (!mended.ok()) return mended.status();
  if (!mended->has_value()) return false;
  absl::Status written = ReplaceFile(path, **mended);
  if (!written.ok()) return written;
  return true;
}

absl::Status Anchor::Write(const CommitPoint& point) {
  if (failed_) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "an earlier write of the anchor %s failed: open it anew", path()));
  }
  if (point.number != point_.number + 1) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the anchor %s is at commit %u, so commit %u cannot be next",
                        path(), point_.number, point.number));
  }
  const uint64_t offset = point.number % 2 * kSlotBytes;
  absl::Status written = file_.WriteAt(offset, EncodeSlot({id_, point}));
  failed_ = !written.ok();
  if (!written.ok()) return written;
  point_ = point;
  // A torn slot is always the one that the next commit goes to.
  torn_ = false;
  return absl::OkStatus();
}

absl::Status CheckAnchor(const StoreState& state, const Anchor& anchor) {
  if (state.id != anchor.id()) {
    return Refuse(state, anchor,
                  absl::StrFormat("the anchor belongs to another store (%s, not %s)",
                                  ToHex(anchor.id()), ToHex(state.id)));
  }
  const bool one_ahead = state.commit.number == anchor.point().number + 1 &&
                         state.previous == anchor.point();
  if (one_ahead) return absl::OkStatus();
  if (state.commit == anchor.point()) {
    if (!anchor.torn()) return absl::OkStatus();
    return Refuse(state, anchor,
                  "one slot of the anchor is damaged, and not by a power cut: what it "
                  "held may be newer than the store. `setlogd repair` mends it where "
                  "that can be ruled out");
  }
  if (state.commit.number < anchor.point().number) {
    return Refuse(state, anchor, "the store lost commits, or is an old copy");
  }
  if (state.commit.number == anchor.point().number) {
    return Refuse(state, anchor, "the store holds another history than was anchored");
  }
  return Refuse(state, anchor, "the anchor is an old copy, or of another history");
}

}  // namespace setlog
