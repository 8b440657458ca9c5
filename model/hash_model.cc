#include "model/hash_model.h"

#include <openssl/evp.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "model/file_kind.h"
#include "model/hash_lanes.h"
#include "model/openssl_pointer.h"
#include "model/piece_queue.h"
#include "model/piece_reader.h"
#include "port/parallel.h"

namespace setlog {
namespace {

constexpr unsigned kMaxThreads = 32;
constexpr size_t kBlake2bReadBytes = size_t{128} << 10;

absl::StatusOr<std::vector<ModelPiece>> Pieces(const ModelTree& tree,
                                               const HashModelOptions& options) {
  std::vector<ModelPiece> pieces;
  for (size_t i = 0; i < tree.files.size(); ++i) {
    const uint64_t bytes = tree.files[i].bytes;
    if (options.method == ModelMethod::kFiles) {
      pieces.push_back({i, 0, bytes});
      continue;
    }
    for (uint64_t begin = 0; begin < bytes;) {
      if (pieces.size() == kMaxModelShards) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "shards of %d bytes are more than %d in this model: choose longer ones",
            options.shard_bytes, kMaxModelShards));
      }
      const uint64_t end = begin + std::min(options.shard_bytes, bytes - begin);
      pieces.push_back({i, begin, end});
      begin = end;
    }
  }
  return pieces;
}

// OpenSSL's, which a policy of the host may forbid. What fails once has failed for
// good: there is no digest.
class Blake2b {
 public:
  bool Start() {
    ok_ = context_ != nullptr &&
          EVP_DigestInit_ex(context_.get(), EVP_blake2b512(), nullptr) == 1;
    return ok_;
  }
  void Add(Bytes bytes) {
    ok_ = ok_ && EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }
  std::optional<Digest> Finish() {
    Digest digest;
    unsigned size = 0;
    ok_ = ok_ && EVP_DigestFinal_ex(context_.get(), digest.bytes.data(), &size) == 1 &&
          size == SizeOf(DigestKind::kBlake2b);
    if (!std::exchange(ok_, false)) return std::nullopt;
    digest.size = static_cast<uint8_t>(size);
    return digest;
  }

 private:
  const OpensslPointer<EVP_MD_CTX, EVP_MD_CTX_free> context_{EVP_MD_CTX_new()};
  bool ok_ = false;
};

// One piece after the other.
void HashBlake2b(const ModelSource& source, PieceQueue& queue, bool may_postpone) {
  Blake2b hasher;
  std::vector<uint8_t> buffer(kBlake2bReadBytes);
  const absl::Status failed = absl::InternalError("OpenSSL's blake2b failed");
  while (const std::optional<size_t> index = queue.Take()) {
    if (!hasher.Start()) return queue.Fail(failed);
    PieceReader reader;
    std::optional<OddFile> odd = reader.Open(source, queue.piece(*index));
    if (odd && may_postpone && NoDescriptorLeft(*odd)) return queue.Postpone(*index);
    while (!odd && reader.left() > 0 && !queue.cancelled()) {
      const size_t bytes =
          static_cast<size_t>(std::min<uint64_t>(buffer.size(), reader.left()));
      odd = reader.Read(buffer.data(), bytes);
      if (odd) break;
      hasher.Add({buffer.data(), bytes});
      queue.Count(bytes);
    }
    queue.Count(reader.left());
    if (queue.cancelled()) return;
    if (!odd) odd = reader.Close();
    if (odd) {
      queue.SetOdd(*std::move(odd));
      continue;
    }
    const std::optional<Digest> digest = hasher.Finish();
    if (!digest) return queue.Fail(failed);
    queue.SetDigest(*index, *digest);
  }
}

// Each file once, of which several pieces may have said that it is odd.
std::vector<OddFile> ByName(std::vector<OddFile> odd) {
  std::stable_sort(odd.begin(), odd.end(),
                   [](const OddFile& a, const OddFile& b) { return a.name < b.name; });
  odd.erase(
      std::unique(odd.begin(), odd.end(),
                  [](const OddFile& a, const OddFile& b) { return a.name == b.name; }),
      odd.end());
  return odd;
}

HashedModel Collect(const ModelTree& tree, const HashModelOptions& options,
                    PieceQueue& queue) {
  HashedModel model{.odd = ByName(queue.TakeOdd())};
  std::set<std::string_view> odd;
  for (const OddFile& file : model.odd) odd.insert(file.name);
  model.resources.reserve(queue.size());
  for (size_t i = 0; i < queue.size(); ++i) {
    const ModelPiece& piece = queue.piece(i);
    const std::string& name = tree.files[piece.file].name;
    if (!odd.empty() && odd.contains(name)) continue;
    // A digest that nobody made must not be compared.
    if (queue.digest(i).size != SizeOf(options.digest)) std::abort();
    model.bytes += piece.bytes();
    model.resources.push_back({options.method == ModelMethod::kFiles
                                   ? name
                                   : FormatShardName({name, piece.begin, piece.end}),
                               queue.digest(i)});
  }
  std::sort(model.resources.begin(), model.resources.end(),
            [](const ModelResource& a, const ModelResource& b) {
              return ResourceNameLess(a.name, b.name);
            });
  return model;
}

// At a time. The process has other uses for some of those that it may open.
size_t MostOpenFiles() {
  struct rlimit limit = {.rlim_cur = 0, .rlim_max = 0};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return std::max<size_t>(1, limit.rlim_cur / 4 * 3);
}

absl::Status Check(const HashModelOptions& options) {
  if (options.digest == DigestKind::kBlake3) {
    return absl::UnimplementedError(
        "BLAKE3 is computed by no library that setlog is built with: use sha256 or "
        "blake2b");
  }
  if (options.digest == DigestKind::kBlake2b && !Blake2b().Start()) {
    return absl::UnimplementedError(
        "the OpenSSL of this host does not compute blake2b: use sha256, or allow it in "
        "OpenSSL's configuration");
  }
  if (options.method == ModelMethod::kShards && options.shard_bytes == 0) {
    return absl::InvalidArgumentError("shards must have at least one byte");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HashedModel> HashModel(const ModelTree& tree,
                                      const HashModelOptions& options) {
  if (absl::Status valid = Check(options); !valid.ok()) return valid;
  absl::StatusOr<std::vector<ModelPiece>> pieces = Pieces(tree, options);
  if (!pieces.ok()) return pieces.status();
  if (tree.directory == nullptr) {
    return absl::FailedPreconditionError("a model is listed before it is hashed");
  }
  PieceQueue queue(*std::move(pieces), options.progress);
  const ModelSource source = {tree.directory->value(), tree, options.follow_symlinks};
  const size_t most = MostOpenFiles();
  const unsigned threads = static_cast<unsigned>(
      std::clamp<size_t>(options.threads, 1, std::min<size_t>(kMaxThreads, most)));
  const Sha256LanesKernel& kernel =
      options.sha256 != nullptr ? *options.sha256 : Sha256LanesKernels()[0];
  const auto hash = [&](const LanesOptions& lanes) {
    if (options.digest == DigestKind::kSha256) {
      HashLanes(source, queue, lanes);
    } else {
      HashBlake2b(source, queue, lanes.may_postpone);
    }
  };
  Parallel parallel(threads);
  parallel(threads, [&](size_t) {
    hash({.kernel = kernel, .threads = threads, .max_lanes = most / threads});
  });
  // If there were too few descriptors: what is left, with one.
  hash({.kernel = kernel, .threads = 1, .max_lanes = 1, .may_postpone = false});
  queue.Report();
  if (absl::Status done = queue.status(); !done.ok()) return done;
  return Collect(tree, options, queue);
}

}  // namespace setlog
