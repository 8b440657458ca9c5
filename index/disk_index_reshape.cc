// Cutting the index into other buckets and partitions, as it grows.
#include <algorithm>
#include <bit>

#include "absl/strings/str_format.h"
#include "index/disk_index.h"
#include "index/top_file.h"
#include "log/bucket_hasher.h"
#include "port/huge_pages.h"
#include "storage/durable_file.h"

namespace setlog {
namespace {

// A top is made for so many times the members that there are, if they are known to
// come: then a first fill makes few, and none is far too deep for its rows.
constexpr uint64_t kDepthAhead = 16;

}  // namespace

unsigned DiskIndex::WantedDepth(uint64_t members, unsigned partition_bits) const {
  const uint64_t buckets = std::max<uint64_t>(members / options_.bucket_keys, 1);
  const unsigned depth = static_cast<unsigned>(std::bit_width(buckets)) - 1;
  return std::clamp(depth, partition_bits,
                    std::max(options_.max_depth, partition_bits));
}

absl::Status DiskIndex::Fit(uint64_t added, uint64_t backlog) {
  const uint64_t rows = rows_ + added + backlog;
  const uint8_t bits = identity_.partition_bits > 0 || rows > options_.small_rows
                           ? kMaxPartitionBits
                           : 0;
  const uint64_t members = n_ + added;
  if (bits == identity_.partition_bits && WantedDepth(members, bits) <= depth()) {
    return absl::OkStatus();
  }
  const uint64_t ahead = std::min(members + backlog, kDepthAhead * members);
  return Reshape(std::max(depth(), WantedDepth(ahead, bits)), bits);
}

absl::Status DiskIndex::Reshape(unsigned depth, uint8_t bits) {
  if (merge_ && !merge_thread_.joinable()) LaunchMerge();
  if (absl::Status s = AdoptMerge(/*wait=*/true); !s.ok()) return s;
  const size_t count = size_t{1} << bits;
  const bool same_partitions = bits == identity_.partition_bits;
  auto top = std::make_unique<DenseTop>(depth);
  PreferHugePages(top->nodes(), top->size() * Hash::kSize);
  std::vector<uint64_t> members(count);
  std::vector<absl::Status> failed(count);
  std::vector<std::unique_ptr<RecentRows>> cut(count);  // if partitions change
  options_.parallel(count, [&](size_t p) {
    const Partition& from = partitions_[same_partitions ? p : 0];
    const uint64_t first = bits == 0 ? 0 : uint64_t{p} << (64 - bits);
    const uint64_t last = bits == 0 ? ~uint64_t{0} : first | ~uint64_t{0} >> bits;
    const size_t node = count + p;
    const std::span<Hash> buckets = top->BucketsBelow(node);
    const size_t first_bucket = p << (depth - bits);
    BucketHasher hasher([&](size_t bucket, const Hash& hash) {
      buckets[bucket - first_bucket] = hash;
    });
    RowMerge rows(from.run.get(), from.frozen.get(), from.active.get(),
                  RunCursor::ReadAhead::kSequential);
    std::vector<EventRow> moved;
    uint64_t bucket = first_bucket;
    for (rows.SeekPrefix(first); rows.valid() && rows.prefix() <= last;) {
      const Hash& key = rows.key();
      uint64_t word = 0;
      for (; rows.valid() && rows.key() == key; rows.Next()) {
        word = rows.word();
        if (!same_partitions) moved.push_back({key, word});
      }
      if ((word & 1) == 0) continue;
      const uint64_t next = KeyPrefix(key, depth);
      if (next != bucket) {
        hasher.EndBucket(bucket);
        bucket = next;
      }
      hasher.AddKey(key);
      ++members[p];
    }
    hasher.EndBucket(bucket);
    hasher.Flush();
    failed[p] = rows.status();
    top->HashBelow(node);
    if (!same_partitions) {
      cut[p] = std::make_unique<RecentRows>(bits, moved.size());
      cut[p]->Insert(moved);
    }
  });
  uint64_t n = 0;
  for (size_t p = 0; p < count; ++p) {
    if (!failed[p].ok()) return failed[p];
    n += members[p];
  }
  top->HashAbove(bits);
  if (n != n_ || SetRoot(n, top->node(1)) != State().set_root) {
    return absl::DataLossError(
        absl::StrFormat("the index's rows at m = %d do not lead to its set root", m_));
  }

  std::vector<Partition> partitions;
  if (!same_partitions) {
    partitions.resize(count);
    for (size_t p = 0; p < count; ++p) {
      partitions[p].active = std::move(cut[p]);
      partitions[p].n = members[p];
    }
  }
  std::vector<Partition>& shaped = same_partitions ? partitions_ : partitions;
  IndexManifest manifest = Manifest();
  manifest.identity.partition_bits = bits;
  manifest.depth = depth;
  manifest.partitions.resize(count);
  if (has_files_ && bits > 0) {
    if (absl::Status s = WriteShape(top.get(), shaped, &manifest); !s.ok()) return s;
  }
  for (size_t p = 0; p < count; ++p) shaped[p].files = manifest.partitions[p];
  {
    const auto lock = mutex_.LockUnique();
    top_.swap(top);
    if (!same_partitions) partitions_.swap(partitions);
    identity_.partition_bits = bits;
    undo_.clear();  // of other nodes
    undo_bytes_ = 0;
  }
  return absl::OkStatus();
}

absl::Status DiskIndex::WriteShape(DenseTop* top, std::vector<Partition>& partitions,
                                   IndexManifest* manifest) {
  const IndexIdentity& identity = manifest->identity;
  const bool same_partitions = identity == identity_;
  const uint64_t first_seq = max_seq_ + 1;
  max_seq_ += partitions.size();
  std::vector<absl::Status> failed(partitions.size());
  options_.parallel(partitions.size(), [&](size_t p) {
    Partition& partition = partitions[p];
    const unsigned number = static_cast<unsigned>(p);
    PartitionFiles& files = manifest->partitions[p];
    files.top = first_seq + p;
    failed[p] = WriteTopFile(directory_.TopPath(number, files.top), identity, number,
                             {.depth = manifest->depth, .m = m_, .n = partition.n},
                             top->BucketsBelow(partitions.size() + p));
    if (!failed[p].ok() || same_partitions) return;
    files = {.run = 0, .top = files.top, .journal = files.top};
    absl::StatusOr<JournalWriter> journal = JournalWriter::Create(
        directory_.JournalPath(number, files.journal), identity, number);
    failed[p] = journal.status();
    if (!journal.ok()) return;
    std::vector<EventRow> rows;
    RecentRows::Cursor cursor(*partition.active);
    for (cursor.SeekToFirst(); cursor.valid(); cursor.Next()) {
      rows.push_back(cursor.row());
    }
    if (!rows.empty()) {
      failed[p] =
          journal->Append({0, m_, static_cast<uint8_t>(manifest->depth)}, rows, {});
    }
    partition.journal.emplace(*std::move(journal));
    partition.journal_seq = files.journal;
  });
  absl::Status written;
  for (const absl::Status& status : failed) written.Update(status);
  // The tops stand for the rows in the journals, so those must not be lost before them.
  if (written.ok()) written = SyncJournals(*manifest);
  if (written.ok()) {
    written = WriteIndexManifest(directory_.ManifestPath(), *manifest);
  }
  if (!written.ok()) {
    for (size_t p = 0; p < partitions.size(); ++p) {
      const unsigned number = static_cast<unsigned>(p);
      directory_.Remove(directory_.TopPath(number, first_seq + p)).IgnoreError();
      if (same_partitions) continue;
      directory_.Remove(directory_.JournalPath(number, first_seq + p)).IgnoreError();
    }
    return written;
  }
  if (!same_partitions) commits_.reset();  // which are of other partitions
  directory_.RemoveUnnamed(*manifest).IgnoreError();
  return absl::OkStatus();
}

absl::Status DiskIndex::SyncJournals(const IndexManifest& manifest) const {
  absl::StatusOr<IndexFiles> files = directory_.List();
  if (!files.ok()) return files.status();
  for (const SequencedFile& file : files->journals) {
    if (file.partition >= manifest.partitions.size() ||
        file.seq < manifest.partitions[file.partition].journal) {
      continue;
    }
    const absl::Status synced =
        SyncPath(directory_.JournalPath(file.partition, file.seq));
    if (!synced.ok()) return synced;
  }
  return absl::OkStatus();
}

absl::Status DiskIndex::StartFiles() {
  if (absl::Status s = directory_.RemoveAll(); !s.ok() && !absl::IsNotFound(s))
    return s;
  if (absl::Status s = directory_.Create(); !s.ok()) return s;
  for (Partition& partition : partitions_) {
    partition.files = {.run = 0, .top = 0, .journal = ++max_seq_};
    partition.journal_seq = partition.files.journal;
    partition.journal_bytes = 0;
    partition.journal.reset();
  }
  last_commits_.clear();
  const absl::Status written =
      WriteIndexManifest(directory_.ManifestPath(), Manifest());
  has_files_ = written.ok();
  return written;
}

}  // namespace setlog
