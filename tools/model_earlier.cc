#include "tools/model_earlier.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "model/bundle.h"
#include "model/dsse.h"
#include "model/file_kind.h"
#include "model/in_part.h"
#include "model/reuse.h"
#include "tools/model_hashing.h"

namespace setlog {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

absl::Status In(const std::string& file, const absl::Status& status) {
  return InPart("--from-bundle " + file, status);
}

}  // namespace

absl::StatusOr<EarlierSignature> OpenEarlier(const std::string& file,
                                             const EcdsaPublicKey& key) {
  struct stat info = {};
  if (stat(file.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, file);
  const absl::StatusOr<std::string> bytes = ReadSmallFile(file, kMaxModelBundleBytes);
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<ModelBundle> bundle = ParseModelBundle(*bytes);
  if (!bundle.ok()) return In(file, bundle.status());
  const absl::Status own =
      key.Verify(AsBytes(DssePae(bundle->payload)), AsBytes(bundle->signature));
  if (!own.ok()) return In(file, own);
  absl::StatusOr<ParsedStatement> parsed = ParseStatement(bundle->payload);
  if (!parsed.ok()) return In(file, parsed.status());
  return EarlierSignature{.statement = std::move(parsed->statement),
                          .signed_at_ns = FileTimeNs(info.st_mtim)};
}

absl::StatusOr<HashedModel> HashChanged(const ModelTree& tree, const Serialization& how,
                                        const EarlierSignature& earlier, Output& out) {
  absl::StatusOr<ReusedDigests> reused =
      ReuseDigests(earlier.statement, how, tree, earlier.signed_at_ns);
  if (!reused.ok()) return InPart("--from-bundle", reused.status());
  absl::StatusOr<HashedModel> hashed =
      HashWithProgress("hashing", reused->unread, HashOptionsOf(how), out);
  if (!hashed.ok()) return hashed.status();
  out.Note(
      absl::StrFormat("%d of %d files were read; the others are believed, by their "
                      "times, to be as they were",
                      reused->unread.files.size(), tree.files.size()));
  hashed->resources =
      MergeResources(std::move(hashed->resources), std::move(reused->resources));
  return hashed;
}

int64_t FileTimeNow() {
  struct timespec now = {};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return FileTimeNs(now);
}

absl::Status DateSignature(const std::string& file, int64_t time_ns) {
  struct stat info = {};
  if (stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return absl::OkStatus();
  const struct timespec time = {time_ns / kSecond, time_ns % kSecond};
  const struct timespec times[2] = {time, time};
  if (utimensat(AT_FDCWD, file.c_str(), times, 0) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "cannot date " + file);
}

}  // namespace setlog
