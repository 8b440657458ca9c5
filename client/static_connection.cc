#include "client/static_connection.h"

#include <grpcpp/server_builder.h>

#include <utility>

namespace setlog {

absl::StatusOr<StaticConnection> StaticConnection::Open(const std::string& from,
                                                        const StaticOptions& options) {
  absl::StatusOr<std::unique_ptr<StaticFiles>> files = OpenStaticFiles(
      from, {.ca_file = options.ca_file, .retry_for = options.retry_for});
  if (!files.ok()) return files.status();
  return StaticConnection(*std::move(files), options.retry_for);
}

StaticConnection::StaticConnection(std::unique_ptr<StaticFiles> files,
                                   std::chrono::milliseconds retry_for)
    : reader_(std::make_unique<StaticReader>(std::move(files))) {
  grpc::ServerBuilder builder;
  builder.RegisterService(reader_.get());
  server_ = builder.BuildAndStart();
  connection_ =
      std::make_unique<Connection>(server_->InProcessChannel({}), "", retry_for);
}

StaticConnection::~StaticConnection() {
  if (server_ == nullptr) return;  // moved from
  connection_.reset();
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

}  // namespace setlog
