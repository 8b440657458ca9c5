#include "server/log_pages.h"

#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/checkpoint.h"
#include "log/decimal.h"
#include "log/entry.h"
#include "log/note.h"
#include "proto/message_file.h"
#include "server/find_readable.h"
#include "setlog/v1/proof.pb.h"

namespace setlog {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kBytes[] = "application/octet-stream";
constexpr char kJson[] = "application/json";
constexpr char kForEver[] = "max-age=31536000, immutable";
// Long enough for a crowd to share one answer, too short to hide growth.
constexpr char kForSeconds[] = "max-age=2";
// An add or remove entry has 35 bytes in its bundle, of which 32 are random: gzip would
// take 3 % off, and 0.12 ms of processor time.
constexpr size_t kRandomEntryBytes = 48;

unsigned HttpStatus(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kOutOfRange:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kFailedPrecondition:  // not yet
      return 503;
    default:
      return 500;
  }
}

HttpReply Error(const absl::Status& status) {
  return {.status = HttpStatus(status),
          .body = std::string(status.message()) + "\n",
          .shared = true};
}

// What every good answer about the log has in common.
HttpReply Page(const HostedLog& log, std::string body, const char* content_type,
               const char* lifetime) {
  HttpReply reply{.body = std::move(body),
                  .content_type = content_type,
                  .cache_control = absl::StrFormat(
                      "%s, %s", log.private_reads ? "private" : "public", lifetime),
                  .shared = true};
  if (log.private_reads) reply.vary = "Authorization";
  return reply;
}

const char* RouteOf(const LogPath& path) {
  if (std::holds_alternative<CheckpointPath>(path.page)) return "checkpoint";
  if (std::holds_alternative<LookupPath>(path.page)) return "lookup";
  return std::get<TilePath>(path.page).entries ? "entries" : "tile";
}

std::optional<uint8_t> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

// A '+' stays one: tags may have it, and none has a space.
std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const std::optional<uint8_t> high = HexDigit(text[i + 1]);
    const std::optional<uint8_t> low = HexDigit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    decoded.push_back(static_cast<char>(*high << 4 | *low));
    i += 2;
  }
  return decoded;
}

absl::StatusOr<uint64_t> SizeOf(const std::string& note) {
  const absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  const absl::StatusOr<Checkpoint> checkpoint = ParseCheckpoint(parsed->text);
  if (!checkpoint.ok()) return checkpoint.status();
  return checkpoint->size;
}

absl::StatusOr<uint64_t> IndexSizeOf(const v1::Head& head) {
  const absl::StatusOr<Entry> entry = DecodeEntry(AsBytes(head.index().entry()));
  if (!entry.ok()) return entry.status();
  const auto* index = std::get_if<IndexEntry>(&*entry);
  if (index == nullptr) return absl::DataLossError("the version's entry is no index");
  return index->m;
}

}  // namespace

absl::StatusOr<v1::GetHeadRequest> ParseLookupQuery(std::string_view query) {
  static constexpr std::string_view kAt = "at=";
  v1::GetHeadRequest request;
  if (query.empty()) return request;
  const std::optional<std::string> at =
      query.starts_with(kAt) && query.find('&') == query.npos
          ? PercentDecoded(query.substr(kAt.size()))
          : std::nullopt;
  if (!at) {
    return absl::InvalidArgumentError(
        "a lookup takes ?at=TAG or ?at=SIZE, once, and nothing else");
  }
  if (const std::optional<uint64_t> size = ParseDecimal(*at)) {
    request.set_size(*size);
    return request;
  }
  if (const absl::Status status = CheckTagName(*at); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "at= is neither a size nor a tag: %s", std::string(status.message())));
  }
  request.set_tag(*at);
  return request;
}

absl::StatusOr<std::string> LogPages::Tile(const HostedLog& log,
                                           const TilePath& path) const {
  const uint64_t size = log.state.tip().head.size;
  const uint32_t width = TileWidth(path.tile, size);
  if (width < path.width) {
    return absl::NotFoundError(absl::StrFormat(
        "%s is beyond the head: of this tile there are %d hashes at size %d",
        FormatTilePath(path), width, size));
  }
  const LogNumber number = log.state.number();
  return path.entries ? reader_->Bundle(number, path.tile.index, path.width)
                      : reader_->TileBytes(number, path.tile, path.width);
}

absl::StatusOr<std::string> LogPages::ProofFile(const v1::Head& head,
                                                const v1::LookupRequest& lookup) const {
  v1::LookupResponse response;
  if (absl::Status s = answers_->Lookup(lookup, &response); !s.ok()) return s;
  v1::Proof proof;
  proof.set_checkpoint(head.checkpoint());
  *proof.mutable_manifest() = head.manifest();
  *proof.mutable_index() = head.index();
  if (head.has_tag()) *proof.mutable_tag() = head.tag();
  proof.set_record_hash(lookup.record());
  *proof.mutable_lookup() = std::move(*response.mutable_lookup());
  if (response.has_added()) *proof.mutable_added() = response.added();
  if (response.has_removed()) *proof.mutable_removed() = response.removed();
  return FormatMessageFile(proof);
}

HttpAnswer LogPages::Lookup(const HostedLog& log, const Hash& record,
                            const HttpRequest& request) const {
  absl::StatusOr<v1::GetHeadRequest> version = ParseLookupQuery(request.query);
  if (!version.ok()) return Error(version.status());
  version->set_origin(log.state.origin());
  v1::Head head;
  if (absl::Status s = answers_->GetHead(*version, &head); !s.ok()) return Error(s);
  // The same version under the head that met the quorum, if that one holds it.
  if (!version->has_tag()) version->set_size(head.index().position() + 1);
  version->set_cosigned(true);
  v1::Head cosigned;
  if (absl::Status s = answers_->GetHead(*version, &cosigned); !s.ok()) return Error(s);
  if (cosigned.index().position() == head.index().position()) {
    head = std::move(cosigned);
  }
  const absl::StatusOr<uint64_t> size = SizeOf(head.checkpoint());
  if (!size.ok()) return Error(size.status());
  const absl::StatusOr<uint64_t> m = IndexSizeOf(head);
  if (!m.ok()) return Error(m.status());

  v1::LookupRequest lookup;
  lookup.set_origin(log.state.origin());
  lookup.set_record(std::string(AsText(record)));
  lookup.set_index_size(*m);
  lookup.set_size(*size);
  const auto answer = [this, &log, head = std::move(head), lookup = std::move(lookup)] {
    absl::StatusOr<std::string> file = ProofFile(head, lookup);
    HttpReply reply = file.ok() ? Page(log, *std::move(file), kJson, kForSeconds)
                                : Error(file.status());
    reply.route = "lookup";
    reply.compressible = file.ok();
    return reply;
  };
  if (log.index.Ready(*m)) return answer();
  return LateReply(answer);
}

HttpAnswer LogPages::Answer(const HttpRequest& request) const {
  const absl::StatusOr<LogPath> path = ParseLogPath(request.path);
  if (!path.ok()) return Error(path.status());
  // Who asks matters only where not everybody may; looking at it is not free.
  absl::StatusOr<HostedLog*> found = logs_->Find(path->origin);
  if (!found.ok() || (*found)->private_reads) {
    found = FindReadable(*logs_, *access_, access_->Identify(request.authorization),
                         path->origin);
    if (absl::IsNotFound(found.status())) {
      found = absl::NotFoundError(absl::StrFormat(
          "there is no log %s here that you may read; a private one wants the header "
          "`Authorization: Bearer TOKEN`",
          path->origin));
    }
  }
  const auto refused = [&](const absl::Status& status) {
    HttpReply reply = Error(status);
    reply.route = RouteOf(*path);
    return reply;
  };
  if (!found.ok()) return refused(found.status());
  const HostedLog& log = **found;
  const auto* lookup = std::get_if<LookupPath>(&path->page);
  if (lookup != nullptr && log.vrf_key) {
    return refused(absl::NotFoundError(absl::StrFormat(
        "%s is a private log: a proof file needs the VRF proof of a record, which "
        "`setlog in` gets",
        path->origin)));
  }
  if (lookup != nullptr) {
    HttpAnswer answer = Lookup(log, lookup->record, request);
    if (auto* reply = std::get_if<HttpReply>(&answer)) reply->route = "lookup";
    return answer;
  }
  if (const auto* tile = std::get_if<TilePath>(&path->page)) {
    absl::StatusOr<std::string> bytes = Tile(log, *tile);
    if (!bytes.ok()) return refused(bytes.status());
    HttpReply reply = Page(log, *std::move(bytes), kBytes, kForEver);
    reply.route = RouteOf(*path);
    reply.compressible =
        tile->entries && reply.body.size() > kRandomEntryBytes * tile->width;
    return reply;
  }
  const bool newest = std::get<CheckpointPath>(path->page).newest;
  HttpReply reply = Page(log, newest ? log.state.head().note : log.state.shown_note(),
                         kText, kForSeconds);
  reply.route = "checkpoint";
  return reply;
}

}  // namespace setlog
