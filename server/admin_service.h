// server/admin_service.h -- what the operator does (proto/setlog/v1/admin.proto).
#ifndef SETLOG_SERVER_ADMIN_SERVICE_H_
#define SETLOG_SERVER_ADMIN_SERVICE_H_

#include "server/access.h"
#include "server/audit_log.h"
#include "server/tokens.h"
#include "setlog/v1/admin.grpc.pb.h"

namespace setlog {

class AdminService final : public v1::Admin::CallbackService {
 public:
  // What it is given must outlive it.
  AdminService(const Access* access, Tokens* tokens, AuditLog* audit)
      : access_(access), tokens_(tokens), audit_(audit) {}

  grpc::ServerUnaryReactor* CreateToken(grpc::CallbackServerContext* context,
                                        const v1::CreateTokenRequest* request,
                                        v1::CreateTokenResponse* response) override;
  grpc::ServerUnaryReactor* ListTokens(grpc::CallbackServerContext* context,
                                       const v1::ListTokensRequest* request,
                                       v1::ListTokensResponse* response) override;
  grpc::ServerUnaryReactor* RevokeToken(grpc::CallbackServerContext* context,
                                        const v1::RevokeTokenRequest* request,
                                        v1::Token* response) override;

 private:
  const Access* const access_;
  Tokens* const tokens_;
  AuditLog* const audit_;
};

}  // namespace setlog

#endif  // SETLOG_SERVER_ADMIN_SERVICE_H_
