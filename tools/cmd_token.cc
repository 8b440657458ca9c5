// `setlog token`: makes, lists and revokes the tokens of a server.

#include <sodium.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/atomic_file.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/log_session.h"
#include "tools/prove_budget.h"

namespace setlog {
namespace {

constexpr int64_t kDefaultLifetimeUs = int64_t{30} * 24 * 3600 * 1'000'000;

struct TokenFlags {
  std::string origins;
  std::string verbs;
  int64_t lifetime_us = kDefaultLifetimeUs;
  std::string prove_budget;
  std::string out_file;
  std::string id;
};

struct NamedVerb {
  const char* name;
  v1::Verb verb;
};
constexpr NamedVerb kVerbs[] = {
    {"create", v1::VERB_CREATE}, {"add", v1::VERB_ADD},
    {"remove", v1::VERB_REMOVE}, {"tag", v1::VERB_TAG},
    {"read", v1::VERB_READ},     {"handover", v1::VERB_HANDOVER}};

absl::StatusOr<v1::Verb> VerbNamed(const std::string& name) {
  for (const NamedVerb& known : kVerbs) {
    if (name == known.name) return known.verb;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "--verbs: \"%s\" is none of create, add, remove, tag, read, handover", name));
}

std::vector<std::string> VerbNames(const v1::Token& token) {
  std::vector<std::string> names;
  for (const int verb : token.verbs()) {
    for (const NamedVerb& known : kVerbs) {
      if (verb == known.verb) names.push_back(known.name);
    }
  }
  return names;
}

std::string TimeText(int64_t time_us) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromUnixMicros(time_us),
                          absl::UTCTimeZone());
}

// "" if it has none of its own.
std::string BudgetText(const v1::Token& token) {
  const v1::ProveBudget& budget = token.prove_budget();
  const Budget own{budget.records(), budget.period_us()};
  return token.has_prove_budget() && own.Check().ok() ? FormatBudget(own) : "";
}

Json JsonOf(const v1::Token& token) {
  Json json = {{"id", token.id()},
               {"origin", token.origins()},
               {"verbs", VerbNames(token)},
               {"created", token.created_us() / 1'000'000},
               {"expires", token.expires_us() / 1'000'000}};
  if (std::string budget = BudgetText(token); !budget.empty()) {
    json["prove_budget"] = std::move(budget);
  }
  return json;
}

std::string TextOf(const v1::Token& token) {
  const std::string budget = BudgetText(token);
  return absl::StrFormat("%s on %s%s%s", absl::StrJoin(VerbNames(token), ", "),
                         token.origins(), budget.empty() ? "" : ", budget ", budget);
}

template <typename Response>
ExitCode FailWith(Session& session, const absl::StatusOr<Response>& response) {
  session.out.Error(WithRemedy(response.status(), session.server));
  return ForStatus(response.status());
}

ExitCode Create(const TokenFlags& flags, Session& session) {
  Output& out = session.out;
  v1::CreateTokenRequest request;
  request.set_origins(flags.origins);
  request.set_lifetime_us(flags.lifetime_us);
  if (!flags.out_file.empty() && access(flags.out_file.c_str(), F_OK) == 0) {
    return out.Fail(absl::InvalidArgumentError(absl::StrFormat(
        "%s exists already: name another file for --out", flags.out_file)));
  }
  const std::vector<std::string> names = absl::StrSplit(flags.verbs, ',');
  for (const std::string& name : names) {
    const absl::StatusOr<v1::Verb> verb = VerbNamed(name);
    if (!verb.ok()) return out.Fail(verb.status());
    request.add_verbs(*verb);
  }
  if (!flags.prove_budget.empty()) {
    const absl::StatusOr<Budget> budget = ParseBudget(flags.prove_budget);
    if (!budget.ok()) return out.Fail(budget.status());
    request.mutable_prove_budget()->set_records(budget->records);
    request.mutable_prove_budget()->set_period_us(budget->period_us);
  }
  const absl::StatusOr<Connection> connection = Connect(session.server);
  if (!connection.ok()) return out.Fail(connection.status());
  absl::StatusOr<v1::CreateTokenResponse> made =
      connection->Call(connection->admin(), &v1::Admin::Stub::CreateToken, request);
  if (!made.ok()) return FailWith(session, made);

  const v1::Token& token = made->token();
  std::string& secret = *made->mutable_secret();
  Json json = JsonOf(token);
  std::string text = secret;
  if (flags.out_file.empty()) {
    json["token"] = secret;
  } else {
    const absl::Status written = ReplaceFile(flags.out_file, secret + "\n", 0600);
    if (!written.ok()) {
      // Nobody knows the secret: the token is of no use.
      out.Error(
          absl::StrFormat("token %s was made and its secret is lost: revoke it "
                          "with `setlog token revoke %s`",
                          token.id(), token.id()));
      return out.Fail(written);
    }
    json["file"] = flags.out_file;
    text = "created token " + token.id() + " in " + flags.out_file;
  }
  out.Result(json, text);
  sodium_memzero(secret.data(), secret.size());
  out.Detail("  allows  " + TextOf(token));
  out.Detail("  expires " + TimeText(token.expires_us()));
  if (flags.out_file.empty()) {
    out.Detail(
        "  The line above is the secret, shown this once: it goes into a file of its\n"
        "  user's (chmod 600), for --token-file or SETLOG_TOKEN_FILE");
  }
  out.Detail("  To end it: setlog token revoke " + token.id());
  return ExitCode::kHolds;
}

ExitCode List(Session& session) {
  Output& out = session.out;
  const absl::StatusOr<Connection> connection = Connect(session.server);
  if (!connection.ok()) return out.Fail(connection.status());
  const absl::StatusOr<v1::ListTokensResponse> tokens = connection->Call(
      connection->admin(), &v1::Admin::Stub::ListTokens, v1::ListTokensRequest());
  if (!tokens.ok()) return FailWith(session, tokens);
  const int64_t now_us = absl::ToUnixMicros(absl::Now());
  for (const v1::Token& token : tokens->tokens()) {
    const bool expired = token.expires_us() <= now_us;
    Json json = JsonOf(token);
    json["expired"] = expired;
    out.Result(json, absl::StrFormat("%s  %s %s  %s", token.id(),
                                     expired ? "expired" : "expires",
                                     TimeText(token.expires_us()), TextOf(token)));
  }
  if (tokens->tokens().empty()) {
    out.Detail("no tokens: `setlog token create ORIGIN --verbs add,tag` makes one");
  }
  return ExitCode::kHolds;
}

ExitCode Revoke(const TokenFlags& flags, Session& session) {
  Output& out = session.out;
  const absl::StatusOr<Connection> connection = Connect(session.server);
  if (!connection.ok()) return out.Fail(connection.status());
  v1::RevokeTokenRequest request;
  request.set_id(flags.id);
  const absl::StatusOr<v1::Token> revoked =
      connection->Call(connection->admin(), &v1::Admin::Stub::RevokeToken, request);
  if (!revoked.ok()) return FailWith(session, revoked);
  out.Result(JsonOf(*revoked), "revoked token " + revoked->id());
  out.Detail("  it allowed " + TextOf(*revoked));
  return ExitCode::kHolds;
}

}  // namespace

Runner DeclareToken(CLI::App& app) {
  auto flags = std::make_unique<TokenFlags>();
  app.require_subcommand(1);
  CLI::App* create = app.add_subcommand("create", "makes a token; shows it once");
  create->add_option("ORIGIN", flags->origins, "a log, PREFIX/* for all below, or *")
      ->required()
      ->type_name("");
  create
      ->add_option("--verbs", flags->verbs,
                   "what it allows, as in add,tag: create, add, remove, tag; read for "
                   "private logs, and those with private reads; handover to end a log")
      ->required()
      ->type_name("LIST");
  AddDuration(*create, "--expires", flags->lifetime_us,
              "how long it is good for (30d; at most 3650d)");
  create
      ->add_option(
          "--prove-budget", flags->prove_budget,
          "with read: records of each private log that it may ask about, as in "
          "1000/1d (default: the server's); 0: none")
      ->type_name("N/TIME");
  create->add_option("--out", flags->out_file, "write it there (0600), do not show it")
      ->type_name("FILE");
  CLI::App* list = app.add_subcommand("list", "all tokens, without their secrets");
  CLI::App* revoke = app.add_subcommand("revoke", "ends a token, at once");
  revoke->add_option("ID", flags->id, "from `setlog token list`")
      ->required()
      ->type_name("");
  for (CLI::App* sub : {create, list, revoke}) sub->fallthrough();
  app.footer(
      "  setlog token create 'example.org/*' --verbs create,add,tag --expires 90d \\\n"
      "      --out ci.token --token-file /var/lib/setlog/admin.token\n\n"
      "Needs the admin token: the server made DIR/admin.token at its first start.");
  return [flags = std::move(flags), create, list](Session& session) {
    if (create->parsed()) return Create(*flags, session);
    return list->parsed() ? List(session) : Revoke(*flags, session);
  };
}

}  // namespace setlog
