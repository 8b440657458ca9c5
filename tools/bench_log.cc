#include "tools/bench_log.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/appender.h"
#include "client/tree_client.h"
#include "log/entry.h"
#include "proto/forms.h"

namespace setlog {
namespace {

constexpr uint64_t kPieceEntries = 256;

std::string ManifestFor(const std::string& origin) {
  Manifest manifest;
  manifest.origin = origin;
  manifest.scheme = "bytes/1";
  manifest.title = kBenchTitle;
  return FormatManifest(manifest).value();
}

absl::StatusOr<std::unique_ptr<std::string>> TemporaryHome() {
  std::error_code error;
  std::string path =
      (std::filesystem::temp_directory_path(error) / "setlog-bench-XXXXXX").string();
  if (error || mkdtemp(path.data()) == nullptr) {
    return absl::UnavailableError("cannot make a temporary directory: set TMPDIR");
  }
  return std::make_unique<std::string>(std::move(path));
}

absl::StatusOr<uint64_t> IndexSizeOf(const v1::Head& head) {
  const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(head.index().entry()));
  if (!entry.ok()) return entry.status();
  const IndexEntry* index = std::get_if<IndexEntry>(&*entry);
  if (index == nullptr) return absl::DataLossError("this is no index entry");
  return index->m;
}

}  // namespace

absl::StatusOr<std::vector<Hash>> SampleAdds(const Connection& connection,
                                             const Checkpoint& head, size_t most) {
  const TreeClient tree(&connection, head);
  const uint64_t pieces = std::max<uint64_t>(1, most / kPieceEntries);
  const uint64_t step = std::max(kPieceEntries, head.size / pieces);
  std::vector<Hash> adds;
  for (uint64_t begin = 0; begin < head.size; begin += step) {
    const uint64_t end = std::min(head.size, begin + kPieceEntries);
    const absl::Status read = tree.Entries(
        begin, end, [&](uint64_t, std::span<const Bytes> entries) -> absl::Status {
          for (const Bytes entry : entries) {
            const absl::StatusOr<Entry> decoded = DecodeEntry(entry);
            if (!decoded.ok()) return decoded.status();
            const AddEntry* add = std::get_if<AddEntry>(&*decoded);
            if (add != nullptr && adds.size() < most) adds.push_back(add->value);
          }
          return absl::OkStatus();
        });
    if (!read.ok()) return read;
  }
  return adds;
}

std::string BenchLog::NewOrigin() {
  return "bench/" + ToHex(AsBytes(NewSessionId().substr(0, 8)));
}

BenchLog::~BenchLog() {
  log_.reset();
  std::error_code ignored;
  if (home_ != nullptr) std::filesystem::remove_all(*home_, ignored);
}

absl::StatusOr<BenchLog> BenchLog::ToWrite(Session& session, const TrustFlags& trust,
                                           const std::string& origin, bool named,
                                           bool any_log) {
  BenchLog bench;
  LogSessionOptions options;
  if (!named) {
    absl::StatusOr<std::unique_ptr<std::string>> home = TemporaryHome();
    if (!home.ok()) return home.status();
    bench.home_ = *std::move(home);
    options.home = *bench.home_;
  }
  absl::StatusOr<LogSession> log = LogSession::Open(session, trust, origin, options);
  if (!log.ok()) return log.status();
  bench.log_ = std::make_unique<LogSession>(*std::move(log));

  absl::StatusOr<VerifiedHead> head = absl::NotFoundError("not asked for");
  if (named) head = bench.log_->Head({}, {});
  if (absl::IsNotFound(head.status())) {
    head = bench.log_->client().CreateLog(ManifestFor(origin));
    bench.created_ = true;
  }
  if (!head.ok()) return head.status();
  if (!any_log && head->version.manifest.title.value_or("") != kBenchTitle) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s was not made by `setlog bench`, and what is appended to a log stays there "
        "for ever: name another origin, or none, or say --any-log",
        origin));
  }
  bench.head_ = *std::move(head);
  return bench;
}

absl::StatusOr<BenchLog> BenchLog::ToRead(Session& session, const TrustFlags& trust,
                                          const std::string& origin) {
  BenchLog bench;
  absl::StatusOr<LogSession> log = LogSession::Open(session, trust, origin);
  if (!log.ok()) return log.status();
  bench.log_ = std::make_unique<LogSession>(*std::move(log));
  absl::StatusOr<VerifiedHead> head = bench.log_->Head({}, {});
  if (absl::IsNotFound(head.status())) {
    return absl::NotFoundError(bench.log_->Explain(head.status()));
  }
  if (!head.ok()) return head.status();
  bench.head_ = *std::move(head);
  return bench;
}

absl::StatusOr<v1::Head> BenchLog::HeadAt(uint64_t size) const {
  v1::GetHeadRequest request;
  request.set_origin(log_->origin());
  request.set_size(size);
  const Connection& connection = log_->connection();
  return connection.Call(connection.reader(), &v1::Reader::Stub::GetHead, request);
}

absl::StatusOr<Version> BenchLog::FindVersion(uint64_t m) {
  absl::StatusOr<VerifiedHead> head = log_->client().Head();
  if (!head.ok()) return head.status();
  // The smallest size at which the newest index entry names m or more. It stands at m
  // or later, and m grows from one index entry to the next.
  uint64_t low = m + 1, high = std::max(m + 1, head->version.checkpoint.size);
  absl::StatusOr<v1::Head> found = HeadAt(high);
  while (found.ok()) {
    const absl::StatusOr<uint64_t> shown = IndexSizeOf(*found);
    if (!shown.ok()) return shown.status();
    if (*shown == m) {
      const absl::StatusOr<VersionProof> proof = VersionFromProto(*found);
      if (!proof.ok()) return proof.status();
      return VerifyVersion(*proof, {.log_key = head->version.log_key}, {});
    }
    if (low >= high) break;
    const uint64_t middle = low + (high - low) / 2;
    absl::StatusOr<v1::Head> half = HeadAt(middle);
    if (!half.ok()) return half.status();
    const absl::StatusOr<uint64_t> half_m = IndexSizeOf(*half);
    if (!half_m.ok()) return half_m.status();
    if (*half_m >= m) {
      high = middle;
      found = std::move(half);
    } else {
      low = middle + 1;
    }
  }
  if (!found.ok()) return found.status();
  return absl::NotFoundError(absl::StrFormat("no index entry names m = %d", m));
}

}  // namespace setlog
