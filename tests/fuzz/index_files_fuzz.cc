// Files of an index directory: whatever their bytes, they are refused as damaged or
// hold exactly what a writer makes of what was read; and of what a writer made no byte
// can change unnoticed.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/index_bytes.h"
#include "fuzz/law.h"
#include "index/commit_journal.h"
#include "index/index_manifest.h"
#include "index/journal.h"
#include "index/run_file.h"
#include "index/run_writer.h"
#include "index/top_file.h"
#include "index/version_top_file.h"

namespace setlog {
namespace {

// In memory where that is a directory; what is durable does not matter here.
class Scratch {
 public:
  static const Scratch& Shared() {
    static const Scratch scratch;
    return scratch;
  }
  const std::string& read() const { return read_; }
  void Put(const std::string& bytes) const {
    std::ofstream(read_, std::ios::binary | std::ios::trunc) << bytes;
  }
  // A name that is free.
  const std::string& Fresh() const {
    std::filesystem::remove(written_);
    return written_;
  }
  std::string Written() const {
    std::ifstream file(written_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  Scratch() {
    const char* memory = "/dev/shm";
    std::string path = (std::filesystem::is_directory(memory)
                            ? std::filesystem::path(memory)
                            : std::filesystem::temp_directory_path()) /
                       "setlog-index-fuzz-XXXXXX";
    Law(::mkdtemp(path.data()) != nullptr, "there is a place for files");
    read_ = path + "/read";
    written_ = path + "/written";
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(std::filesystem::path(read_).parent_path(), ignored);
  }

  std::string read_;
  std::string written_;
};

constexpr FileKind kKinds[] = {FileKind::kRun,      FileKind::kTop,
                               FileKind::kJournal,  FileKind::kCommits,
                               FileKind::kManifest, FileKind::kVersionTop};

std::string SomeBytes(Choices* choices, FileKind kind, const Whose& whose) {
  switch (kind) {
    case FileKind::kRun:
      return SomeRun(choices, whose);
    case FileKind::kTop:
      return SomeTop(choices, whose);
    case FileKind::kJournal:
      return SomeJournal(choices, whose);
    case FileKind::kCommits:
      return SomeCommits(choices, whose);
    case FileKind::kManifest:
      return SomeManifest(choices, whose);
    case FileKind::kVersionTop:
      break;
  }
  return SomeVersionTop(choices, whose);
}

// Everything that can be asked of a run, whatever is in its pages.
std::vector<EventRow> RowsOf(const RunFile& run, const Whose& whose) {
  std::vector<EventRow> rows;
  RunCursor cursor(run);
  for (cursor.SeekToFirst(); cursor.valid(); cursor.Next()) {
    rows.push_back(cursor.row());
    Law(PartitionOf(cursor.key(), whose.identity.partition_bits) == whose.partition &&
            rows.back().position() < run.m(),
        "a cursor shows rows of the partition, below m");
  }
  Law(cursor.status().ok() ? rows.size() == run.rows()
                           : absl::IsDataLoss(cursor.status()),
      "a cursor shows all rows, or says why not");
  return rows;
}

void CheckSeeks(Choices* choices, const RunFile& run, const Whose& whose,
                const std::vector<EventRow>& rows, bool whole) {
  RunCursor cursor(run);
  for (int i = 0; i < 4; ++i) {
    const Hash key = SomeKey(choices, whose);
    const bool by_prefix = choices->Below(2);
    by_prefix ? cursor.SeekPrefix(ReadU64(key)) : cursor.Seek(key);
    if (!whole) continue;
    const auto expected = std::ranges::find_if(rows, [&](const EventRow& row) {
      return by_prefix ? ReadU64(row.key) >= ReadU64(key) : row.key >= key;
    });
    Law(cursor.status().ok() && cursor.valid() == (expected != rows.end()) &&
            (!cursor.valid() || cursor.row() == *expected),
        "a seek ends at the first row that is not before it");
  }
}

// The bytes that the writer makes of what was read; nothing if it was refused. Of a
// journal, up to where reading stopped.
std::optional<std::string> Again(Choices* choices, FileKind kind, const Whose& whose) {
  const Scratch& files = Scratch::Shared();
  const auto refused = [](const absl::Status& status) {
    Law(absl::IsDataLoss(status) && !status.message().empty(), "damage is DataLoss");
    return std::nullopt;
  };
  switch (kind) {
    case FileKind::kRun: {
      const auto run = RunFile::Open(files.read(), whose.identity, whose.partition);
      if (!run.ok()) return refused(run.status());
      const absl::Status good = (*run)->CheckAll();
      const std::vector<EventRow> rows = RowsOf(**run, whose);
      CheckSeeks(choices, **run, whose, rows, good.ok());
      if (!good.ok()) return refused(good);
      auto writer = RunWriter::Create(files.Fresh(), whose.identity, whose.partition,
                                      (*run)->m());
      for (const EventRow& row : rows) {
        Law(writer->Add(row.key, row.word).ok(), "a whole run is one that is written");
      }
      Law(writer->Finish().ok(), "and finished");
      break;
    }
    case FileKind::kTop: {
      const auto top = TopFile::Open(files.read(), whose.identity, whose.partition);
      if (!top.ok()) return refused(top.status());
      Law(WriteTopFile(files.Fresh(), whose.identity, whose.partition, top->frame(),
                       top->hashes())
              .ok(),
          "a whole top is one that is written");
      break;
    }
    case FileKind::kJournal: {
      auto writer =
          JournalWriter::Create(files.Fresh(), whose.identity, whose.partition);
      const auto end = ReadJournal(
          files.read(), whose.identity, whose.partition,
          [&](const JournalRecord& record) {
            std::vector<EventRow> rows;
            for (const PackedRow& row : record.rows) rows.push_back(row.row());
            std::vector<BucketHash> hashes;
            for (const auto& hash : record.hashes) {
              hashes.push_back({hash.bucket(), hash.hash});
            }
            const absl::Status added = writer->Append(record.frame, rows, hashes);
            Law(record.end == writer->file_bytes(), "a record says where it ends");
            return added;
          });
      if (!end.ok()) return refused(end.status());
      Law(end->good_bytes == writer->file_bytes() &&
              end->beyond.ok() == (end->good_bytes == end->file_bytes),
          "reading stops at what is bad, or at the end");
      break;
    }
    case FileKind::kCommits: {
      const auto read = ReadCommits(files.read(), whose.identity);
      if (!read.ok()) return refused(read.status());
      Law(CommitJournal::Start(files.Fresh(), whose.identity, read->commits).ok(),
          "commits that are read follow each other");
      Law(read->beyond.ok() == (read->good_bytes == read->file_bytes),
          "reading stops at what is bad, or at the end");
      break;
    }
    case FileKind::kManifest: {
      const auto manifest =
          ReadIndexManifest(files.read(), whose.identity.store, whose.identity.log);
      if (!manifest.ok()) return refused(manifest.status());
      Law(WriteIndexManifest(files.Fresh(), *manifest).ok(),
          "a manifest that is read is one that is written");
      break;
    }
    case FileKind::kVersionTop: {
      const auto top = VersionTopFile::Open(files.read(), whose.identity, 7);
      if (!top.ok()) return refused(top.status());
      if (const absl::Status good = (*top)->CheckAll(); !good.ok())
        return refused(good);
      Law(WriteVersionTop(files.Fresh(), whose.identity, (*top)->frame(),
                          (*top)->nodes())
              .ok(),
          "a whole top is one that is written");
      break;
    }
  }
  return files.Written();
}

bool IsJournal(FileKind kind) {
  return kind == FileKind::kJournal || kind == FileKind::kCommits;
}

Whose SomeWhose(Choices* choices) {
  Whose whose;
  whose.identity.store.fill(0xa5);
  whose.identity.log = 0x01020304;
  whose.identity.partition_bits = choices->Below(4) ? kMaxPartitionBits : 0;
  whose.partition = static_cast<unsigned>(choices->Below(whose.identity.partitions()));
  return whose;
}

void CheckAnyBytes(Choices choices) {
  const FileKind kind = kKinds[choices.Below(std::size(kKinds))];
  const Whose whose = SomeWhose(&choices);
  std::string bytes = SomeBytes(&choices, kind, whose);
  MendChecksums(kind, &bytes);
  for (uint64_t i = 0, n = choices.Below(4); i < n; ++i) {
    const size_t from = choices.Byte();
    const size_t at =
        choices.Below(2) ? from : bytes.size() - std::min(from, bytes.size());
    if (choices.Below(2) && at + 8 <= bytes.size()) {
      PutU64(&bytes, at, choices.Number());
    } else {
      bytes = choices.Damaged(bytes);
    }
  }
  if (choices.Below(4)) MendChecksums(kind, &bytes);
  Scratch::Shared().Put(bytes);
  const std::optional<std::string> again = Again(&choices, kind, whose);
  if (!again) return;
  Law(IsJournal(kind) ? bytes.starts_with(*again) : bytes == *again,
      "what is read is what a writer would have written");
}

void CheckOneChange(Choices choices) {
  const FileKind kind = kKinds[choices.Below(std::size(kKinds))];
  const Whose whose = SomeWhose(&choices);
  std::string bytes = SomeBytes(&choices, kind, whose);
  MendChecksums(kind, &bytes);
  Scratch::Shared().Put(bytes);
  const std::optional<std::string> honest = Again(&choices, kind, whose);
  if (!honest || honest->empty()) return;
  std::string changed = *honest;
  const size_t high = choices.Byte();
  const size_t at = (high << 8 | choices.Byte()) % changed.size();
  const uint8_t flip = choices.Byte();
  if (flip == 0) {
    changed.resize(at);
  } else {
    changed[at] = static_cast<char>(changed[at] ^ flip);
  }
  Scratch::Shared().Put(changed);
  const std::optional<std::string> again = Again(&choices, kind, whose);
  Law(!again || (IsJournal(kind) && again->size() <= at && honest->starts_with(*again)),
      "no byte changes unnoticed; a journal ends before it");
}

}  // namespace
}  // namespace setlog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return setlog::RunEither(data, size, setlog::CheckAnyBytes, setlog::CheckOneChange);
}
