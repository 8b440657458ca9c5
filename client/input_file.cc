#include "client/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace setlog {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

enum class Format { kPlain, kGzip, kZstd };

struct ZstdFree {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};
struct GzipFree {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};

}  // namespace

struct InputFile::State {
  State(std::string file_name, int file, Format first_format)
      : name(std::move(file_name)), fd(file), format(first_format) {}
  // A directory may hold millions of files smaller than a buffer.
  void MakeBuffer(const struct stat& info) {
    const auto size = static_cast<uint64_t>(info.st_size);
    if (S_ISREG(info.st_mode) && size < kBufferBytes) {
      raw_bytes = std::max<size_t>(size + 1, 4096);  // room to see the end
    }
    raw = std::make_unique_for_overwrite<char[]>(raw_bytes);
  }
  ~State() {
    if (fd > STDIN_FILENO) close(fd);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Reads more bytes behind the unread ones, which are moved to the front.
  absl::Status Fill() {
    std::memmove(raw.get(), raw.get() + raw_begin, raw_end - raw_begin);
    raw_end -= std::exchange(raw_begin, 0);
    // A decoder that takes nothing from a full buffer would make read() look like the
    // end.
    if (raw_end == raw_bytes) return Corrupt("is corrupt (the decoder is stuck)");
    ssize_t got;
    do {
      got = read(fd, raw.get() + raw_end, raw_bytes - raw_end);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return InputError(name, errno);
    raw_end += static_cast<size_t>(got);
    raw_at_end = got == 0;
    return absl::OkStatus();
  }

  std::string_view Unread() const {
    return {raw.get() + raw_begin, raw_end - raw_begin};
  }

  absl::Status Corrupt(std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: %s data %s", name, format == Format::kGzip ? "gzip" : "zstd", what));
  }

  absl::Status Start(bool named_so);
  absl::StatusOr<std::string_view> Next();
  // One step of the decoder from `raw` into `plain`: the bytes it made.
  absl::StatusOr<size_t> StepGzip();
  absl::StatusOr<size_t> StepZstd();

  const std::string name;
  const int fd;
  Format format;
  std::unique_ptr<char[]> raw;
  size_t raw_bytes = kBufferBytes;
  size_t raw_begin = 0, raw_end = 0;
  bool raw_at_end = false;
  std::unique_ptr<char[]> plain;  // kBufferBytes of it, if compressed
  bool between_members = false;   // a member is complete and no other begun
  std::unique_ptr<z_stream, GzipFree> gzip;
  std::unique_ptr<ZSTD_DStream, ZstdFree> zstd;
  absl::Status error;
};

// Decides the format by the first bytes unless the name did (then they must agree).
absl::Status InputFile::State::Start(bool named_so) {
  while (!raw_at_end && raw_end < kZstdMagic.size()) {
    if (absl::Status status = Fill(); !status.ok()) return status;
  }
  const Format content = Unread().starts_with(kGzipMagic)   ? Format::kGzip
                         : Unread().starts_with(kZstdMagic) ? Format::kZstd
                                                            : Format::kPlain;
  if (named_so && content != format) {
    // zstd files may begin with a skippable frame, of another magic number.
    const bool skippable = format == Format::kZstd && raw_end >= 4 &&
                           (raw[0] & 0xF0) == 0x50 &&
                           Unread().substr(1).starts_with("\x2a\x4d\x18");
    if (!skippable) return Corrupt("expected by the name, but it is none");
  }
  if (!named_so) format = content;
  if (format == Format::kGzip) {
    auto* stream = new z_stream{};
    constexpr int kGzipOnly = 15 + 16;
    if (inflateInit2(stream, kGzipOnly) != Z_OK) {
      delete stream;
      return absl::ResourceExhaustedError(name + ": no memory for the gzip decoder");
    }
    gzip.reset(stream);
  } else if (format == Format::kZstd) {
    zstd.reset(ZSTD_createDStream());
    if (zstd == nullptr) {
      return absl::ResourceExhaustedError(name + ": no memory for the zstd decoder");
    }
  }
  if (format != Format::kPlain) {
    plain = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> InputFile::State::StepGzip() {
  if (std::exchange(between_members, false)) inflateReset(gzip.get());
  gzip->next_in = reinterpret_cast<Bytef*>(raw.get() + raw_begin);
  gzip->avail_in = static_cast<uInt>(raw_end - raw_begin);
  gzip->next_out = reinterpret_cast<Bytef*>(plain.get());
  gzip->avail_out = static_cast<uInt>(kBufferBytes);
  const int result = inflate(gzip.get(), Z_NO_FLUSH);
  raw_begin = raw_end - gzip->avail_in;
  between_members = result == Z_STREAM_END;
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
    return Corrupt(absl::StrFormat("is corrupt (%s)",
                                   gzip->msg ? gzip->msg : "needs a dictionary"));
  }
  return kBufferBytes - gzip->avail_out;
}

absl::StatusOr<size_t> InputFile::State::StepZstd() {
  ZSTD_inBuffer in{raw.get() + raw_begin, raw_end - raw_begin, 0};
  ZSTD_outBuffer out{plain.get(), kBufferBytes, 0};
  const size_t result = ZSTD_decompressStream(zstd.get(), &out, &in);
  if (ZSTD_isError(result)) {
    return Corrupt(absl::StrFormat("is corrupt (%s)", ZSTD_getErrorName(result)));
  }
  raw_begin += in.pos;
  between_members = result == 0;
  return out.pos;
}

absl::StatusOr<std::string_view> InputFile::State::Next() {
  while (true) {
    if (raw_begin == raw_end && !raw_at_end) {
      if (absl::Status status = Fill(); !status.ok()) return status;
    }
    if (format == Format::kPlain) {
      const std::string_view chunk = Unread();
      raw_begin = raw_end;
      return chunk;
    }
    // At the end of the input the decoder may still hold bytes, but no new member may
    // begin there.
    if (raw_begin == raw_end && between_members) return std::string_view();
    const size_t before = raw_end - raw_begin;
    const absl::StatusOr<size_t> made =
        format == Format::kGzip ? StepGzip() : StepZstd();
    if (!made.ok()) return made.status();
    if (*made > 0) return std::string_view(plain.get(), *made);
    if (between_members || raw_end - raw_begin != before) continue;
    if (raw_at_end) return Corrupt("ends too early: the file is truncated");
    if (absl::Status status = Fill(); !status.ok()) return status;
  }
}

absl::Status InputError(const std::string& name, int error_number) {
  const std::string message = name + ": " + std::strerror(error_number);
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::InvalidArgumentError(message);
    default:
      return absl::UnavailableError(message);
  }
}

InputFile::InputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
InputFile::InputFile(InputFile&&) noexcept = default;
InputFile& InputFile::operator=(InputFile&&) noexcept = default;
InputFile::~InputFile() = default;

absl::StatusOr<InputFile> InputFile::Open(const std::string& name,
                                          Decompress decompress) {
  const bool is_stdin = name == "-";
  const int fd = is_stdin ? STDIN_FILENO : open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return InputError(name, errno);
  Format format = Format::kPlain;
  if (decompress != Decompress::kNever && name.ends_with(".gz")) format = Format::kGzip;
  if (decompress != Decompress::kNever && name.ends_with(".zst"))
    format = Format::kZstd;
  auto state = std::make_unique<State>(is_stdin ? "standard input" : name, fd, format);
  struct stat info;
  if (fstat(fd, &info) != 0) return InputError(name, errno);
  if (S_ISDIR(info.st_mode)) return InputError(name, EISDIR);
  state->MakeBuffer(info);
  const bool named_so = format != Format::kPlain;
  if (named_so || decompress == Decompress::kByContent) {
    if (absl::Status status = state->Start(named_so); !status.ok()) return status;
  }
  return InputFile(std::move(state));
}

absl::StatusOr<std::string_view> InputFile::Read() {
  if (!state_->error.ok()) return state_->error;
  absl::StatusOr<std::string_view> chunk = state_->Next();
  if (!chunk.ok()) state_->error = chunk.status();
  return chunk;
}

}  // namespace setlog
