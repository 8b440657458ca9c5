#include "tools/record_list.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "tools/spool_file.h"

namespace setlog {
namespace {

bool Put(std::FILE* file, const void* bytes, size_t size) {
  return std::fwrite(bytes, 1, size, file) == size;
}
bool Get(std::FILE* file, void* bytes, size_t size) {
  return std::fread(bytes, 1, size, file) == size;
}

}  // namespace

absl::StatusOr<RecordList> RecordList::Create() {
  const absl::StatusOr<int> descriptor = OpenSpoolFile();
  if (!descriptor.ok()) return descriptor.status();
  std::FILE* const file = fdopen(*descriptor, "w+");
  if (file == nullptr) {
    const int error = errno;
    close(*descriptor);
    return SpoolError(error);
  }
  return RecordList(File(file, &std::fclose));
}

absl::Status RecordList::Append(const ListedRecord& record) {
  const uint64_t length = record.name.size();
  std::FILE* const file = file_.get();
  const bool put = Put(file, record.record.data(), Hash::kSize) &&
                   Put(file, record.value.data(), Hash::kSize) &&
                   Put(file, &length, sizeof(length)) &&
                   Put(file, record.name.data(), length);
  if (!put) return SpoolError(errno);
  ++size_;
  return absl::OkStatus();
}

absl::Status RecordList::Read(const Callback& callback) const {
  std::FILE* const file = file_.get();
  if (std::fseek(file, 0, SEEK_SET) != 0) return SpoolError(errno);
  for (uint64_t i = 0; i < size_; ++i) {
    ListedRecord record;
    uint64_t length = 0;
    bool got = Get(file, record.record.bytes.data(), Hash::kSize) &&
               Get(file, record.value.bytes.data(), Hash::kSize) &&
               Get(file, &length, sizeof(length));
    if (got) {
      record.name.resize(length);
      got = Get(file, record.name.data(), length);
    }
    if (!got) return SpoolError(std::ferror(file) ? errno : EIO);
    if (absl::Status s = callback(record); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace setlog
