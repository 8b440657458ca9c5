#include "http/connection_deadlines.h"

#include <sys/socket.h>

#include <utility>

namespace setlog {

ConnectionDeadlines::ConnectionDeadlines(Clock::duration look_every)
    : look_every_(look_every) {
  thread_ = std::thread([this] { Run(); });
}

ConnectionDeadlines::~ConnectionDeadlines() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

ConnectionDeadlines::Connection* ConnectionDeadlines::Add(int fd,
                                                          Clock::duration time) {
  auto connection = std::unique_ptr<Connection>(new Connection(fd));
  connection->EndIn(time);
  Connection* const added = connection.get();
  MutexLock lock(mutex_);
  connections_[added] = std::move(connection);
  return added;
}

void ConnectionDeadlines::Remove(Connection* connection) {
  MutexLock lock(mutex_);
  connections_.erase(connection);
}

void ConnectionDeadlines::Run() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    const Clock::time_point now = Clock::now();
    for (const auto& [connection, owned] : connections_) {
      if (connection->deadline_.load() > now) continue;
      // Under the lock, so the number is still that of this connection.
      shutdown(connection->fd_, SHUT_RDWR);
      connection->Forever();
    }
    lock.WaitFor(changed_, look_every_,
                 [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; });
  }
}

}  // namespace setlog
