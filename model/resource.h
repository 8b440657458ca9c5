// model/resource.h -- what a signature lists of a model: files, or shards of files.
//
//   CheckResourceName("sub/weights.bin");             // OK
//   CheckResourceName("../x");                        // InvalidArgument
//   ShardName{"weights.bin", 1000, 1100};             // "weights.bin:1000:1100"
//   Hash root = RootDigest(statement.resources);      // in the order listed
//
// A name is a path from the model's root: UTF-8, '/' between components, none of which
// is empty, "." or "..". Names are compared as bytes, so two that look alike (NFC, NFD)
// are two. The single file that is a whole model has its own name, or "." from Python.
//
// Source: OpenSSF Model Signing 1.0, "resources"; VERSIONING. Thread-safe: pure.
#ifndef SETLOG_MODEL_RESOURCE_H_
#define SETLOG_MODEL_RESOURCE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "model/digest.h"

namespace setlog {

// What the resources of one signature are.
enum class ModelMethod : uint8_t { kFiles, kShards };

struct ModelResource {
  std::string name;  // of a file, or of a shard as FormatShardName has it
  Digest digest;
  friend bool operator==(const ModelResource&, const ModelResource&) = default;
};

// InvalidArgument, naming the name and the rule, unless it is as above. "." is refused:
// who takes it from Python asks for it first.
absl::Status CheckResourceName(std::string_view name);

// The bytes [begin, end) of the file `path`; begin < end.
struct ShardName {
  std::string path;
  uint64_t begin = 0;
  uint64_t end = 0;
  friend bool operator==(const ShardName&, const ShardName&) = default;
};
std::string FormatShardName(const ShardName& shard);
// Read from the right, as a path may hold ':'. Nothing unless the numbers are plain
// decimal and begin < end.
std::optional<ShardName> ParseShardName(std::string_view name);

// What a resource is of: these bytes of the file, or, if both are 0, all of it.
struct FilePart {
  std::string_view path;
  uint64_t begin = 0;
  uint64_t end = 0;
};
// Points into `name`. What is no shard's name is a file's, among shards too.
FilePart PartNamed(std::string_view name, ModelMethod method);

// The specification's order of names: by their bytes.
bool ResourceNameLess(std::string_view a, std::string_view b);
// Python's: by the bytes of the first component that differs.
bool ComponentNameLess(std::string_view a, std::string_view b);

// Whether `name` is `path`, or a file in a directory of that name, however deep.
bool IsAtOrBelow(std::string_view name, std::string_view path);

// SHA-256 of all digests, in the order given. It names a model and does not
// authenticate one: names, sizes and the number of files are not in it.
Hash RootDigest(std::span<const ModelResource> resources);

}  // namespace setlog

#endif  // SETLOG_MODEL_RESOURCE_H_
