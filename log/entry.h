// log/entry.h -- the entries of a log: strict codec of the five forms.
//
//   std::string bytes = Encode(AddEntry{record_hash});         // 01 | r
//   absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(bytes)); // by form alone
//   absl::Status ok = CheckPosition(*entry, position);         // what a position fixes
//
// Wire: one type byte, then the body; integers u64 big endian:
//
//   00 | manifest, JSON in RFC 8785 form, at most 32 KiB      exactly once, at 0
//   01 | r                                                    r joins the set
//   02 | r                                                    r leaves the set
//   03 | m | n | set root                                     the set after [0, m)
//   04 | m | name, 1..255 bytes                               version `name` is m
//
// Whether a manifest's JSON is right is for manifest.h; whether m grows and names are
// new needs the earlier entries: replay.h.
#ifndef SETLOG_LOG_ENTRY_H_
#define SETLOG_LOG_ENTRY_H_

#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "log/bytes.h"

namespace setlog {

inline constexpr size_t kMaxManifestBytes = 32 * 1024;
inline constexpr size_t kValueEntryBytes = 33;  // an add or a remove
inline constexpr size_t kIndexEntryBytes = 49;

enum class EntryType : uint8_t {
  kManifest = 0,
  kAdd = 1,
  kRemove = 2,
  kIndex = 3,
  kTag = 4,
};

struct ManifestEntry {
  std::string json;
  friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};
struct AddEntry {
  Hash value;
  friend bool operator==(const AddEntry&, const AddEntry&) = default;
};
struct RemoveEntry {
  Hash value;
  friend bool operator==(const RemoveEntry&, const RemoveEntry&) = default;
};
struct IndexEntry {
  uint64_t m = 0;  // entries that the set is computed from
  uint64_t n = 0;  // members
  Hash set_root;
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};
struct TagEntry {
  uint64_t m = 0;
  std::string name;
  friend bool operator==(const TagEntry&, const TagEntry&) = default;
};
// In the order of the type bytes.
using Entry = std::variant<ManifestEntry, AddEntry, RemoveEntry, IndexEntry, TagEntry>;

inline EntryType TypeOf(const Entry& entry) {
  return static_cast<EntryType>(entry.index());
}
// "manifest", "add", "remove", "index", "tag".
const char* NameOf(EntryType type);

std::string Encode(const Entry& entry);
// Exact: Encode of the result is `bytes`. InvalidArgument otherwise.
absl::StatusOr<Entry> DecodeEntry(Bytes bytes);
// Rules that need only the entry's own position: the manifest at 0 and only there;
// 1 <= m <= position and n < m. InvalidArgument if broken.
absl::Status CheckPosition(const Entry& entry, uint64_t position);

// An index entry or a tag, and where it stands.
struct PlacedIndex {
  IndexEntry entry;
  uint64_t position = 0;
  friend bool operator==(const PlacedIndex&, const PlacedIndex&) = default;
};
struct PlacedTag {
  uint64_t m = 0;
  uint64_t position = 0;
  friend bool operator==(const PlacedTag&, const PlacedTag&) = default;
};

// 1..255 bytes of A-Z a-z 0-9 . _ - / + and not digits only (digits are a size).
absl::Status CheckTagName(std::string_view name);

}  // namespace setlog

#endif  // SETLOG_LOG_ENTRY_H_
