// log/manifest.h -- entry 0 of a log: what the log is and what its records are.
//
//   absl::StatusOr<Manifest> manifest = ParseManifest(body);  // without the type byte
//   absl::StatusOr<RecordScheme> scheme = RecordScheme::FromManifest(*manifest);
//   absl::Status origin = CheckOrigin(manifest->origin);  // log/origin.h: not done
//   here StatusOr<std::string> body = FormatManifest({.origin = "example.org/a", ...});
//
// The body is one JSON object in RFC 8785 form, at most 32 KiB (docs/format.md):
//
//   {"labels":"plain","origin":"example.org/a","scheme":"json/1","version":1}
//
//   version     1; any other is a log of a kind this code does not know
//   origin      the log's name; its form is the caller's to check (CheckOrigin)
//   scheme      the record scheme, log/scheme.h
//   labels      "plain", or {"public_key": 64 hex digits, "suite": name}, a VRF's
//   title, license, unicode    strings, optional
//   fields      ["text", ...], optional: the members that json/1 keeps
//   columns     [["id","int"], ...], optional: the columns of row/1
//   reads       "public" (the default) or "private"
//   parent      {"m","origin","set_root","vkey"}, optional: the version derived from;
//               set_root is 64 hex digits
// Other keys are legal and mean nothing. Pure functions; thread-safe.
#ifndef SETLOG_LOG_MANIFEST_H_
#define SETLOG_LOG_MANIFEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "log/bytes.h"
#include "log/column.h"

namespace setlog {

inline constexpr std::string_view kVrfSuite = "ECVRF-RISTRETTO255-SHA512";

// The VRF whose outputs a private log holds instead of record hashes.
struct VrfLabels {
  std::string suite;
  Hash public_key;
  friend bool operator==(const VrfLabels&, const VrfLabels&) = default;
};

// The four things that pin a version of another log.
struct ParentVersion {
  std::string origin;
  std::string vkey;
  uint64_t m = 0;
  Hash set_root;
  friend bool operator==(const ParentVersion&, const ParentVersion&) = default;
};

struct Manifest {
  uint64_t version = 1;
  std::string origin;
  std::string scheme;
  std::optional<VrfLabels> labels;  // nothing: "plain"
  std::optional<std::string> title;
  std::optional<std::string> license;
  std::optional<std::vector<std::string>> fields;
  std::optional<std::vector<Column>> columns;
  std::optional<std::string> unicode;
  bool private_reads = false;
  std::optional<ParentVersion> parent;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// The manifest in `body`. InvalidArgument if it is malformed: too long, not exactly the
// RFC 8785 form of an object, a required key missing, a key of another type than above.
// Unimplemented (the verdict UNSUPPORTED) if it is well-formed but of another version,
// or names a scheme or a VRF suite that this code does not know. Whether fields and
// columns suit the scheme is RecordScheme's to say, the origin's form CheckOrigin's.
absl::StatusOr<Manifest> ParseManifest(Bytes body);

// The body of `manifest`; ParseManifest gives the same manifest back, and its errors
// are this function's too.
absl::StatusOr<std::string> FormatManifest(const Manifest& manifest);

}  // namespace setlog

#endif  // SETLOG_LOG_MANIFEST_H_
