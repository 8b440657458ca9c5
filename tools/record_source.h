// tools/record_source.h -- the records that a command names, however it names them.
//
//   RecordSource source = *RecordSource::Open(input_flags, hashes, scheme, keep_bytes);
//   while (true) {
//     absl::StatusOr<std::optional<SourceRecord>> record = source.Next();
//     if (!record.ok() || !*record) break;  // an error, or the end
//   }
//
// Hashes of the command line, FILEs of records, a file of hashes in hex, or packed
// hashes: client/record_reader.h and client/hash_reader.h read them. Thread-compatible.
#ifndef SETLOG_TOOLS_RECORD_SOURCE_H_
#define SETLOG_TOOLS_RECORD_SOURCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "client/hash_reader.h"
#include "client/record_reader.h"
#include "log/bytes.h"
#include "tools/record_flags.h"

namespace setlog {

struct SourceRecord {
  Hash hash;
  std::string name;       // "FILE:LINE"; "" if only the hash was given
  std::string canonical;  // the first canonical bytes; none if only the hash was given
  bool complete = false;  // `canonical` is all of them
};

class RecordSource {
 public:
  // `hashes` come first. At most `keep_bytes` of a record's canonical bytes are kept.
  // InvalidArgument without any input, with two kinds of it, or for flags that do not
  // suit the scheme; the errors of opening the files.
  static absl::StatusOr<RecordSource> Open(const InputFlags& flags,
                                           std::vector<Hash> hashes,
                                           const RecordScheme& scheme,
                                           size_t keep_bytes);

  // The next record; nullopt at the end. Errors say where, and are final.
  absl::StatusOr<std::optional<SourceRecord>> Next();

  // Records passed over for --skip-bad, and why the first ten were.
  uint64_t skipped() const;
  std::vector<std::string> skipped_messages() const;

 private:
  using Input = std::variant<std::monostate, RecordReader, HashReader>;
  RecordSource(std::vector<Hash> hashes, Input input, size_t keep_bytes)
      : hashes_(std::move(hashes)), input_(std::move(input)), keep_bytes_(keep_bytes) {}

  std::vector<Hash> hashes_;
  size_t given_ = 0;  // of hashes_
  Input input_;
  size_t keep_bytes_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_RECORD_SOURCE_H_
