#include "log/entry.h"

#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode;

Hash Filled(char c) { return HashFromBytes(AsBytes(std::string(32, c))); }

TEST(EntryTest, EveryFormComesBack) {
  const Entry entries[] = {ManifestEntry{"{}"}, AddEntry{Filled('a')},
                           RemoveEntry{Filled('b')}, IndexEntry{5, 4, Filled('c')},
                           TagEntry{5, "v1"}};
  for (size_t i = 0; i < std::size(entries); ++i) {
    const std::string bytes = Encode(entries[i]);
    EXPECT_EQ(bytes[0], static_cast<char>(i));
    const absl::StatusOr<Entry> back = DecodeEntry(AsBytes(bytes));
    ASSERT_OK(back);
    EXPECT_EQ(*back, entries[i]);
  }
}

TEST(EntryTest, EveryOtherLengthIsRefused) {
  for (char type : {'\1', '\2', '\3'}) {
    const size_t right = type == 3 ? 49 : 33;
    for (size_t length = 1; length < 100; ++length) {
      // m = 01.., n = 00..: an index entry that is right but for its length.
      std::string bytes(length, '\0');
      bytes[0] = type;
      if (length > 1) bytes[1] = 1;
      EXPECT_EQ(DecodeEntry(AsBytes(bytes)).ok(), length == right) << length;
    }
  }
}

TEST(EntryTest, AManifestHasOneTo32768Bytes) {
  for (size_t size : {size_t{1}, kMaxManifestBytes}) {
    EXPECT_OK(DecodeEntry(AsBytes(Encode(ManifestEntry{std::string(size, 'x')}))));
  }
  for (size_t size : {size_t{0}, kMaxManifestBytes + 1}) {
    EXPECT_STATUS(DecodeEntry(AsBytes(Encode(ManifestEntry{std::string(size, 'x')}))),
                  StatusCode::kInvalidArgument, "1 to 32768");
  }
}

TEST(EntryTest, ThereAreFiveTypes) {
  EXPECT_STATUS(DecodeEntry(Bytes()), StatusCode::kInvalidArgument, "empty");
  for (int type = 5; type < 256; ++type) {
    std::string bytes(49, '\1');
    bytes[0] = static_cast<char>(type);
    EXPECT_STATUS(DecodeEntry(AsBytes(bytes)), StatusCode::kInvalidArgument,
                  "unknown entry type");
  }
}

TEST(EntryTest, AnIndexEntryHasFewerMembersThanEntries) {
  EXPECT_OK(DecodeEntry(AsBytes(Encode(IndexEntry{1, 0, Hash()}))));
  for (const IndexEntry& entry : {IndexEntry{0, 0, Hash()}, IndexEntry{7, 7, Hash()}}) {
    EXPECT_STATUS(DecodeEntry(AsBytes(Encode(entry))), StatusCode::kInvalidArgument,
                  "below m");
  }
}

TEST(EntryTest, APositionFixesWhatMayStandThere) {
  EXPECT_OK(CheckPosition(ManifestEntry{"{}"}, 0));
  EXPECT_OK(CheckPosition(AddEntry{}, 1));
  EXPECT_OK(CheckPosition(IndexEntry{7, 0, Hash()}, 7));
  EXPECT_OK(CheckPosition(TagEntry{7, "v"}, 7));
  EXPECT_STATUS(CheckPosition(ManifestEntry{"{}"}, 1), StatusCode::kInvalidArgument,
                "entry 0");
  EXPECT_STATUS(CheckPosition(AddEntry{}, 0), StatusCode::kInvalidArgument, "entry 0");
  EXPECT_STATUS(CheckPosition(IndexEntry{8, 0, Hash()}, 7),
                StatusCode::kInvalidArgument, "beyond");
  EXPECT_STATUS(CheckPosition(TagEntry{8, "v"}, 7), StatusCode::kInvalidArgument,
                "beyond");
}

TEST(TagNameTest, HasItsCharactersAndIsNoNumber) {
  for (const std::string& name : {std::string("v1"), std::string("2024-01"),
                                  std::string("A.z_9/+-"), std::string(255, 'a')}) {
    EXPECT_OK(CheckTagName(name)) << name;
    EXPECT_OK(DecodeEntry(AsBytes(Encode(TagEntry{1, name}))));
  }
  for (const std::string& name :
       {std::string(), std::string(256, 'a'), std::string("a b"), std::string("a\n"),
        std::string("\xC3\xA4"), std::string("7"), std::string("20240101"),
        std::string("a\0", 2)}) {
    EXPECT_STATUS(CheckTagName(name), StatusCode::kInvalidArgument, "tag name");
    EXPECT_FALSE(DecodeEntry(AsBytes(Encode(TagEntry{1, name}))).ok());
  }
  EXPECT_STATUS(DecodeEntry(AsBytes(Encode(TagEntry{0, "v"}))),
                StatusCode::kInvalidArgument, "m = 0");
}

}  // namespace
}  // namespace setlog
