#include "index/commit_journal.h"

#include "absl/strings/str_format.h"
#include "index/event_row.h"
#include "index/mapped_file.h"
#include "storage/durable_file.h"

namespace setlog {
namespace {

constexpr size_t kHeaderBytes = kFileTagBytes + 8;
constexpr size_t kRecordBytes = 3 * 8 + Hash::kSize + 2 * 8;

std::string EncodeCommit(const IndexCommit& commit, uint64_t offset) {
  std::string bytes;
  AppendU64(&bytes, commit.m0);
  AppendU64(&bytes, commit.m1);
  AppendU64(&bytes, commit.n);
  bytes += AsText(commit.root);
  AppendU64(&bytes, commit.touched);
  AppendU64(&bytes, ChecksumAt(offset, AsBytes(bytes)));
  return bytes;
}

absl::Status CheckFollows(const std::string& path, const IndexCommit& commit,
                          bool first, uint64_t m) {
  if (commit.m0 < commit.m1 && (first || commit.m0 == m)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("%s: the batch from %d to %d does not follow m = %d", path,
                      commit.m0, commit.m1, m));
}

}  // namespace

absl::StatusOr<CommitsRead> ReadCommits(const std::string& path,
                                        const IndexIdentity& identity) {
  const absl::StatusOr<MappedFile> file =
      MappedFile::Open(path, MappedFile::Use::kWhole);
  if (!file.ok()) return file.status();
  const Bytes bytes = file->bytes();
  if (bytes.size() < kHeaderBytes) return DamagedFile(path, "it is too short");
  absl::Status ours =
      CheckFileTag(bytes.first(kFileTagBytes), FileKind::kCommits, identity, 0, path);
  if (!ours.ok()) return ours;
  if (ChecksumAt(0, bytes.first(kFileTagBytes)) !=
      ReadU64(bytes.subspan(kFileTagBytes))) {
    return DamagedFile(path, "its header's checksum");
  }
  CommitsRead read;
  read.good_bytes = kHeaderBytes;
  read.file_bytes = bytes.size();
  const uint64_t partitions = ~uint64_t{0} >> (64 - identity.partitions());
  while (read.good_bytes < bytes.size()) {
    const auto stop = [&](std::string_view what) {
      read.beyond = DamagedFile(
          path, absl::StrFormat("%s of the record at byte %d", what, read.good_bytes));
      return read;
    };
    if (bytes.size() - read.good_bytes < kRecordBytes) return stop("the end");
    const Bytes record = bytes.subspan(read.good_bytes, kRecordBytes);
    if (ChecksumAt(read.good_bytes, record.first(kRecordBytes - 8)) !=
        ReadU64(record.last(8))) {
      return stop("the checksum");
    }
    const IndexCommit commit = {.m0 = ReadU64(record),
                                .m1 = ReadU64(record.subspan(8)),
                                .n = ReadU64(record.subspan(16)),
                                .root = HashFromBytes(record.subspan(24)),
                                .touched = ReadU64(record.subspan(56))};
    const bool first = read.commits.empty();
    if (!CheckFollows(path, commit, first, first ? 0 : read.commits.back().m1).ok() ||
        commit.m1 > kMaxPositions || (commit.touched & ~partitions) != 0) {
      return stop("what stands in it, or the order");
    }
    read.commits.push_back(commit);
    read.good_bytes += kRecordBytes;
  }
  return read;
}

absl::StatusOr<CommitJournal> CommitJournal::Start(
    const std::string& path, const IndexIdentity& identity,
    std::span<const IndexCommit> commits) {
  std::string bytes = EncodeFileTag(FileKind::kCommits, identity, 0);
  AppendU64(&bytes, ChecksumAt(0, AsBytes(bytes)));
  for (size_t i = 0; i < commits.size(); ++i) {
    absl::Status follows =
        CheckFollows(path, commits[i], i == 0, i == 0 ? 0 : commits[i - 1].m1);
    if (!follows.ok()) return follows;
    bytes += EncodeCommit(commits[i], bytes.size());
  }
  if (absl::Status replaced = ReplaceFile(path, bytes); !replaced.ok()) return replaced;
  absl::StatusOr<OutputFile> file = OutputFile::Continue(path, bytes.size());
  if (!file.ok()) return file.status();
  return CommitJournal(*std::move(file), commits.empty() ? 0 : commits.back().m1,
                       commits.empty());
}

absl::Status CommitJournal::Append(const IndexCommit& commit) {
  absl::Status follows = CheckFollows(file_.path(), commit, empty_, m_);
  if (!follows.ok()) return follows;
  absl::Status written = file_.Append(AsBytes(EncodeCommit(commit, file_.size())));
  if (!written.ok()) return written;
  m_ = commit.m1;
  empty_ = false;
  return absl::OkStatus();
}

}  // namespace setlog
