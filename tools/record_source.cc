#include "tools/record_source.h"

#include <utility>

namespace setlog {

absl::StatusOr<RecordSource> RecordSource::Open(const InputFlags& flags,
                                                std::vector<Hash> hashes,
                                                const RecordScheme& scheme,
                                                size_t keep_bytes) {
  const bool has_input =
      !flags.files.empty() || !flags.hashes_file.empty() || !flags.packed_file.empty();
  if (has_input || hashes.empty()) {
    if (absl::Status status = CheckOneInput(flags); !status.ok()) return status;
  }
  Input input;
  if (!flags.files.empty()) {
    RecordReaderOptions options = ReaderOptions(flags.read);
    options.max_kept_bytes = keep_bytes;
    auto reader = RecordReader::Open(scheme, flags.files, std::move(options));
    if (!reader.ok()) return reader.status();
    input.emplace<RecordReader>(*std::move(reader));
  } else if (has_input) {
    const bool is_hex = !flags.hashes_file.empty();
    auto reader =
        HashReader::Open(is_hex ? flags.hashes_file : flags.packed_file,
                         is_hex ? HashReader::Form::kHex : HashReader::Form::kPacked);
    if (!reader.ok()) return reader.status();
    input.emplace<HashReader>(*std::move(reader));
  }
  return RecordSource(std::move(hashes), std::move(input), keep_bytes);
}

absl::StatusOr<std::optional<SourceRecord>> RecordSource::Next() {
  if (given_ < hashes_.size()) return SourceRecord{.hash = hashes_[given_++]};
  if (auto* hashes = std::get_if<HashReader>(&input_)) {
    const absl::StatusOr<std::optional<Hash>> hash = hashes->Next();
    if (!hash.ok()) return hash.status();
    if (!*hash) return std::nullopt;
    return SourceRecord{.hash = **hash};
  }
  auto* records = std::get_if<RecordReader>(&input_);
  if (records == nullptr) return std::nullopt;
  absl::StatusOr<std::optional<Record>> record = records->Next();
  if (!record.ok()) return record.status();
  if (!*record) return std::nullopt;
  SourceRecord result{.hash = (*record)->hash, .name = RecordName(**record)};
  result.complete = (*record)->canonical_bytes <= keep_bytes_;
  result.canonical = std::move((*record)->canonical);
  if (!result.complete) result.canonical.resize(keep_bytes_);
  return result;
}

uint64_t RecordSource::skipped() const {
  const auto* records = std::get_if<RecordReader>(&input_);
  return records == nullptr ? 0 : records->skipped();
}

std::vector<std::string> RecordSource::skipped_messages() const {
  const auto* records = std::get_if<RecordReader>(&input_);
  if (records == nullptr) return {};
  return records->skipped_messages();
}

}  // namespace setlog
