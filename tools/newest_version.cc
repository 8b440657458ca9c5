#include "tools/newest_version.h"

#include "absl/strings/str_format.h"
#include "client/tree_client.h"
#include "log/entry.h"

namespace setlog {

absl::Status CheckNewest(const Connection& connection, const Version& version,
                         uint64_t size) {
  if (version.checkpoint.size < size) {
    return absl::DataLossError(absl::StrFormat(
        "the cosigned head covers %d entries only, and a newer index entry may stand "
        "below %d",
        version.checkpoint.size, size));
  }
  if (version.index_position + 1 >= size) return absl::OkStatus();
  const TreeClient tree(&connection, version.checkpoint);
  return tree.Entries(
      version.index_position + 1, size,
      [](uint64_t begin, std::span<const Bytes> entries) {
        for (size_t i = 0; i < entries.size(); ++i) {
          const absl::StatusOr<Entry> entry = DecodeEntry(entries[i]);
          if (!entry.ok() || TypeOf(*entry) != EntryType::kIndex) continue;
          return absl::DataLossError(absl::StrFormat(
              "the server answered for an older version: a newer index entry stands "
              "at position %d",
              begin + i));
        }
        return absl::OkStatus();
      });
}

}  // namespace setlog
