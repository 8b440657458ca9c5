#include "tools/bench_records.h"

#include <fstream>

#include "absl/strings/str_format.h"

namespace setlog {

absl::StatusOr<BenchRecords> BenchRecords::FromFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return absl::NotFoundError(absl::StrFormat("cannot read %s", path));
  const std::streamoff bytes = file.tellg();
  if (bytes <= 0 || bytes % Hash::kSize != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s has %d bytes, which is not a number of hashes of 32 bytes", path, bytes));
  }
  BenchRecords records(0);
  records.file_.resize(static_cast<uint64_t>(bytes) / Hash::kSize);
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(records.file_.data()), bytes)) {
    return absl::DataLossError(absl::StrFormat("cannot read %s to its end", path));
  }
  return records;
}

}  // namespace setlog
