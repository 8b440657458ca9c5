#include "log/entry.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace setlog {
namespace {

std::string ValueEntry(EntryType type, const Hash& value) {
  std::string bytes(1, static_cast<char>(type));
  bytes.append(AsText(value));
  return bytes;
}

absl::Status Malformed(EntryType type, size_t size, const char* expected) {
  return absl::InvalidArgumentError(absl::StrFormat("%s entry of %d bytes: expected %s",
                                                    NameOf(type), size, expected));
}

}  // namespace

const char* NameOf(EntryType type) {
  static constexpr const char* kNames[] = {"manifest", "add", "remove", "index", "tag"};
  return kNames[static_cast<size_t>(type)];
}

std::string Encode(const Entry& entry) {
  struct Encoder {
    std::string operator()(const ManifestEntry& e) const {
      return std::string(1, '\0') + e.json;
    }
    std::string operator()(const AddEntry& e) const {
      return ValueEntry(EntryType::kAdd, e.value);
    }
    std::string operator()(const RemoveEntry& e) const {
      return ValueEntry(EntryType::kRemove, e.value);
    }
    std::string operator()(const IndexEntry& e) const {
      std::string bytes(1, static_cast<char>(EntryType::kIndex));
      AppendU64(&bytes, e.m);
      AppendU64(&bytes, e.n);
      bytes.append(AsText(e.set_root));
      return bytes;
    }
    std::string operator()(const TagEntry& e) const {
      std::string bytes(1, static_cast<char>(EntryType::kTag));
      AppendU64(&bytes, e.m);
      return bytes + e.name;
    }
  };
  return std::visit(Encoder{}, entry);
}

absl::StatusOr<Entry> DecodeEntry(Bytes bytes) {
  if (bytes.empty()) return absl::InvalidArgumentError("empty entry");
  if (bytes[0] > static_cast<uint8_t>(EntryType::kTag)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("unknown entry type %02x", bytes[0]));
  }
  const EntryType type = static_cast<EntryType>(bytes[0]);
  const Bytes body = bytes.subspan(1);
  switch (type) {
    case EntryType::kManifest:
      if (body.empty() || body.size() > kMaxManifestBytes) {
        return Malformed(type, bytes.size(), "1 to 32768 bytes of JSON");
      }
      return ManifestEntry{std::string(AsText(body))};
    case EntryType::kAdd:
    case EntryType::kRemove:
      if (bytes.size() != kValueEntryBytes) return Malformed(type, bytes.size(), "33");
      if (type == EntryType::kAdd) return AddEntry{HashFromBytes(body)};
      return RemoveEntry{HashFromBytes(body)};
    case EntryType::kIndex: {
      if (bytes.size() != kIndexEntryBytes) return Malformed(type, bytes.size(), "49");
      const IndexEntry index{ReadU64(body), ReadU64(body.subspan(8)),
                             HashFromBytes(body.subspan(16))};
      // Needs no position, so it is part of the form: m >= 1 and n < m.
      if (index.n >= index.m) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "index entry with n = %d, m = %d: n must be below m", index.n, index.m));
      }
      return index;
    }
    case EntryType::kTag:
      if (body.size() < 9) return Malformed(type, bytes.size(), "at least 10");
      TagEntry tag{ReadU64(body), std::string(AsText(body.subspan(8)))};
      if (tag.m == 0) return absl::InvalidArgumentError("tag entry with m = 0");
      if (absl::Status name = CheckTagName(tag.name); !name.ok()) return name;
      return tag;
  }
  return absl::InvalidArgumentError("unknown entry type");
}

absl::Status CheckPosition(const Entry& entry, uint64_t position) {
  const bool is_manifest = TypeOf(entry) == EntryType::kManifest;
  if (is_manifest != (position == 0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s entry at position %d: the manifest is entry 0, and only it",
                        NameOf(TypeOf(entry)), position));
  }
  uint64_t m = 0;
  if (const auto* index = std::get_if<IndexEntry>(&entry)) m = index->m;
  if (const auto* tag = std::get_if<TagEntry>(&entry)) m = tag->m;
  if (m > position) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s entry at position %d names m = %d, which is beyond it",
                        NameOf(TypeOf(entry)), position, m));
  }
  return absl::OkStatus();
}

absl::Status CheckTagName(std::string_view name) {
  if (name.empty() || name.size() > 255) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a tag name has 1 to 255 bytes, not %d", name.size()));
  }
  const auto allowed = [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           std::string_view("._-/+").find(static_cast<char>(c)) !=
               std::string_view::npos;
  };
  if (!std::all_of(name.begin(), name.end(), allowed)) {
    return absl::InvalidArgumentError(
        "a tag name consists of A-Z a-z 0-9 . _ - / +, nothing else");
  }
  if (std::all_of(name.begin(), name.end(), absl::ascii_isdigit)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the tag name \"%s\" is digits only, which would read as a size", name));
  }
  return absl::OkStatus();
}

}  // namespace setlog
