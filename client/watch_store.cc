#include "client/watch_store.h"

#include "absl/strings/str_format.h"
#include "log/sha256.h"

namespace setlog {
namespace {

constexpr std::string_view kMagic = "setlog watch 1\n";
// 10^8 values; more do not fit the machines that this is for.
constexpr size_t kMaxFileBytes = size_t{4} << 30;

void AppendText(std::string* out, std::string_view text) {
  AppendU64(out, text.size());
  out->append(text);
}

}  // namespace

std::string FormatWatchState(std::string_view origin, std::string_view input,
                             const WatchState& state) {
  std::string out(kMagic);
  out.reserve(out.size() + 1024 + state.values.size() * (Hash::kSize + 1));
  AppendText(&out, origin);
  AppendText(&out, input);
  AppendText(&out, state.vkey);
  AppendU64(&out, state.m);
  AppendU64(&out, state.index_position);
  AppendU64(&out, state.values.size());
  for (size_t i = 0; i < state.values.size(); ++i) {
    out.append(AsText(state.values[i]));
    out.push_back(state.present[i] ? 1 : 0);
  }
  out.append(AsText(Sha256(AsBytes(out))));
  return out;
}

absl::StatusOr<WatchState> ParseWatchState(std::string_view bytes,
                                           std::string_view origin,
                                           std::string_view input) {
  const absl::Status damaged = absl::DataLossError("its bytes were changed");
  if (!bytes.starts_with(kMagic))
    return absl::DataLossError("it is of another version");
  if (bytes.size() < kMagic.size() + Hash::kSize) return damaged;
  const std::string_view body = bytes.substr(0, bytes.size() - Hash::kSize);
  if (AsText(Sha256(AsBytes(body))) != bytes.substr(body.size())) return damaged;
  std::string_view rest = body.substr(kMagic.size());
  bool cut = false;
  const auto take = [&](uint64_t size) {
    if (size > rest.size()) cut = true;
    const std::string_view taken = rest.substr(0, cut ? 0 : size);
    rest.remove_prefix(taken.size());
    return taken;
  };
  const auto number = [&]() -> uint64_t {
    const std::string_view taken = take(8);
    return cut ? 0 : ReadU64(AsBytes(taken));
  };
  const std::string_view written_origin = take(number());
  const std::string_view written_input = take(number());
  WatchState state;
  state.vkey = std::string(take(number()));
  state.m = number();
  state.index_position = number();
  const uint64_t count = number();
  if (cut || rest.size() % (Hash::kSize + 1) != 0 ||
      rest.size() / (Hash::kSize + 1) != count) {
    return damaged;
  }
  if (written_origin != origin || written_input != input) {
    return absl::DataLossError("it is of another log or input");
  }
  state.values.reserve(count);
  state.present.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const Hash value = HashFromBytes(AsBytes(take(Hash::kSize)));
    const char present = take(1)[0];
    if (present != 0 && present != 1) return damaged;
    if (!state.values.empty() && value <= state.values.back()) return damaged;
    state.values.push_back(value);
    state.present.push_back(present == 1);
  }
  return state;
}

absl::StatusOr<WatchStore> WatchStore::Open(const std::string& directory,
                                            std::string origin, std::string input) {
  if (absl::Status s = MakePrivateDirectory(directory); !s.ok()) return s;
  const std::string file = absl::StrFormat(
      "%s/%s", directory, ToHex(Sha256(AsBytes(origin + "\n" + input))));
  absl::StatusOr<FileLock> lock = FileLock::TryAcquire(file + ".lock");
  if (absl::IsFailedPrecondition(lock.status())) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "another watch of this input of %s is running: end it, or give this one a "
        "SETLOG_HOME of its own",
        origin));
  }
  if (!lock.ok()) return lock.status();
  return WatchStore(file + ".watch", std::move(origin), std::move(input),
                    *std::move(lock));
}

absl::StatusOr<std::optional<WatchState>> WatchStore::Load() const {
  const absl::StatusOr<std::string> bytes = ReadSmallFile(path_, kMaxFileBytes);
  if (absl::IsNotFound(bytes.status())) return std::nullopt;
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<WatchState> state = ParseWatchState(*bytes, origin_, input_);
  if (state.ok()) return *std::move(state);
  return absl::DataLossError(absl::StrFormat(
      "%s is damaged (%s): restore it; or remove it, and what changed since it was "
      "written goes unreported",
      path_, std::string(state.status().message())));
}

absl::Status WatchStore::Save(const WatchState& state) const {
  return ReplaceFile(path_, FormatWatchState(origin_, input_, state), 0600);
}

}  // namespace setlog
