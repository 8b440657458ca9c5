// client/training_data.h -- the bytes of training-data.intoto.json: the versions of
// data sets that whoever signs a model says it was trained on.
//
//   absl::StatusOr<DataHead> head = MakeDataHead(verified.proof, log_key);
//   absl::StatusOr<std::string> bytes = FormatTrainingData({*head});
//   absl::StatusOr<std::vector<DataHead>> heads = ParseTrainingData(bytes);
//   absl::StatusOr<Version> version = VerifyVersion(heads->front().proof, trust, ...);
//
// An in-toto Statement v1 of resource descriptors, in RFC 8785 form and a line feed:
//
//   {"_type":"https://in-toto.io/Statement/v1",
//    "predicateType":"setlog:training-data/v1",
//    "subject":[                                         at least one, by rising names
//     {"annotations":{
//       "setlog_count":60000,                            n, as the index entry has it
//       "setlog_head":{"checkpoint":"...","index":{...}, a setlog.v1.Head: all that
//       leads
//        "manifest":{...},"tag":{...}},                  from the checkpoint to the set
//       "setlog_size":60001,                             m, as the tag has it
//       "setlog_vkey":"data.example.org/digits+..."},
//      "digest":{"setlogSetRoot":"0f3a..."},             64 hex digits
//      "name":"data.example.org/digits@v1"}]}            origin and tag
//
// What parses has one meaning for every reader: each head verifies under the key beside
// it, its tag and index entry say what the descriptor says, and the file has no other
// bytes. Whether that key is the log's, only who reads can know: anybody can make a log
// of any name. Nothing here says that a model was trained on anything. Pure functions;
// thread-safe.
#ifndef SETLOG_CLIENT_TRAINING_DATA_H_
#define SETLOG_CLIENT_TRAINING_DATA_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/verify.h"
#include "log/vkey.h"

namespace setlog {

// Where it is in a model's directory.
inline constexpr char kTrainingDataFile[] = "training-data.intoto.json";
// Some hundreds of heads, or some of the largest that there may be.
inline constexpr size_t kMaxTrainingDataBytes = size_t{16} << 20;

// A tagged version under a signed head.
struct DataHead {
  VersionProof proof;
  Version version;  // what it shows to whoever believes version.log_key

  std::string Name() const { return version.manifest.origin + "@" + version.tag->name; }
};

// DataLoss, or Unimplemented for a log of a kind this code does not know, unless
// `proof` has a tag and verifies under `key`.
absl::StatusOr<DataHead> MakeDataHead(VersionProof proof, const VerifierKey& key);

// The same heads, in whatever order, give the same bytes. InvalidArgument without
// heads, for two of one name, and for more than a file may have. O(size).
absl::StatusOr<std::string> FormatTrainingData(std::vector<DataHead> heads);

// By rising names. Unless `bytes` is as above: InvalidArgument, or the errors of
// MakeDataHead, naming the descriptor. O(size) and a signature check for each head.
absl::StatusOr<std::vector<DataHead>> ParseTrainingData(std::string_view bytes);

// Of "data.example.org/digits@v1", how a version is named.
struct DataName {
  std::string origin;
  std::string tag;
  friend bool operator==(const DataName&, const DataName&) = default;
};
// InvalidArgument unless it is an origin, '@' and a tag.
absl::StatusOr<DataName> ParseDataName(std::string_view name);

}  // namespace setlog

#endif  // SETLOG_CLIENT_TRAINING_DATA_H_
