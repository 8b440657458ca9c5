#include "client/audit_state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <thread>

#include "absl/strings/str_format.h"
#include "client/staged_file.h"
#include "log/sha256.h"
#include "log/sha256_stream.h"
#include "log/tile.h"
#include "port/parallel.h"

namespace setlog {
namespace {

constexpr std::string_view kMagic = "setlog audit 2\n";
// Rows are read and written in pieces.
constexpr size_t kPieceRows = 1 << 15;
constexpr size_t kPiecePages = 1 << 11;
constexpr size_t kPendingBytes = 8 + Hash::kSize;

void AppendText(std::string* out, std::string_view text) {
  AppendU64(out, text.size());
  out->append(text);
}

// Everything but the rows.
std::string EncodeHead(std::string_view origin, std::string_view note,
                       const ReplayState& state) {
  std::string out;
  AppendText(&out, origin);
  AppendText(&out, note);
  AppendText(&out, state.manifest);
  AppendU64(&out, state.tree.size());
  for (const std::vector<Hash>& tail : state.tree.tails()) {
    for (const Hash& hash : tail) out.append(AsText(hash));
  }
  AppendU64(&out, state.tags.size());
  for (const auto& [name, tag] : state.tags) {
    AppendU64(&out, tag.m);
    AppendU64(&out, tag.position);
    AppendText(&out, name);
  }
  AppendU64(&out, state.index_sizes.size());
  for (uint64_t m : state.index_sizes) AppendU64(&out, m);
  if (state.last_index) {
    AppendU64(&out, state.last_index->position);
    out.append(Encode(state.last_index->entry));
  }
  AppendU64(&out, state.pending.size());
  for (const SetChange& pending : state.pending.InOrder()) {
    AppendU64(&out, pending.position << 1 | (pending.add ? 1 : 0));
    out.append(AsText(pending.key));
  }
  return out;
}

// Takes fields off bytes of unknown origin; after the first that is missing, nothing.
class Fields {
 public:
  explicit Fields(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

  Bytes Take(uint64_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  uint64_t U64() {
    const Bytes bytes = Take(8);
    return ok_ ? ReadU64(bytes) : 0;
  }
  // A number of items of which each has at least `size` bytes.
  uint64_t Count(uint64_t size) {
    const uint64_t count = U64();
    if (count > rest_.size() / size) ok_ = false;
    return ok_ ? count : 0;
  }
  std::string Text() { return std::string(AsText(Take(U64()))); }
  std::vector<Hash> Hashes(uint64_t count) {
    std::vector<Hash> hashes;
    if (count > rest_.size() / Hash::kSize) ok_ = false;
    for (uint64_t i = 0; ok_ && i < count; ++i) {
      hashes.push_back(HashFromBytes(Take(Hash::kSize)));
    }
    return hashes;
  }

 private:
  Bytes rest_;
  bool ok_ = true;
};

struct Head {
  std::string origin;
  AuditState state;  // without the set
};

absl::StatusOr<Head> DecodeHead(Bytes bytes) {
  const absl::Status cut = absl::DataLossError("it is cut short");
  Fields fields(bytes);
  Head head;
  head.origin = fields.Text();
  head.state.note = fields.Text();
  ReplayState& replay = head.state.replay;
  replay.manifest = fields.Text();
  const uint64_t size = fields.U64();
  std::vector<std::vector<Hash>> tails;
  for (int level = 0; level < TileLevels(size); ++level) {
    tails.push_back(fields.Hashes(PartialWidth(level, size)));
  }
  const uint64_t tags = fields.Count(24);
  for (uint64_t i = 0; i < tags; ++i) {
    PlacedTag tag;
    tag.m = fields.U64();
    tag.position = fields.U64();
    if (!replay.tags.emplace(fields.Text(), tag).second) return cut;
  }
  const uint64_t indexes = fields.Count(8);
  for (uint64_t i = 0; i < indexes; ++i) replay.index_sizes.push_back(fields.U64());
  if (indexes > 0) {
    const uint64_t position = fields.U64();
    const absl::StatusOr<Entry> entry = DecodeEntry(fields.Take(kIndexEntryBytes));
    if (!entry.ok()) return entry.status();
    const IndexEntry* index = std::get_if<IndexEntry>(&*entry);
    if (index == nullptr) return cut;
    replay.last_index = {*index, position};
  }
  const uint64_t pending = fields.Count(kPendingBytes);
  for (uint64_t i = 0; i < pending; ++i) {
    const uint64_t word = fields.U64();
    const Bytes key = fields.Take(Hash::kSize);
    if (!fields.ok()) return cut;
    replay.pending.Add({HashFromBytes(key), word >> 1, (word & 1) != 0});
  }
  if (!fields.done()) return cut;

  absl::StatusOr<TileTree> tree = TileTree::Restore(size, std::move(tails));
  if (!tree.ok()) return tree.status();
  replay.tree = *std::move(tree);
  return head;
}

// The file from its start, with the digest of what was read so far.
class Reader {
 public:
  explicit Reader(int fd, uint64_t size) : fd_(fd), left_(size) {}
  ~Reader() { ::close(fd_); }
  Reader(const Reader&) = delete;

  uint64_t left() const { return left_; }
  absl::StatusOr<std::string> Take(uint64_t size) {
    if (size > left_) return absl::DataLossError("it is cut short");
    std::string bytes(size, '\0');
    for (size_t done = 0; done < size;) {
      const ssize_t got = ::read(fd_, bytes.data() + done, size - done);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return absl::DataLossError("it cannot be read");
      done += static_cast<size_t>(got);
    }
    left_ -= size;
    digest_.Update(AsBytes(bytes));
    return bytes;
  }
  absl::StatusOr<std::string> TakeText() {
    const absl::StatusOr<std::string> size = Take(8);
    if (!size.ok()) return size.status();
    return Take(ReadU64(AsBytes(*size)));
  }
  Hash Digest() { return digest_.Finish(); }

 private:
  int fd_;
  uint64_t left_;
  Sha256Stream digest_;
};

absl::StatusOr<AuditState> Read(Reader& file, std::string_view origin) {
  const absl::Status damaged = absl::DataLossError("its bytes were changed");
  const absl::StatusOr<std::string> magic = file.Take(kMagic.size());
  if (!magic.ok()) return magic.status();
  if (*magic != kMagic) return absl::DataLossError("it is of another version");
  const absl::StatusOr<std::string> bytes = file.TakeText();
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<Head> head = DecodeHead(AsBytes(*bytes));
  if (!head.ok()) return head.status();
  if (head->origin != origin) return absl::DataLossError("it is another log's");
  ReplayState& replay = head->state.replay;
  const IndexEntry none{0, 0, EmptySetRoot()};
  const IndexEntry& last = replay.last_index ? replay.last_index->entry : none;
  if (last.n > file.left() / SetIndex::kRowBytes) return damaged;
  SetIndex::Loader loader(last.n);
  for (uint64_t left = last.n; left > 0;) {
    const uint64_t count = std::min<uint64_t>(left, kPieceRows);
    const absl::StatusOr<std::string> rows = file.Take(count * SetIndex::kRowBytes);
    if (!rows.ok()) return rows.status();
    if (absl::Status s = loader.Add(AsBytes(*rows)); !s.ok()) return s;
    left -= count;
  }
  Parallel parallel(std::max(1u, std::thread::hardware_concurrency()));
  absl::StatusOr<SetIndex> set =
      std::move(loader).Finish(last.m, last.set_root, std::ref(parallel));
  if (!set.ok()) return set.status();
  replay.set = *std::move(set);
  const Hash digest = file.Digest();
  const absl::StatusOr<std::string> stored = file.Take(Hash::kSize);
  if (!stored.ok()) return stored.status();
  if (AsText(digest) != *stored || file.left() != 0) return damaged;
  return std::move(head->state);
}

}  // namespace

absl::StatusOr<AuditStore> AuditStore::Open(const std::string& directory,
                                            std::string origin) {
  if (absl::Status s = MakePrivateDirectory(directory); !s.ok()) return s;
  const std::string file =
      absl::StrFormat("%s/%s", directory, ToHex(Sha256(AsBytes(origin))));
  absl::StatusOr<FileLock> lock = FileLock::Acquire(file + ".lock");
  if (!lock.ok()) return lock.status();
  return AuditStore(file + ".audit", std::move(origin), *std::move(lock));
}

absl::StatusOr<std::optional<AuditState>> AuditStore::Load() const {
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  struct stat info = {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    return absl::ErrnoToStatus(error, absl::StrFormat("cannot read %s", path_));
  }
  Reader file(fd, static_cast<uint64_t>(info.st_size));
  absl::StatusOr<AuditState> state = Read(file, origin_);
  if (state.ok()) return *std::move(state);
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged (%s): restore it, or audit from the beginning with --restart",
      path_, std::string(state.status().message())));
}

absl::Status AuditStore::Save(std::string_view note, const ReplayState& replay) const {
  absl::StatusOr<StagedFile> file = StagedFile::Create(path_, 0600);
  if (!file.ok()) return file.status();
  Sha256Stream digest;
  const auto write = [&](std::string_view bytes) {
    digest.Update(AsBytes(bytes));
    return file->Write(bytes);
  };
  std::string head(kMagic);
  AppendText(&head, EncodeHead(origin_, note, replay));
  if (absl::Status s = write(head); !s.ok()) return s;
  const size_t pages = replay.set.page_count();
  for (size_t page = 0; page < pages; page += kPiecePages) {
    const std::string rows =
        replay.set.EncodeRows(page, std::min(page + kPiecePages, pages));
    if (absl::Status s = write(rows); !s.ok()) return s;
  }
  if (absl::Status s = file->Write(AsText(digest.Finish())); !s.ok()) return s;
  return file->Commit();
}

}  // namespace setlog
