#include "client/audit_state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "absl/strings/str_format.h"
#include "client/staged_file.h"
#include "log/sha256.h"
#include "log/sha256_stream.h"
#include "log/tile.h"

namespace setlog {
namespace {

constexpr std::string_view kMagic = "setlog audit 1\n";
constexpr size_t kPendingBytes = 8 + Hash::kSize;

void AppendText(std::string* out, std::string_view text) {
  AppendU64(out, text.size());
  out->append(text);
}

// Everything but the pages.
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
  for (const ReplayState::Pending& pending : state.pending) {
    AppendU64(&out, pending.position << 1 | (pending.add ? 1 : 0));
    out.append(AsText(pending.value));
  }
  const SetIndex& set = state.set;
  AppendU64(&out, set.rows());
  AppendU64(&out, set.bucket_hashes().size());
  for (const Hash& hash : set.bucket_hashes()) out.append(AsText(hash));
  AppendText(&out, set.EncodeHistory());
  AppendU64(&out, set.page_count());
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
  AuditState state;
  uint64_t rows = 0;
  uint64_t pages = 0;
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
    const Bytes value = fields.Take(Hash::kSize);
    if (!fields.ok()) return cut;
    replay.pending.push_back({HashFromBytes(value), word >> 1, (word & 1) != 0});
  }
  head.rows = fields.U64();
  const std::vector<Hash> buckets = fields.Hashes(fields.Count(Hash::kSize));
  const std::string history = fields.Text();
  head.pages = fields.U64();
  if (!fields.done()) return cut;

  absl::StatusOr<TileTree> tree = TileTree::Restore(size, std::move(tails));
  if (!tree.ok()) return tree.status();
  replay.tree = *std::move(tree);
  const IndexEntry none{0, 0, EmptySetRoot()};
  const IndexEntry& last = replay.last_index ? replay.last_index->entry : none;
  absl::StatusOr<SetIndex> set = SetIndex::Restore(
      last.m, last.n, head.rows, last.set_root, buckets, AsBytes(history));
  if (!set.ok()) return set.status();
  replay.set = *std::move(set);
  if (head.pages != replay.set.page_count()) return cut;
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
  constexpr uint64_t kRowBytes = Hash::kSize + 8;
  uint64_t rows = 0;
  for (uint64_t page = 0; page < head->pages; ++page) {
    const absl::StatusOr<std::string> encoded = file.TakeText();
    if (!encoded.ok()) return encoded.status();
    const absl::Status installed =
        head->state.replay.set.InstallPage(page, AsBytes(*encoded));
    if (!installed.ok()) return installed;
    rows += (encoded->size() - Hash::kSize) / kRowBytes;
  }
  if (rows != head->rows) return damaged;
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
  for (size_t page = 0; page < replay.set.page_count(); ++page) {
    std::string bytes;
    AppendText(&bytes, replay.set.EncodePage(page));
    if (absl::Status s = write(bytes); !s.ok()) return s;
  }
  if (absl::Status s = file->Write(AsText(digest.Finish())); !s.ok()) return s;
  return file->Commit();
}

}  // namespace setlog
