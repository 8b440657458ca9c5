#include "tools/vrf_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/retry.h"
#include "port/parallel.h"
#include "tools/log_session.h"

namespace setlog {
namespace {

// The key itself.
class HeldKey final : public VrfSource {
 public:
  explicit HeldKey(VrfSecretKey key)
      : key_(std::move(key)),
        parallel_(std::max(1u, std::thread::hardware_concurrency())),
        vrf_(&key_, std::ref(parallel_)) {}

  absl::StatusOr<std::vector<VrfProof>> Prove(
      std::span<const Hash> records) const override {
    return vrf_.Prove(records);
  }
  absl::StatusOr<std::vector<Hash>> Label(std::span<const Hash> records,
                                          PadRange pads) const override {
    return vrf_.Label(records, pads);
  }
  absl::StatusOr<std::vector<VrfProof>> ProvePads(
      std::span<const uint64_t> pads) const override {
    return vrf_.ProvePads(pads);
  }
  std::optional<VrfPublicKey> own_key() const override { return vrf_.own_key(); }

 private:
  const VrfSecretKey key_;
  mutable Parallel parallel_;
  const KeyVrf vrf_;
};

// A service, with words for what it refuses.
class Prover final : public VrfSource {
 public:
  // `own` is the connection to a prover that is not --server.
  Prover(ServerFlags flags, std::unique_ptr<Connection> own,
         const Connection* connection, std::string origin)
      : flags_(std::move(flags)),
        own_(std::move(own)),
        origin_(std::move(origin)),
        vrf_(own_ ? own_.get() : connection, origin_) {}

  absl::StatusOr<std::vector<VrfProof>> Prove(
      std::span<const Hash> records) const override {
    return Explain(vrf_.Prove(records));
  }
  absl::StatusOr<std::vector<Hash>> Label(std::span<const Hash> records,
                                          PadRange pads) const override {
    return Explain(vrf_.Label(records, pads));
  }
  absl::StatusOr<std::vector<VrfProof>> ProvePads(
      std::span<const uint64_t> pads) const override {
    return Explain(vrf_.ProvePads(pads));
  }

 private:
  template <typename T>
  absl::StatusOr<T> Explain(absl::StatusOr<T> answer) const {
    if (answer.ok() || absl::IsDataLoss(answer.status())) return answer;
    return InWords(answer.status());
  }

  absl::Status InWords(const absl::Status& why) const {
    const std::string message(why.message());
    const char* token = own_ ? "--prover-token-file" : "--token-file";
    switch (why.code()) {
      case absl::StatusCode::kUnauthenticated:
        return Explained(
            why.code(),
            absl::StrFormat("%s is a private log: %s makes its labels only for who "
                            "shows a token: %s FILE, or --vrf-key FILE with the "
                            "owner's key (%s)",
                            origin_, flags_.address, token, message));
      case absl::StatusCode::kPermissionDenied:
        return Explained(
            why.code(),
            absl::StrFormat("%s does not make labels of %s for this token: the owner "
                            "of the log can give one that may; %s FILE names it (%s)",
                            flags_.address, origin_, token, message));
      case absl::StatusCode::kFailedPrecondition:
      case absl::StatusCode::kNotFound:
      case absl::StatusCode::kUnimplemented:
        return Explained(
            absl::StatusCode::kFailedPrecondition,
            absl::StrFormat("%s makes no labels of %s, a private log: name who holds "
                            "its VRF key with --prover HOST:PORT, or the key itself "
                            "with --vrf-key FILE (%s)",
                            flags_.address, origin_, message));
      case absl::StatusCode::kResourceExhausted:
        if (MayPass(why)) return why;  // it was busy
        return Explained(
            why.code(),
            absl::StrFormat("%s makes no more labels of %s for this token now: what "
                            "it may ask for is spent; wait, ask about fewer records, "
                            "or have the owner of the log allow more (%s)",
                            flags_.address, origin_, message));
      case absl::StatusCode::kUnavailable:
      case absl::StatusCode::kDeadlineExceeded:
        return Explained(
            why.code(),
            absl::StrFormat("no answer from %s, which makes the labels of %s, a "
                            "private log: --prover HOST:PORT names another one, and "
                            "--vrf-key FILE needs none (%s)",
                            flags_.address, origin_, message));
      default:
        return why;
    }
  }

  const ServerFlags flags_;
  const std::unique_ptr<Connection> own_;
  const std::string origin_;
  const RemoteVrf vrf_;
};

absl::StatusOr<std::unique_ptr<VrfSource>> OpenKey(const VrfKeyFlags& flags,
                                                   const Manifest& manifest) {
  absl::StatusOr<VrfSecretKey> key = LoadVrfKey(flags);
  if (!key.ok()) return key.status();
  const Hash& held = key->PublicKey().bytes();
  if (held != manifest.labels->public_key) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s is not the VRF key of %s: its public key is %s, and the log's manifest "
        "names %s",
        flags.file, manifest.origin, ToHex(held), ToHex(manifest.labels->public_key)));
  }
  return std::make_unique<HeldKey>(*std::move(key));
}

}  // namespace

void AddVrfFlags(CLI::App& app, VrfFlags& flags) {
  AddVrfKeyFlags(app, flags.key,
                 "private logs: the VRF key, for who owns it; labels are made here");
  CLI::Option* prover =
      app.add_option("--prover", flags.prover,
                     "private logs: who makes the labels instead of --server")
          ->type_name("HOST:PORT")
          ->excludes("--vrf-key");
  app.add_option("--prover-token-file", flags.prover_token_file,
                 "file of a token for --prover, which is not shown that of "
                 "--token-file")
      ->type_name("FILE")
      ->needs(prover);
  app.add_flag("--prover-insecure-plaintext", flags.prover_insecure_plaintext,
               "talk to a --prover that is not on this machine without TLS: record "
               "hashes can then be read on the way")
      ->needs(prover);
}

absl::StatusOr<std::unique_ptr<VrfSource>> OpenVrfSource(const VrfFlags& flags,
                                                         const ServerFlags& server,
                                                         const Manifest& manifest,
                                                         const Connection& connection) {
  if (!manifest.labels) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s is a plain log, whose entries are record hashes: leave %s out",
        manifest.origin, flags.prover.empty() ? "--vrf-key" : "--prover"));
  }
  if (!flags.key.file.empty()) return OpenKey(flags.key, manifest);
  ServerFlags of_prover = server;
  std::unique_ptr<Connection> own;
  if (!flags.prover.empty()) {
    of_prover.address = flags.prover;
    of_prover.token_file = flags.prover_token_file;
    // What the log's server may be told in plain text, or who it is told by, is for it
    // alone: the prover gets record hashes.
    of_prover.insecure_plaintext = flags.prover_insecure_plaintext;
    of_prover.client_cert_file.clear();
    of_prover.client_key_file.clear();
    absl::StatusOr<Connection> connected = Connect(of_prover);
    if (!connected.ok()) return connected.status();
    own = std::make_unique<Connection>(*std::move(connected));
  }
  return std::make_unique<Prover>(std::move(of_prover), std::move(own), &connection,
                                  manifest.origin);
}

}  // namespace setlog
