#include "storage/row_format.h"

#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr std::string_view kIdentityMagic = "setlog store\n";
constexpr char kIdentityRow = 'f';
constexpr char kCommitRow = 'c';
constexpr char kLogRow = 'l';
constexpr size_t kPointBytes = 8 + Hash::kSize;

std::string StoreRowKey(char row) {
  std::string key;
  AppendU32(&key, 0);
  key.push_back(row);
  return key;
}

void AppendPoint(std::string* out, const CommitPoint& point) {
  AppendU64(out, point.number);
  out->append(AsText(point.chain));
}

CommitPoint ReadPoint(Bytes bytes) {
  return {ReadU64(bytes), HashFromBytes(bytes.subspan(8))};
}

}  // namespace

void AppendU32(std::string* out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

uint32_t ReadU32(Bytes bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | bytes[i];
  return value;
}

std::string TablePrefix(LogNumber log, Table table) {
  std::string prefix;
  AppendU32(&prefix, log);
  prefix.push_back(static_cast<char>(table));
  return prefix;
}

std::string RowKey(LogNumber log, Table table, std::string_view key) {
  return TablePrefix(log, table).append(key);
}

std::string PrefixEnd(std::string prefix) {
  while (static_cast<uint8_t>(prefix.back()) == 0xff) prefix.pop_back();
  ++prefix.back();
  return prefix;
}

std::string IdentityKey() { return StoreRowKey(kIdentityRow); }
std::string CommitKey() { return StoreRowKey(kCommitRow); }
std::string LogKeyPrefix() { return StoreRowKey(kLogRow); }

std::string LogKey(LogNumber log) {
  std::string key = LogKeyPrefix();
  AppendU32(&key, log);
  return key;
}

std::string EncodeIdentity(const StoreId& id) {
  std::string value(kIdentityMagic);
  AppendU32(&value, kStoreFormatVersion);
  value.append(AsText(id));
  return value;
}

absl::StatusOr<StoreId> ParseIdentity(std::string_view value) {
  const size_t header_bytes = kIdentityMagic.size() + 4;
  if (value.size() < header_bytes || !value.starts_with(kIdentityMagic)) {
    return absl::DataLossError("the store's identity row is malformed");
  }
  // The version is read before the length is judged: a later version may be longer.
  const uint32_t version = ReadU32(AsBytes(value.substr(kIdentityMagic.size())));
  if (version != kStoreFormatVersion) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the store has format version %u; this program knows version %u only: use the "
        "release that wrote it",
        version, kStoreFormatVersion));
  }
  StoreId id;
  if (value.size() != header_bytes + id.size()) {
    return absl::DataLossError("the store's identity row has a wrong length");
  }
  std::memcpy(id.data(), value.data() + header_bytes, id.size());
  return id;
}

std::string EncodeCommitRow(const CommitRow& row) {
  std::string value;
  AppendPoint(&value, row.commit);
  AppendPoint(&value, row.previous);
  return value;
}

absl::StatusOr<CommitRow> ParseCommitRow(std::string_view value) {
  if (value.size() != 2 * kPointBytes) {
    return absl::DataLossError("the store's commit row has a wrong length");
  }
  const CommitRow row{ReadPoint(AsBytes(value)),
                      ReadPoint(AsBytes(value.substr(kPointBytes)))};
  // A new store shows point 0 twice; from then on the two are neighbours.
  const uint64_t before = row.commit.number == 0 ? 0 : row.commit.number - 1;
  if (row.previous.number != before) {
    return absl::DataLossError(
        absl::StrFormat("the store's commit row holds commit %u after commit %u",
                        row.commit.number, row.previous.number));
  }
  return row;
}

std::string EncodeLogRow(const StoredHead& head, std::string_view origin) {
  std::string value;
  AppendU64(&value, head.size);
  value.append(AsText(head.root));
  value.append(origin);
  return value;
}

absl::StatusOr<LogRecord> ParseLogRow(std::string_view key, std::string_view value) {
  const std::string prefix = LogKeyPrefix();
  if (key.size() != prefix.size() + 4 || !key.starts_with(prefix) ||
      value.size() <= kPointBytes) {
    return absl::DataLossError("a log's row in the store is malformed");
  }
  LogRecord record;
  record.log = ReadU32(AsBytes(key.substr(prefix.size())));
  record.head = {ReadU64(AsBytes(value)), HashFromBytes(AsBytes(value.substr(8)))};
  record.origin = value.substr(kPointBytes);
  return record;
}

}  // namespace setlog
