// tests/fuzz/index_bytes.h -- the files of an index directory as docs/format.md has
// them, written by hand from values that need not make sense, with checksums that fit.
//
//   std::string bytes = SomeRun(&choices, kWhose);
//   MendChecksums(FileKind::kRun, &bytes);   // after bytes were changed
//
// With index/ it shares the tag and the checksum, and nothing else.
#ifndef SETLOG_TESTS_FUZZ_INDEX_BYTES_H_
#define SETLOG_TESTS_FUZZ_INDEX_BYTES_H_

#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/choices.h"
#include "fuzz/set_model.h"
#include "index/event_row.h"
#include "index/file_tag.h"

namespace setlog {

struct Whose {
  IndexIdentity identity;
  unsigned partition = 0;
};

inline constexpr size_t kPage = 4096;
inline constexpr size_t kRowsInPage = 110;

inline void AppendU32(std::string* bytes, uint64_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes->push_back(static_cast<char>(value >> shift));
  }
}
inline void PutU64(std::string* bytes, size_t at, uint64_t value) {
  std::string encoded;
  AppendU64(&encoded, value);
  bytes->replace(at, 8, encoded);
}
inline uint64_t Checksum(uint64_t place, const std::string& bytes, size_t at,
                         size_t size) {
  return ChecksumAt(place, AsBytes(bytes).subspan(at, size));
}

// One of few, mostly of the partition; many share their first 8 bytes.
inline Hash SomeKey(Choices* choices, const Whose& whose) {
  Hash key{};
  const uint8_t byte = choices->Byte();
  key.bytes[0] = static_cast<uint8_t>(
      (whose.partition << (8 - whose.identity.partition_bits)) | byte % 2);
  if (byte == 255) key.bytes[0] = choices->Byte();
  key.bytes[7] = byte >> 1 & 3;
  key.bytes[31] = byte >> 3 & 7;
  return key;
}

// Rows in order, or nearly. Positions in [begin, begin + 2^16).
inline std::vector<EventRow> SomeRows(Choices* choices, const Whose& whose,
                                      uint64_t begin, size_t count) {
  std::vector<EventRow> rows;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t position = begin + choices->Byte() * 256 + i % 256;
    rows.push_back({SomeKey(choices, whose), EventWord(position, choices->Below(2))});
  }
  std::sort(rows.begin(), rows.end());
  if (choices->Below(16) == 15 && !rows.empty()) {
    std::swap(rows[choices->Below(rows.size())], rows[choices->Below(rows.size())]);
  }
  return rows;
}

inline void AppendRow(std::string* bytes, const EventRow& row) {
  bytes->append(AsText(row.key));
  std::string word;
  AppendU64(&word, row.word);
  bytes->append(word, 3);
}

// What a checksum is for: damage by accident. So that the rules behind it decide.
inline void MendChecksums(FileKind kind, std::string* bytes) {
  const size_t size = bytes->size();
  const auto mend = [&](size_t at, uint64_t place, size_t begin, size_t length) {
    if (at + 8 > size || begin + length > size) return;
    PutU64(bytes, at, Checksum(place, *bytes, begin, length));
  };
  switch (kind) {
    case FileKind::kRun: {
      if (size < 72) return;
      const size_t pages = (size - 72) / (kPage + 8);
      for (size_t i = 0; i < pages; ++i) {
        mend(i * kPage + kPage - 8, i, i * kPage, kPage - 8);
      }
      mend(size - 16, 0, pages * kPage, pages * 8);
      return mend(size - 8, 0, size - 72, 64);
    }
    case FileKind::kTop:
      mend(56, 0, 72, size < 72 ? 0 : size - 72);
      return mend(64, 0, 0, 64);
    case FileKind::kVersionTop: {
      if (size < 168) return;
      const Hash top = HashFromBytes(AsBytes(*bytes).subspan(136));
      const uint64_t n = ReadU64(AsBytes(*bytes).subspan(40));
      const Hash root = n == 0 ? SetModel({}).root() : SetModel::RootOf(n, top);
      bytes->replace(56, 32, AsText(root));
      mend(88, 0, 136, size - 136);
      return mend(96, 0, 0, 96);
    }
    case FileKind::kManifest:
      return size < 8 ? void() : mend(size - 8, 0, 0, size - 8);
    case FileKind::kCommits:
      mend(32, 0, 0, 32);
      for (size_t at = 40; at + 72 <= size; at += 72) mend(at + 64, at, at, 64);
      return;
    case FileKind::kJournal: {
      mend(32, 0, 0, 32);
      for (size_t at = 40; at + 12 <= size;) {
        const size_t length =
            ReadU64(AsBytes(std::string(4, '\0') + bytes->substr(at, 4)));
        if (length > size - at - 12) return;
        mend(at + 4, at, at + 12, length);
        at += 12 + length;
      }
    }
  }
}

inline std::string SomeRun(Choices* choices, const Whose& whose) {
  const size_t count =
      choices->Below(4) ? choices->Below(9) : 100 + choices->Below(130);
  const std::vector<EventRow> rows = SomeRows(choices, whose, 0, count);
  std::string bytes, fence;
  for (size_t begin = 0; begin < count; begin += kRowsInPage) {
    const size_t end = std::min(count, begin + kRowsInPage);
    std::string keys, words;
    for (size_t i = begin; i < end; ++i) {
      std::string row;
      AppendRow(&row, rows[i]);
      keys += row.substr(0, 32);
      words += row.substr(32);
    }
    fence += keys.substr(0, 8);
    keys.resize(kRowsInPage * 32);
    words.resize(kRowsInPage * 5);
    words += std::string(1, '\0') + static_cast<char>(end - begin);
    bytes += keys + words;
    bytes.resize((begin / kRowsInPage + 1) * kPage);
  }
  const size_t pages = fence.size() / 8;
  bytes += fence + EncodeFileTag(FileKind::kRun, whose.identity, whose.partition);
  AppendU64(&bytes, choices->Below(4) ? 1 << 16 : choices->Number());
  AppendU64(&bytes, count + (choices->Below(16) == 15));
  AppendU64(&bytes, pages);
  return bytes + std::string(16, '\0');
}

inline std::string SomeTop(Choices* choices, const Whose& whose) {
  const unsigned levels = static_cast<unsigned>(choices->Below(4));
  std::string bytes = EncodeFileTag(FileKind::kTop, whose.identity, whose.partition);
  AppendU64(&bytes, choices->Below(8) ? whose.identity.partition_bits + levels
                                      : choices->Number());
  AppendU64(&bytes, choices->Number());
  AppendU64(&bytes, choices->Number());
  bytes.resize(bytes.size() + 16);
  for (unsigned i = 0; i < 1u << levels; ++i) bytes += AsText(ValueN(choices->Byte()));
  return bytes;
}

// Of m = 7.
inline std::string SomeVersionTop(Choices* choices, const Whose& whose) {
  IndexIdentity whole = whose.identity;
  whole.partition_bits = 0;
  const unsigned depth = static_cast<unsigned>(choices->Below(4));
  std::string bytes = EncodeFileTag(FileKind::kVersionTop, whole, 0);
  AppendU64(&bytes, choices->Below(16) ? 7 : choices->Number());
  AppendU64(&bytes, 1 + (choices->Number() >> 1));
  AppendU64(&bytes, choices->Below(8) ? depth : choices->Number());
  bytes.resize(104 + 32);
  for (unsigned i = 1; i < 2u << depth; ++i) bytes += AsText(ValueN(choices->Byte()));
  return bytes;
}

inline std::string SomeManifest(Choices* choices, const Whose& whose) {
  std::string bytes = EncodeFileTag(FileKind::kManifest, whose.identity, 0);
  AppendU64(&bytes, choices->Below(8) ? 6 + choices->Below(27) : choices->Number());
  AppendU64(&bytes, choices->Number());
  AppendU64(&bytes, choices->Number());
  bytes += AsText(ValueN(choices->Byte()));
  const uint64_t first = choices->Number();
  for (unsigned i = 0; i < 3 * whose.identity.partitions(); ++i) {
    AppendU64(&bytes, first + i);
  }
  return bytes + std::string(8, '\0');
}

inline std::string SomeCommits(Choices* choices, const Whose& whose) {
  std::string bytes = EncodeFileTag(FileKind::kCommits, whose.identity, 0);
  bytes.resize(40);
  uint64_t m = choices->Below(4);
  for (uint64_t i = 0, n = choices->Below(6); i < n; ++i) {
    AppendU64(&bytes, m + (choices->Below(16) == 15));
    m += choices->Below(8) ? 1 + choices->Byte() : choices->Number();
    AppendU64(&bytes, m);
    AppendU64(&bytes, choices->Number());
    bytes += AsText(ValueN(choices->Byte()));
    AppendU64(&bytes,
              whose.identity.partition_bits ? choices->Number() : choices->Below(3));
    bytes.resize(bytes.size() + 8);
  }
  return bytes;
}

inline std::string SomeJournal(Choices* choices, const Whose& whose) {
  std::string bytes =
      EncodeFileTag(FileKind::kJournal, whose.identity, whose.partition);
  bytes.resize(40);
  uint64_t m = 0;
  for (uint64_t i = 0, n = choices->Below(4); i < n; ++i) {
    std::string body;
    const uint64_t m0 = m + choices->Below(4) - (choices->Below(16) == 15);
    m = m0 + (choices->Below(8) ? (1 << 16) + 256 : choices->Number());
    AppendU64(&body, m0);
    AppendU64(&body, m);
    const uint64_t levels = choices->Below(16) < 15 ? choices->Below(5) : 40;
    body.push_back(static_cast<char>(whose.identity.partition_bits + levels));
    const auto rows = SomeRows(choices, whose, m0, choices->Below(6));
    std::vector<uint64_t> buckets;
    for (uint64_t j = 0, count = choices->Below(4); j < count; ++j) {
      buckets.push_back(choices->Below(16));
    }
    std::sort(buckets.begin(), buckets.end());
    AppendU32(&body, rows.size());
    AppendU32(&body, buckets.size());
    for (const EventRow& row : rows) AppendRow(&body, row);
    for (uint64_t bucket : buckets) {
      AppendU32(&body, bucket);
      body += AsText(ValueN(bucket));
    }
    AppendU32(&bytes, body.size() + (choices->Below(32) == 31));
    bytes += std::string(8, '\0') + body;
  }
  return bytes;
}

}  // namespace setlog

#endif  // SETLOG_TESTS_FUZZ_INDEX_BYTES_H_
