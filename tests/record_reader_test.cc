#include "client/record_reader.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <filesystem>

#include "client/hash_reader.h"
#include "log/sha256.h"
#include "testing.h"

namespace setlog {
namespace {

using absl::StatusCode::kInvalidArgument;
using absl::StatusCode::kNotFound;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kGzipFormat = 15 + 16;

std::string Gzip(std::string_view data) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(std::string_view data) {
  std::string out(ZSTD_compressBound(data.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), data.data(), data.size(), 1));
  return out;
}

class RecordReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "records.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  std::string Write(const std::string& name, std::string_view data) const {
    std::filesystem::create_directories(
        std::filesystem::path(Path(name)).parent_path());
    std::ofstream(Path(name), std::ios::binary) << data;
    return Path(name);
  }

  std::string directory_;
};

RecordScheme Scheme(const std::string& name,
                    std::optional<std::vector<Column>> columns = {}) {
  Manifest manifest;
  manifest.scheme = name;
  manifest.columns = std::move(columns);
  return RecordScheme::FromManifest(manifest).value();
}

RecordScheme RowScheme() { return Scheme("row/1", {{{"id", "int"}, {"name", "str"}}}); }

struct Answer {
  std::vector<std::string> canonical;
  std::vector<std::string> places;  // source:number
  absl::Status status;
  uint64_t skipped = 0;
  std::vector<std::string> messages;
};

// Everything the reader gives, up to its error or end; each hash is checked.
Answer ReadAll(RecordScheme scheme, std::vector<std::string> files,
               RecordReaderOptions options = {}) {
  Answer answer;
  absl::StatusOr<RecordReader> reader =
      RecordReader::Open(std::move(scheme), std::move(files), std::move(options));
  if (!reader.ok()) return {{}, {}, reader.status()};
  while (true) {
    absl::StatusOr<std::optional<Record>> record = reader->Next();
    if (!record.ok()) {
      answer.status = record.status();
      EXPECT_EQ(reader->Next().status(), answer.status) << "the error must stay";
      break;
    }
    if (!*record) break;
    EXPECT_EQ((*record)->hash, Sha256(AsBytes((*record)->canonical)));
    EXPECT_EQ((*record)->canonical_bytes, (*record)->canonical.size());
    const std::string source((*record)->source);
    answer.places.push_back(source.substr(source.rfind('/') + 1) + ":" +
                            std::to_string((*record)->number));
    answer.canonical.push_back((*record)->canonical);
  }
  answer.skipped = reader->skipped();
  answer.messages = reader->skipped_messages();
  return answer;
}

// ---- JSON lines

TEST_F(RecordReaderTest, JsonLinesGiveOneRecordALine) {
  const Answer answer =
      ReadAll(Scheme("json/1"),
              {Write("a.jsonl", "{\"b\":1, \"a\":2}\r\n{}\n"),
               Write("b.jsonl", " {\"no\":\"final newline\"}"), Write("c", "")});
  ASSERT_OK(answer.status);
  EXPECT_THAT(answer.canonical,
              ElementsAre(R"({"a":2,"b":1})", "{}", R"({"no":"final newline"})"));
  EXPECT_THAT(answer.places, ElementsAre("a.jsonl:1", "a.jsonl:2", "b.jsonl:1"));
}

TEST_F(RecordReaderTest, AMalformedLine70001IsNamedWithFileLineAndColumn) {
  std::string text;
  for (int i = 0; i < 70'000; ++i) {
    text += "{\"id\":" + std::to_string(i) + ",\"text\":\"record\"}\n";
  }
  text += "{\"id\":1,   \"id\":2}\n{\"id\":3}\n";
  const std::string path = Write("train.jsonl", text);
  const Answer answer = ReadAll(Scheme("json/1"), {path});
  EXPECT_EQ(answer.canonical.size(), 70'000u);
  EXPECT_EQ(answer.status,
            absl::InvalidArgumentError(path + ":70001:12: duplicate key \"id\""));
  // The same through the decompressors.
  for (const std::string& packed :
       {Write("train.jsonl.gz", Gzip(text)), Write("train.jsonl.zst", Zstd(text))}) {
    const Answer again = ReadAll(Scheme("json/1"), {packed});
    EXPECT_EQ(again.canonical, answer.canonical);
    EXPECT_STATUS(again.status, kInvalidArgument, packed + ":70001:12: duplicate key");
  }
}

TEST_F(RecordReaderTest, BlankLinesAreRefusedInJsonLines) {
  for (const char* text : {"{}\n\n{}\n", "{}\n\r\n", "{}\n \t\n", "{}\n\n", "{}\n "}) {
    const std::string path = Write("a.jsonl", text);
    EXPECT_STATUS(ReadAll(Scheme("json/1"), {path}).status, kInvalidArgument,
                  path + ":2: blank line");
  }
}

TEST_F(RecordReaderTest, OnlyObjectsAreJsonRecords) {
  const std::string path = Write("a.jsonl", "{}\n[1]\n");
  EXPECT_STATUS(ReadAll(Scheme("json/1"), {path}).status, kInvalidArgument,
                path + ":2:1: not a JSON object");
}

TEST_F(RecordReaderTest, SkipBadGoesOnAndKeepsCountAndTheFirstMessages) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += i % 2 == 0 ? "{}\n" : "oops\n";
  text += "\n{\"last\":1}\n";
  const std::string path = Write("a.jsonl", text);
  const Answer answer = ReadAll(Scheme("json/1"), {path}, {.skip_bad = true});
  ASSERT_OK(answer.status);
  EXPECT_EQ(answer.canonical.size(), 16u);
  EXPECT_EQ(answer.canonical.back(), "{\"last\":1}");
  EXPECT_EQ(answer.skipped, 16u);
  ASSERT_EQ(answer.messages.size(), 10u);
  EXPECT_THAT(answer.messages[0], HasSubstr(path + ":2:1: syntax error"));
  EXPECT_THAT(answer.messages[9], HasSubstr(path + ":20:1:"));
}

TEST_F(RecordReaderTest, LinesOverTheLimitAreRefusedAndCanBeSkipped) {
  const std::string fits = "{\"a\":\"" + std::string(1'000'000 - 8, 'x') + "\"}";
  const std::string path = Write(
      "a.jsonl", fits + "\n{\"a\":\"" + std::string(3'000'000, 'x') + "\"}\n{}\n");
  RecordReaderOptions options{.max_record_bytes = 1'000'000};
  Answer answer = ReadAll(Scheme("json/1"), {path}, options);
  EXPECT_THAT(answer.canonical, ElementsAre(fits));
  EXPECT_STATUS(answer.status, kInvalidArgument,
                path + ":2: line of more than 1000000");
  options.skip_bad = true;
  answer = ReadAll(Scheme("json/1"), {path}, options);
  ASSERT_OK(answer.status);
  EXPECT_THAT(answer.canonical, ElementsAre(fits, "{}"));
  EXPECT_EQ(answer.skipped, 1u);
}

// ---- text

TEST_F(RecordReaderTest, TextFieldIsTheStringUnchanged) {
  const std::string path = Write(
      "a.jsonl", "{\"text\":\"a\\r\\n\\u00e9\",\"n\":1}\n{\"n\":2,\"text\":\"\"}\n");
  const Answer answer = ReadAll(Scheme("text/1"), {path}, {.text_field = "text"});
  ASSERT_OK(answer.status);
  EXPECT_THAT(answer.canonical, ElementsAre("a\r\n\u00e9", ""));
  EXPECT_STATUS(ReadAll(Scheme("text/1"), {path}, {.text_field = "n"}).status,
                kInvalidArgument, path + ":1:1: field \"n\" is not a string");
  EXPECT_STATUS(ReadAll(Scheme("text/1"), {path}, {.text_field = "x"}).status,
                kInvalidArgument, path + ":1:1: field \"x\" is missing");
}

TEST_F(RecordReaderTest, TextLinesKeepAllButTheLineFeed) {
  const std::string path = Write("a.txt", "one\r\n\n two \nlast");
  const Answer answer = ReadAll(Scheme("text/1"), {path}, {.text_lines = true});
  ASSERT_OK(answer.status);
  EXPECT_THAT(answer.canonical, ElementsAre("one\r", "", " two ", "last"));
  const std::string bad = Write("b.txt", "ok\nab\xff\n");
  EXPECT_STATUS(ReadAll(Scheme("text/1"), {bad}, {.text_lines = true}).status,
                kInvalidArgument, bad + ":2:3: ill-formed UTF-8");
}

TEST_F(RecordReaderTest, TextNeedsExactlyOneWayToFindIt) {
  const std::string path = Write("a.txt", "x\n");
  EXPECT_STATUS(ReadAll(Scheme("text/1"), {path}).status, kInvalidArgument,
                "either --field NAME");
  EXPECT_STATUS(
      ReadAll(Scheme("text/1"), {path}, {.text_field = "a", .text_lines = true}).status,
      kInvalidArgument, "either --field NAME");
  EXPECT_STATUS(ReadAll(Scheme("json/1"), {path}, {.text_field = "a"}).status,
                kInvalidArgument, "only under text/1");
}

TEST_F(RecordReaderTest, LinesAreTheSameWhereverChunksEnd) {
  // The input is read in chunks of 256 KiB: lines of many lengths cross their borders.
  std::string text;
  std::vector<std::string> expected;
  for (size_t i = 0; text.size() < 2'000'000; ++i) {
    expected.push_back(std::string(i * i % 70'001, static_cast<char>('a' + i % 26)));
    text += expected.back() + "\n";
  }
  for (const std::string& path :
       {Write("a", text), Write("a.gz", Gzip(text)), Write("a.zst", Zstd(text))}) {
    const Answer answer = ReadAll(Scheme("text/1"), {path}, {.text_lines = true});
    ASSERT_OK(answer.status);
    EXPECT_EQ(answer.canonical, expected);
  }
}

// ---- CSV

TEST_F(RecordReaderTest, CsvColumnsAreFoundByNameInAnyOrder) {
  const std::string path =
      Write("a.csv", "extra,name,id\r\n1,\"a,\"\"b\"\"\nc\",7\r\n2, x ,8\r\n,\"\",9");
  const Answer answer = ReadAll(RowScheme(), {path});
  ASSERT_OK(answer.status);
  EXPECT_THAT(answer.canonical,
              ElementsAre(R"({"id":7,"name":"a,\"b\"\nc"})", R"({"id":8,"name":" x "})",
                          R"({"id":9,"name":""})"));
  EXPECT_THAT(answer.places, ElementsAre("a.csv:2", "a.csv:3", "a.csv:4"));
}

TEST_F(RecordReaderTest, CsvWithoutHeaderIsTheManifestsColumns) {
  const std::string path = Write("a.csv", "7,a\n8,b\n");
  const Answer answer = ReadAll(RowScheme(), {path}, {.csv_header = false});
  ASSERT_OK(answer.status);
  EXPECT_THAT(answer.canonical,
              ElementsAre(R"({"id":7,"name":"a"})", R"({"id":8,"name":"b"})"));
  EXPECT_THAT(answer.places, ElementsAre("a.csv:1", "a.csv:2"));
  const std::string wide = Write("b.csv", "7,a\n8,b,c\n");
  EXPECT_STATUS(ReadAll(RowScheme(), {wide}, {.csv_header = false}).status,
                kInvalidArgument, wide + ":2: 3 cells where the manifest has 2");
}

TEST_F(RecordReaderTest, CsvHeadersThatDoNotFitAreRefused) {
  const std::pair<const char*, const char*> kHeaders[] = {
      {"id,Name\n1,a\n", ":1: column \"name\" is missing in the header"},
      {"id,name,id\n1,a,2\n", ":1: column \"id\" is twice in the header"},
      {"", ": empty, where a header row is expected"},
      {"\xef\xbb\xbfid,name\n1,a\n", ":1: byte order mark"},
  };
  for (const auto& [text, message] : kHeaders) {
    const std::string path = Write("a.csv", text);
    EXPECT_STATUS(ReadAll(RowScheme(), {path}).status, kInvalidArgument,
                  path + message);
  }
  EXPECT_OK(ReadAll(RowScheme(), {Write("a.csv", "id,name")}).status);
}

TEST_F(RecordReaderTest, CsvErrorsNameRowAndField) {
  const std::string path = Write("a.csv", "id,name\n1,a\nx,b\n2,c\n3\n4,d\n");
  Answer answer = ReadAll(RowScheme(), {path});
  EXPECT_STATUS(answer.status, kInvalidArgument,
                path + ":3: field \"id\" (int): not an integer");
  EXPECT_EQ(answer.canonical.size(), 1u);
  answer = ReadAll(RowScheme(), {path}, {.skip_bad = true});
  ASSERT_OK(answer.status);
  EXPECT_EQ(answer.canonical.size(), 3u);
  ASSERT_EQ(answer.messages.size(), 2u);
  EXPECT_THAT(answer.messages[1], HasSubstr(":5: 1 cells where the header has 2"));
}

TEST_F(RecordReaderTest, WhatIsNoCsvEndsTheFileAlsoUnderSkipBad) {
  const std::pair<const char*, const char*> kBad[] = {
      {"id,name\n1,a\"b\n2,c\n", ":2: a quote inside an unquoted cell"},
      {"id,name\n1,\"a\"b\n2,c\n", ":2: a quote inside an unquoted cell"},
      {"id,name\n1,\"a\" \n", ":2: a quote inside"},
      {"id,name\n1,\"a\n2,b\n", ":2: the last cell's quote is not closed"},
      {"id,name\n1,a\n\n2,b\n", ":3: blank line"},
      {"id,name\n1,a\n\n", ":3: blank line"},
      {"\nid,name\n", ":1: blank line"},
      {"id,name\r\n1,a\r\n\r\n2,b\r\n", ":3: blank line"},
      {"id,name\n1,a\r2,b\n", ":2: carriage return without line feed"},
      {"id,name\n1,a\r", ":2: carriage return without line feed"},
      {"id,name\n1,a\r\r\n", ":2: carriage return without line feed"},
  };
  for (const auto& [text, message] : kBad) {
    SCOPED_TRACE(text);
    const std::string path = Write("a.csv", text);
    const Answer answer = ReadAll(RowScheme(), {path}, {.skip_bad = true});
    EXPECT_STATUS(answer.status, kInvalidArgument, path + message);
    EXPECT_EQ(answer.skipped, 0u);
  }
}

TEST_F(RecordReaderTest, CsvRowsOverTheLimitAreRefused) {
  const RecordReaderOptions options{.max_record_bytes = 100'000};
  const std::string fits = "1," + std::string(99'999, 'x') + "\n";
  EXPECT_OK(ReadAll(RowScheme(), {Write("a.csv", "id,name\n" + fits)}, options).status);
  EXPECT_STATUS(
      ReadAll(RowScheme(), {Write("a.csv", "id,name\n1" + fits)}, options).status,
      kInvalidArgument, ":2: longer than 100000 bytes");
  // An open quote must not swallow the rest of a large file into memory.
  std::string open = "id,name\n1,\"a\n";
  for (int i = 0; i < 100'000; ++i) open += "2,abcdefgh\n";
  EXPECT_STATUS(ReadAll(RowScheme(), {Write("a.csv", open)}, options).status,
                kInvalidArgument,
                ":2: longer than 100000 bytes (is a quote not closed?)");
}

TEST_F(RecordReaderTest, CsvRowsAreTheSameWhereverChunksEnd) {
  std::string text = "name,id\r\n";
  std::vector<std::string> expected;
  for (int i = 0; i < 60'000; ++i) {
    const std::string number = std::to_string(i);
    text += "\"x\"\"" + number + "\"," + number + (i % 3 == 0 ? "\n" : "\r\n");
    expected.push_back("{\"id\":" + number + ",\"name\":\"x\\\"" + number + "\"}");
  }
  for (const std::string& path :
       {Write("a", text), Write("a.gz", Gzip(text)), Write("a.zst", Zstd(text))}) {
    const Answer answer = ReadAll(RowScheme(), {path});
    ASSERT_OK(answer.status);
    EXPECT_EQ(answer.canonical, expected);
  }
}

// ---- whole files

TEST_F(RecordReaderTest, ADirectoryIsItsFilesInByteOrderOfTheirPaths) {
  for (const char* name :
       {"d/b", "d/a/z", "d/a.txt", "d/a-", "d/B", "d/a/b/c", "d/.hid"}) {
    Write(name, name);
  }
  std::filesystem::create_directory(Path("d/empty"));
  const Answer answer = ReadAll(Scheme("bytes/1"), {Write("first", "1"), Path("d")});
  ASSERT_OK(answer.status);
  EXPECT_THAT(answer.canonical, ElementsAre("1", "d/.hid", "d/B", "d/a-", "d/a.txt",
                                            "d/a/b/c", "d/a/z", "d/b"));
}

TEST_F(RecordReaderTest, ADirectoryIsItsFilesWhateverARecordIs) {
  Write("d/2.jsonl", "{\"c\":3}\n");
  Write("d/1.jsonl", "{\"a\":1}\n{\"b\":2}\n");
  const Answer answer = ReadAll(Scheme("json/1"), {Path("d")});
  ASSERT_OK(answer.status);
  EXPECT_THAT(answer.canonical, ElementsAre("{\"a\":1}", "{\"b\":2}", "{\"c\":3}"));
  Write("d/README", "Lines of JSON.\n");
  EXPECT_STATUS(ReadAll(Scheme("json/1"), {Path("d")}).status, kInvalidArgument,
                Path("d/README") + ":1:1: ");
}

TEST_F(RecordReaderTest, SpecialFilesInADirectoryAreRefused) {
  Write("d/a", "a");
  ASSERT_EQ(mkfifo(Path("d/fifo").c_str(), 0600), 0);
  EXPECT_STATUS(ReadAll(Scheme("bytes/1"), {Path("d")}).status, kInvalidArgument,
                Path("d/fifo") + ": is neither a regular file nor a directory");
  std::filesystem::remove(Path("d/fifo"));
  std::filesystem::create_symlink("a", Path("d/link"));
  EXPECT_THAT(ReadAll(Scheme("bytes/1"), {Path("d")}).canonical, ElementsAre("a", "a"));
  std::filesystem::create_symlink("nothing", Path("d/z"));
  EXPECT_STATUS(ReadAll(Scheme("bytes/1"), {Path("d")}).status, kNotFound, Path("d/z"));
  std::filesystem::remove(Path("d/z"));
  std::filesystem::create_directory_symlink("../d", Path("d/loop"));
  EXPECT_STATUS(ReadAll(Scheme("bytes/1"), {Path("d")}).status, kInvalidArgument,
                Path("d/loop") + ": a link to a directory");
}

TEST_F(RecordReaderTest, FilesOfBytesAreNeverDecompressed) {
  const std::string data = Gzip("x");
  EXPECT_THAT(ReadAll(Scheme("bytes/1"), {Write("a.gz", data), Write("a.zst", "plain")})
                  .canonical,
              ElementsAre(data, "plain"));
}

TEST_F(RecordReaderTest, LargeFilesAreHashedWholeAndKeptInPart) {
  std::string data(3'000'000, '\0');
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * i >> 7);
  RecordReader reader =
      RecordReader::Open(Scheme("bytes/1"), {Write("a", data)},
                         {.max_record_bytes = 10, .max_kept_bytes = 300'000})
          .value();
  const Record record = reader.Next().value().value();
  EXPECT_EQ(record.hash, Sha256(AsBytes(data)));
  EXPECT_EQ(record.canonical_bytes, data.size());
  EXPECT_EQ(record.canonical, data.substr(0, 300'000));
  EXPECT_EQ(record.number, 0u);
  EXPECT_EQ(reader.Next().value(), std::nullopt);
}

TEST_F(RecordReaderTest, NamesAreCheckedBeforeAnythingIsRead) {
  const std::string good = Write("a", "x");
  EXPECT_STATUS(RecordReader::Open(Scheme("bytes/1"), {good, Path("none")}, {}),
                kNotFound, Path("none") + ": No such file");
  EXPECT_STATUS(RecordReader::Open(Scheme("json/1"), {"-", "-"}, {}), kInvalidArgument,
                "only once");
}

// ---- compression

TEST_F(RecordReaderTest, CompressionIsSeenByContentToo) {
  const std::string text = "{\"a\":1}\n";
  for (const std::string& data :
       {text, Gzip(text), Zstd(text), Gzip("{\"a\"") + Gzip(":1}"),
        Zstd("{\"a\"") + Zstd(":1}\n")}) {
    const Answer answer = ReadAll(Scheme("json/1"), {Write("data", data)});
    ASSERT_OK(answer.status);
    EXPECT_THAT(answer.canonical, ElementsAre("{\"a\":1}"));
  }
  EXPECT_OK(
      ReadAll(Scheme("json/1"), {Write("e.gz", Gzip("")), Write("e.zst", Zstd(""))})
          .status);
}

TEST_F(RecordReaderTest, EveryTruncationOfCompressedInputIsAnError) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "{\"id\":" + std::to_string(i * i) + "}\n";
  for (const auto& [name, data] :
       {std::pair("a.gz", Gzip(text)), std::pair("a.zst", Zstd(text))}) {
    for (size_t size = 0; size < data.size(); ++size) {
      const Answer answer =
          ReadAll(Scheme("json/1"), {Write(name, data.substr(0, size))});
      ASSERT_EQ(answer.status.code(), kInvalidArgument) << name << " cut to " << size;
    }
    EXPECT_STATUS(
        ReadAll(Scheme("json/1"), {Write(name, data.substr(0, data.size() - 1))})
            .status,
        kInvalidArgument, "data ends too early: the file is truncated");
    EXPECT_STATUS(ReadAll(Scheme("json/1"), {Write(name, data + "tail")}).status,
                  kInvalidArgument, "data is corrupt");
    EXPECT_STATUS(ReadAll(Scheme("json/1"), {Write(name, text)}).status,
                  kInvalidArgument, "expected by the name, but it is none");
  }
}

TEST_F(RecordReaderTest, NoFlippedBitOfGzipGivesOtherRecords) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "{\"id\":" + std::to_string(i * i) + "}\n";
  const std::string data = Gzip(text);
  const Answer whole = ReadAll(Scheme("json/1"), {Write("a.gz", data)});
  for (size_t at = 0; at < data.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = data;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const Answer answer = ReadAll(Scheme("json/1"), {Write("a.gz", changed)});
      if (answer.status.ok()) {  // a bit of the header's time or name
        ASSERT_EQ(answer.canonical, whole.canonical);
      }
    }
  }
}

// ---- hashes

TEST_F(RecordReaderTest, HashesComeOneALine) {
  const Hash a = Sha256(AsBytes("a")), b = Sha256(AsBytes("b"));
  std::string upper = ToHex(b);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  HashReader reader =
      HashReader::Open(Write("h", ToHex(a) + "\r\n" + upper), HashReader::Form::kHex)
          .value();
  EXPECT_EQ(reader.Next().value(), a);
  EXPECT_EQ(reader.Next().value(), b);
  EXPECT_EQ(reader.Next().value(), std::nullopt);
  EXPECT_EQ(reader.count(), 2u);
  for (const std::string& line :
       {std::string(), ToHex(a) + "0", ToHex(a).substr(1), " " + ToHex(a),
        ToHex(a) + "  file", std::string(64, 'g'), std::string(100'000, '0')}) {
    const std::string path = Write("h", ToHex(a) + "\n" + line + "\n");
    reader = HashReader::Open(path, HashReader::Form::kHex).value();
    EXPECT_EQ(reader.Next().value(), a);
    EXPECT_STATUS(reader.Next(), kInvalidArgument, path + ":2: not a hash of 64 hex");
  }
}

TEST_F(RecordReaderTest, PackedHashesAre32BytesEach) {
  std::string data;
  for (int i = 0; i < 30'000; ++i) {
    data += AsText(Sha256(AsBytes(std::to_string(i))));
  }
  // A gzip magic at the start is data here unless the name says otherwise.
  data[0] = '\x1f', data[1] = '\x8b';
  for (const std::string& path :
       {Write("p", data), Write("p.gz", Gzip(data)), Write("p.zst", Zstd(data))}) {
    HashReader reader = HashReader::Open(path, HashReader::Form::kPacked).value();
    std::string again;
    while (std::optional<Hash> hash = reader.Next().value()) again += AsText(*hash);
    EXPECT_EQ(again, data);
    EXPECT_EQ(reader.count(), 30'000u);
  }
  HashReader reader =
      HashReader::Open(Write("p", data.substr(0, 33)), HashReader::Form::kPacked)
          .value();
  EXPECT_OK(reader.Next());
  EXPECT_STATUS(reader.Next(), kInvalidArgument,
                "no multiple of 32: 1 bytes are left after 1 hashes");
}

}  // namespace
}  // namespace setlog
