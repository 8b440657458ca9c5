#include "index/file_tag.h"

#include <xxhash.h>

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr std::string_view kMagic = "setlog";
constexpr char kFormatVersion = 1;

absl::Status Refused(const std::string& path, std::string_view why) {
  return absl::DataLossError(absl::StrFormat("%s %s", path, why));
}

}  // namespace

std::string EncodeFileTag(FileKind kind, const IndexIdentity& identity,
                          unsigned partition) {
  std::string tag(kMagic);
  tag.push_back(static_cast<char>(kind));
  tag.push_back(kFormatVersion);
  tag.append(reinterpret_cast<const char*>(identity.store.data()),
             identity.store.size());
  for (int shift = 24; shift >= 0; shift -= 8) {
    tag.push_back(static_cast<char>(identity.log >> shift));
  }
  tag.push_back(static_cast<char>(identity.partition_bits));
  tag.push_back(static_cast<char>(partition));
  tag.resize(kFileTagBytes, '\0');
  return tag;
}

absl::Status CheckFileTag(Bytes bytes, FileKind kind, const IndexIdentity& identity,
                          unsigned partition, const std::string& path) {
  const std::string expected = EncodeFileTag(kind, identity, partition);
  const std::string_view found = AsText(bytes);
  if (found == expected) return absl::OkStatus();
  const auto same = [&](size_t begin, size_t size) {
    return found.substr(begin, size) == std::string_view(expected).substr(begin, size);
  };
  if (found.size() != expected.size() || !same(0, 7)) {
    return Refused(path, "is not what its name says, or damaged");
  }
  if (!same(7, 1)) return Refused(path, "has a format that this setlogd does not know");
  if (!same(8, 20)) return Refused(path, "belongs to another log or store");
  return Refused(path, "belongs to another partition");
}

absl::Status DamagedFile(const std::string& path, std::string_view what) {
  return absl::DataLossError(absl::StrFormat("%s is damaged: %s", path, what));
}

uint64_t ChecksumAt(uint64_t place, Bytes bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), place);
}

}  // namespace setlog
