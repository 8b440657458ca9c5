// server/tokens.h -- the scoped tokens of one server: DIR/tokens.json.
//
//   absl::StatusOr<std::unique_ptr<Tokens>> tokens = Tokens::Open(dir, clock);
//   absl::StatusOr<NewToken> made = (*tokens)->Create("example.org/*", verbs, 30d);
//   (*tokens)->Find(made->text);      // the token, until it expires or is revoked
//
// The file (mode 0600) is replaced whole and synced before Create and Revoke return, so
// both survive kill -9 and power loss, and are in force at once. Beside the database
// and not in it, like the keys: who may write is not part of a log, and a database that
// is put back from a backup brings no revoked token with it. Thread-safe.
#ifndef SETLOG_SERVER_TOKENS_H_
#define SETLOG_SERVER_TOKENS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "port/mutex.h"
#include "server/token.h"

namespace setlog {

struct NewToken {
  Token token;
  std::string text;  // what the caller puts into a file; kept nowhere
};

class Tokens {
 public:
  static constexpr size_t kMaxTokens = 10000;
  static constexpr int64_t kMaxLifetimeUs = int64_t{3650} * 24 * 3600 * 1'000'000;

  // FailedPrecondition if others may read the file, DataLoss if it was damaged; both
  // name it. `now_us` is microseconds since 1970.
  static absl::StatusOr<std::unique_ptr<Tokens>> Open(const std::string& data_dir,
                                                      std::function<int64_t()> now_us);

  // InvalidArgument for a malformed pattern, no verb, or a lifetime outside of
  // (0, kMaxLifetimeUs], a budget that is none or for a token without `read`;
  // FailedPrecondition at kMaxTokens; the error of the disk.
  absl::StatusOr<NewToken> Create(std::string origins, std::set<Verb> verbs,
                                  int64_t lifetime_us,
                                  std::optional<Budget> prove_budget = {});
  // By time of creation.
  std::vector<Token> List() const;
  // The token that is gone. NotFound.
  absl::StatusOr<Token> Revoke(std::string_view id);

  // The token of this text. Unauthenticated if there is none such or it has expired.
  // The secret is compared in constant time.
  absl::StatusOr<Token> Find(std::string_view text) const;
  // What the token of this id allows now. Unauthenticated, saying which, if it was
  // revoked or has expired. O(log tokens).
  absl::StatusOr<Token> Get(std::string_view id) const;

 private:
  Tokens(std::string path, std::function<int64_t()> now_us, TokenMap tokens)
      : path_(std::move(path)),
        now_us_(std::move(now_us)),
        tokens_(std::move(tokens)) {}
  absl::Status Alive(const Token& token) const;

  const std::string path_;
  const std::function<int64_t()> now_us_;
  Mutex write_mutex_;  // held while the file is being replaced; readers go on
  mutable Mutex mutex_;
  TokenMap tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace setlog

#endif  // SETLOG_SERVER_TOKENS_H_
