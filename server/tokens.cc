#include "server/tokens.h"

#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "log/sha256.h"
#include "storage/durable_file.h"

namespace setlog {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 20;

template <size_t kBytes>
std::string RandomHex() {
  std::array<uint8_t, kBytes> random;
  randombytes_buf(random.data(), random.size());
  return ToHex(random);
}

std::string TimeText(int64_t time_us) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMicros(time_us),
                          absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tokens>> Tokens::Open(const std::string& data_dir,
                                                     std::function<int64_t()> now_us) {
  const std::string path = data_dir + "/tokens.json";
  TokenMap tokens;
  absl::StatusOr<DurableFile> file = DurableFile::Open(path);
  if (!file.ok() && !absl::IsNotFound(file.status())) return file.status();
  if (file.ok()) {
    struct stat info;
    if (stat(path.c_str(), &info) != 0 || (info.st_mode & 077) != 0) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s can be read by others: if nobody can have changed it, run chmod 600 on "
          "it",
          path));
    }
    absl::StatusOr<std::string> text = file->Read(kMaxFileBytes);
    if (!text.ok()) return text.status();
    absl::StatusOr<TokenMap> read = DecodeTokens(*text);
    if (!read.ok()) {
      return absl::DataLossError(absl::StrFormat(
          "%s: %s: put it back from a backup, or delete it and make the tokens anew",
          path, read.status().message()));
    }
    tokens = *std::move(read);
  }
  return std::unique_ptr<Tokens>(
      new Tokens(path, std::move(now_us), std::move(tokens)));
}

absl::StatusOr<NewToken> Tokens::Create(std::string origins, std::set<Verb> verbs,
                                        int64_t lifetime_us,
                                        std::optional<Budget> prove_budget) {
  if (absl::Status s = CheckOriginPattern(origins); !s.ok()) return s;
  if (verbs.empty()) {
    return absl::InvalidArgumentError(
        "a token needs at least one verb: create, add, remove, tag, read, handover");
  }
  if (lifetime_us <= 0 || lifetime_us > kMaxLifetimeUs) {
    return absl::InvalidArgumentError(
        "a token expires: give it a time between now and 3650d");
  }
  if (prove_budget) {
    if (absl::Status s = prove_budget->Check(); !s.ok()) return s;
    if (!verbs.contains(Verb::kRead)) {
      return absl::InvalidArgumentError(
          "a budget is for queries of private logs, and so for tokens with the verb "
          "read");
    }
  }
  const MutexLock write_lock(write_mutex_);
  TokenMap changed;
  {
    const MutexLock lock(mutex_);
    changed = tokens_;
  }
  if (changed.size() >= kMaxTokens) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "there are %d tokens already: revoke those that have expired (`setlog token "
        "list`)",
        changed.size()));
  }
  TokenText text{RandomHex<8>(), RandomHex<32>()};
  const int64_t now = now_us_();
  NewToken made{
      .token = {text.id, Sha256(AsBytes(text.secret)), std::move(origins),
                std::move(verbs), now, now + lifetime_us, prove_budget},
      .text = JoinToken(text),
  };
  sodium_memzero(text.secret.data(), text.secret.size());
  changed[made.token.id] = made.token;
  if (absl::Status s = ReplaceSecretFile(path_, EncodeTokens(changed)); !s.ok()) {
    return s;
  }
  const MutexLock lock(mutex_);
  tokens_ = std::move(changed);
  return made;
}

std::vector<Token> Tokens::List() const {
  std::vector<Token> all;
  {
    const MutexLock lock(mutex_);
    for (const auto& [id, token] : tokens_) all.push_back(token);
  }
  std::stable_sort(all.begin(), all.end(), [](const Token& a, const Token& b) {
    return a.created_us < b.created_us;
  });
  return all;
}

absl::StatusOr<Token> Tokens::Revoke(std::string_view id) {
  const MutexLock write_lock(write_mutex_);
  TokenMap changed;
  {
    const MutexLock lock(mutex_);
    changed = tokens_;
  }
  const auto found = changed.find(id);
  if (found == changed.end()) {
    return absl::NotFoundError("no token has this id: `setlog token list` lists them");
  }
  Token revoked = std::move(found->second);
  changed.erase(found);
  if (absl::Status s = ReplaceSecretFile(path_, EncodeTokens(changed)); !s.ok()) {
    return s;
  }
  const MutexLock lock(mutex_);
  tokens_ = std::move(changed);
  return revoked;
}

absl::Status Tokens::Alive(const Token& token) const {
  if (now_us_() < token.expires_us) return absl::OkStatus();
  return absl::UnauthenticatedError(absl::StrFormat(
      "token %s expired on %s: ask the operator for a new one (`setlog token create`)",
      token.id, TimeText(token.expires_us)));
}

absl::StatusOr<Token> Tokens::Find(std::string_view text) const {
  const std::optional<TokenText> parts = SplitToken(text);
  Token token;
  bool known = false;
  if (parts) {
    const MutexLock lock(mutex_);
    const auto found = tokens_.find(parts->id);
    known = found != tokens_.end();
    if (known) token = found->second;
  }
  // The id is no secret; the comparison must not tell how much of a digest is right.
  const Hash digest = Sha256(AsBytes(parts ? parts->secret : std::string()));
  if (!known || sodium_memcmp(digest.data(), token.digest.data(), Hash::kSize) != 0) {
    return absl::UnauthenticatedError(
        "the token is not one of this server's, or was revoked: compare --token-file "
        "FILE with the server's DIR/admin.token, or ask for a new one (`setlog token "
        "create`)");
  }
  if (absl::Status s = Alive(token); !s.ok()) return s;
  return token;
}

absl::StatusOr<Token> Tokens::Get(std::string_view id) const {
  Token token;
  {
    const MutexLock lock(mutex_);
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) {
      return absl::UnauthenticatedError(
          absl::StrFormat("token %s was revoked: ask the operator for a new one", id));
    }
    token = found->second;
  }
  if (absl::Status s = Alive(token); !s.ok()) return s;
  return token;
}

}  // namespace setlog
