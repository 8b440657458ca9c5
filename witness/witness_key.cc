#include "witness/witness_key.h"

#include <sodium.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "absl/strings/str_format.h"
#include "client/atomic_file.h"
#include "client/key_file.h"
#include "log/bytes.h"
#include "log/cosignature.h"
#include "log/note.h"
#include "log/vkey.h"
#include "witness/cosigned_heads.h"

namespace setlog {
namespace {

constexpr std::string_view kFirstLine = "setlog witness state\n";
constexpr size_t kIdBytes = 16;
constexpr size_t kMaxStateBytes = 4096;
constexpr unsigned kMode = 0600;

std::string VkeyOf(const SigningKey& key) {
  return FormatVkey(key.Verifier(SignatureType::kCosignature));
}

// What the two files say.
struct StateName {
  std::string id;
  std::string vkey;
};

std::string Format(const StateName& state) {
  return absl::StrFormat("%sid %s\nkey %s\n", kFirstLine, state.id, state.vkey);
}

std::optional<StateName> Parse(std::string_view bytes) {
  constexpr size_t kIdAt = kFirstLine.size() + 3;
  constexpr size_t kVkeyAt = kIdAt + 2 * kIdBytes + 5;
  if (bytes.size() <= kVkeyAt) return std::nullopt;
  StateName state{std::string(bytes.substr(kIdAt, 2 * kIdBytes)),
                  std::string(bytes.substr(kVkeyAt, bytes.size() - kVkeyAt - 1))};
  if (Format(state) != bytes || !ParseVkey(state.vkey).ok()) return std::nullopt;
  for (const char digit : state.id) {
    const bool hex = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    if (!hex) return std::nullopt;
  }
  return state;
}

std::string NewId() {
  std::array<uint8_t, kIdBytes> random;
  randombytes_buf(random.data(), random.size());
  return ToHex(random);
}

// The witness's notes among what stands in the directory: of this key, and all.
struct Cosigned {
  bool by_key = false;
  bool any = false;
};

absl::StatusOr<Cosigned> LookAtNotes(const std::string& directory,
                                     const SigningKey* key) {
  Cosigned found;
  std::error_code error;
  std::filesystem::directory_iterator files(directory, error);
  for (; !error && files != std::filesystem::directory_iterator();
       files.increment(error)) {
    if (files->path().extension() != ".note") continue;
    found.any = true;
    if (key == nullptr) continue;
    const absl::StatusOr<std::string> bytes =
        ReadSmallFile(files->path().string(), kMaxNoteBytes);
    if (!bytes.ok()) continue;
    const absl::StatusOr<Note> note = ParseNote(*bytes);
    if (!note.ok()) continue;
    if (VerifyCosignature(*note, key->Verifier(SignatureType::kCosignature)).ok()) {
      found.by_key = true;
    }
  }
  if (!error) return found;
  return absl::UnavailableError(
      absl::StrFormat("cannot list %s: %s", directory, error.message()));
}

class Binding {
 public:
  explicit Binding(const WitnessKeyOptions& options)
      : options_(options),
        notes_(options.directory + "/cosigned"),
        state_file_(notes_ + "/state"),
        marker_file_(options.file + ".state") {}

  absl::StatusOr<SigningKey> MakeKey() const;
  absl::Status Check(const SigningKey& key) const;

 private:
  absl::StatusOr<std::optional<StateName>> ReadState() const;
  // The marker's bytes; whatever else they are, they are not those of a state.
  absl::StatusOr<std::optional<std::string>> ReadMarker() const;
  absl::Status Write(const StateName& state) const;
  absl::Status WriteMarker(const StateName& state) const;
  absl::Status OfAnotherKey(std::string_view vkey) const;
  absl::Status NotOfThisKey(const std::optional<std::string>& marker) const;
  absl::Status NothingToAccept() const;

  const WitnessKeyOptions& options_;
  const std::string notes_;
  const std::string state_file_;
  const std::string marker_file_;
};

absl::StatusOr<std::optional<StateName>> Binding::ReadState() const {
  const absl::StatusOr<std::string> bytes = ReadSmallFile(state_file_, kMaxStateBytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  std::optional<StateName> state;
  if (bytes.ok()) state = Parse(*bytes);
  if (state || options_.new_state) return state;
  return absl::DataLossError(absl::StrFormat(
      "%s, which says what state this is, cannot be used%s: restore it from a copy, or "
      "copy %s there. If neither can be had, --new-state makes both anew: only where "
      "nothing else of %s is lost",
      state_file_, bytes.ok() ? "" : " (" + std::string(bytes.status().message()) + ")",
      marker_file_, notes_));
}

absl::StatusOr<std::optional<std::string>> Binding::ReadMarker() const {
  absl::StatusOr<std::string> bytes = ReadSmallFile(marker_file_, kMaxStateBytes);
  if (bytes.ok()) return *std::move(bytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  if (absl::IsInvalidArgument(bytes.status())) return "";  // too long for one
  return bytes.status();
}

absl::Status Binding::WriteMarker(const StateName& state) const {
  const absl::Status written = ReplaceFile(marker_file_, Format(state), kMode);
  if (written.ok()) return written;
  return absl::FailedPreconditionError(absl::StrFormat(
      "the marker beside the key cannot be written (%s), and nothing is cosigned "
      "without it: the witness must be able to write where its key is",
      std::string(written.message())));
}

absl::Status Binding::Write(const StateName& state) const {
  if (absl::Status s = ReplaceFile(state_file_, Format(state), kMode); !s.ok()) {
    return s;
  }
  return WriteMarker(state);
}

absl::Status Binding::OfAnotherKey(std::string_view vkey) const {
  if (vkey.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("no head in %s was cosigned by the key in %s: put the key's "
                        "file back that did, "
                        "or the heads if they are damaged, or give a new --state",
                        notes_, options_.file));
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s is the state of another key, %s: put that key's file back as %s, or give a "
      "new --state",
      options_.directory, vkey, options_.file));
}

absl::Status Binding::NotOfThisKey(const std::optional<std::string>& marker) const {
  std::string which = "it was there before this state";
  if (marker) {
    const std::optional<StateName> other = Parse(*marker);
    which = other ? absl::StrFormat("%s says that it cosigns with the state %s",
                                    marker_file_, other->id)
                  : absl::StrFormat("%s cannot be read", marker_file_);
  }
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s is not known to be the state that the key in %s cosigned with: %s. A witness "
      "that forgets may cosign a second history. Give the right --state, as new as the "
      "last cosignature. If it is lost, retire the key: another --key with --name. For "
      "a "
      "key that has never cosigned anything, start once with --new-state",
      options_.directory, options_.file, which));
}

absl::Status Binding::NothingToAccept() const {
  return absl::FailedPreconditionError(absl::StrFormat(
      "--new-state has nothing to accept: %s is the state of the key in %s. Start "
      "without it, now and later: it would hide a state that was lost",
      options_.directory, options_.file));
}

absl::StatusOr<SigningKey> Binding::MakeKey() const {
  if (options_.name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("there is no key in %s: give --name NAME to make one, like "
                        "witness.example.org/w1",
                        options_.file));
  }
  if (options_.new_state) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "--new-state is for a key that is there already, and none is in %s: start "
        "without it",
        options_.file));
  }
  const absl::StatusOr<Cosigned> notes = LookAtNotes(notes_, nullptr);
  if (!notes.ok()) return notes.status();
  if (notes->any) {
    const absl::StatusOr<std::optional<StateName>> state = ReadState();
    return OfAnotherKey(state.ok() && *state ? (*state)->vkey : "");
  }
  absl::StatusOr<SigningKey> key = NewSigningKey(options_.name);
  if (!key.ok()) return key;
  if (absl::Status s = Write({NewId(), VkeyOf(*key)}); !s.ok()) return s;
  if (absl::Status s = StoreNewKey(options_.file, *key); !s.ok()) return s;
  return key;
}

absl::Status Binding::Check(const SigningKey& key) const {
  const absl::StatusOr<std::optional<StateName>> state = ReadState();
  if (!state.ok()) return state.status();
  const absl::StatusOr<std::optional<std::string>> marker = ReadMarker();
  if (!marker.ok()) return marker.status();
  const absl::StatusOr<Cosigned> notes = LookAtNotes(notes_, &key);
  if (!notes.ok()) return notes.status();
  const std::string vkey = VkeyOf(key);
  const bool named = *state && (*state)->vkey == vkey;
  // Nothing of it may be cosigned with two keys: its notes would be nobody's.
  if (!named && notes->any && !notes->by_key) {
    return OfAnotherKey(*state ? (*state)->vkey : "");
  }
  const bool marked = named && *marker == Format(**state);
  // A marker that is lost is no state that is lost.
  const bool bound = marked || (named && !*marker);
  const bool older_release = !*state && !*marker && notes->by_key;
  if (bound || older_release) {
    if (options_.new_state) return NothingToAccept();
    if (marked) return absl::OkStatus();
    return older_release ? Write({NewId(), vkey}) : WriteMarker(**state);
  }
  if (!options_.new_state) return NotOfThisKey(*marker);
  return named ? WriteMarker(**state) : Write({NewId(), vkey});
}

}  // namespace

absl::StatusOr<SigningKey> OpenWitnessKey(const WitnessKeyOptions& options) {
  if (sodium_init() < 0) {
    return absl::InternalError("libsodium cannot be used on this machine");
  }
  // Held until it returns; also makes the directories.
  const absl::StatusOr<CosignedHeads> held = CosignedHeads::Open(options.directory);
  if (!held.ok()) return held.status();
  const Binding binding(options);
  absl::StatusOr<SigningKey> key = ReadKeyFile(options.file);
  if (absl::IsNotFound(key.status())) return binding.MakeKey();
  if (!key.ok()) return key;
  if (!options.name.empty() && key->name != options.name) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the key in %s is called %s, not %s: a key keeps its name",
                        options.file, key->name, options.name));
  }
  if (absl::Status s = binding.Check(*key); !s.ok()) return s;
  return key;
}

}  // namespace setlog
