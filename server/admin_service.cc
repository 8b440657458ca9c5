#include "server/admin_service.h"

#include <set>
#include <string>
#include <utility>

#include "server/rpc_status.h"

namespace setlog {
namespace {

v1::Token ToProto(const Token& token) {
  v1::Token proto;
  proto.set_id(token.id);
  proto.set_origins(token.origins);
  for (Verb verb : token.verbs) proto.add_verbs(static_cast<v1::Verb>(verb));
  proto.set_created_us(token.created_us);
  proto.set_expires_us(token.expires_us);
  if (const std::optional<Budget>& budget = token.prove_budget) {
    proto.mutable_prove_budget()->set_records(budget->records);
    proto.mutable_prove_budget()->set_period_us(budget->period_us);
  }
  return proto;
}

absl::StatusOr<std::set<Verb>> VerbsOf(const v1::CreateTokenRequest& request) {
  std::set<Verb> verbs;
  for (const int number : request.verbs()) {
    if (number < v1::VERB_CREATE || number > v1::VERB_HANDOVER) {
      return absl::InvalidArgumentError(
          "a verb that this server does not know: it knows create, add, remove, tag, "
          "read, handover");
    }
    verbs.insert(static_cast<Verb>(number));
  }
  return verbs;
}

std::optional<Budget> BudgetOf(const v1::CreateTokenRequest& request) {
  if (!request.has_prove_budget()) return std::nullopt;
  return Budget{request.prove_budget().records(), request.prove_budget().period_us()};
}

grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                 const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::CreateToken(
    grpc::CallbackServerContext* context, const v1::CreateTokenRequest* request,
    v1::CreateTokenResponse* response) {
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  AuditEvent event{
      .who = caller.Name(), .peer = context->peer(), .action = "token create"};
  absl::Status status = access_->CheckAdmin(caller);
  if (status.ok()) {
    absl::StatusOr<std::set<Verb>> verbs = VerbsOf(*request);
    absl::StatusOr<NewToken> made =
        verbs.ok() ? tokens_->Create(request->origins(), *std::move(verbs),
                                     request->lifetime_us(), BudgetOf(*request))
                   : absl::StatusOr<NewToken>(verbs.status());
    status = made.status();
    if (made.ok()) {
      event.token = made->token.id;
      *response->mutable_token() = ToProto(made->token);
      response->set_secret(std::move(made->text));
    }
  }
  audit_->Record(event, status);
  return Finish(context, status);
}

grpc::ServerUnaryReactor* AdminService::ListTokens(grpc::CallbackServerContext* context,
                                                   const v1::ListTokensRequest*,
                                                   v1::ListTokensResponse* response) {
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  const absl::Status status = access_->CheckAdmin(caller);
  if (status.ok()) {
    for (const Token& token : tokens_->List()) {
      *response->add_tokens() = ToProto(token);
    }
  } else {
    audit_->Record(
        {.who = caller.Name(), .peer = context->peer(), .action = "token list"},
        status);
  }
  return Finish(context, status);
}

grpc::ServerUnaryReactor* AdminService::RevokeToken(
    grpc::CallbackServerContext* context, const v1::RevokeTokenRequest* request,
    v1::Token* response) {
  const Caller caller = access_->Identify(AuthorizationOf(*context));
  AuditEvent event{
      .who = caller.Name(), .peer = context->peer(), .action = "token revoke"};
  absl::Status status = access_->CheckAdmin(caller);
  if (status.ok()) {
    const absl::StatusOr<Token> revoked = tokens_->Revoke(request->id());
    status = revoked.status();
    if (revoked.ok()) {
      event.token = revoked->id;
      *response = ToProto(*revoked);
    }
  }
  audit_->Record(event, status);
  return Finish(context, status);
}

}  // namespace setlog
