// The transport: methods, headers, answers that take long.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/http_server.h"
#include "testing.h"

namespace setlog {
namespace {

using std::chrono::seconds;

// One connection. Send and Receive take turns.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const timeval patience{.tv_sec = 20};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  Client(const Client&) = delete;
  ~Client() { close(fd_); }

  void Send(const std::string& method, const std::string& target,
            const std::string& headers = "", const std::string& body = "") {
    ASSERT_TRUE(Raw(method + " " + target + " HTTP/1.1\r\nHost: a\r\n" + headers +
                    "\r\n" + body));
  }
  // False if the server has hung up.
  bool Raw(const std::string& bytes) {
    return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  // One response, whose length is known, or nothing if the server hangs up or waits.
  std::string Receive(bool with_body = true) {
    std::string text;
    while (true) {
      const size_t end = text.find("\r\n\r\n");
      if (end != text.npos) {
        const size_t at = text.find("Content-Length: ");
        const size_t body =
            !with_body || at == text.npos ? 0 : std::stoul(text.substr(at + 16));
        if (text.size() >= end + 4 + body) return text;
      }
      char buffer[65536];
      const ssize_t count = recv(fd_, buffer, sizeof(buffer), 0);
      if (count <= 0) return "";
      text.append(buffer, static_cast<size_t>(count));
    }
  }
  std::string Get(const std::string& target, const std::string& headers = "") {
    Send("GET", target, headers);
    return Receive();
  }

 private:
  int fd_;
};

std::unique_ptr<HttpServer> Start(HttpServer::Options options) {
  return HttpServer::Start("127.0.0.1", 0, std::move(options)).value();
}

// Echoes what it is asked, and packs what is worth it.
HttpServer::Options Echo() {
  return {.fixed = {{"/fixed", [] { return HttpReply{.body = "fixed\n"}; }}},
          .pages = [](const HttpRequest& request) -> HttpAnswer {
            return HttpReply{.body = request.path + "|" + request.query + "|" +
                                     request.authorization.value_or("nobody") +
                                     std::string(1000, 'x'),
                             .cache_control = "public, max-age=9",
                             .vary = "Authorization",
                             .compressible = true,
                             .shared = true};
          }};
}

TEST(HttpServerTest, PathsArriveAsTheyWereSent) {
  const auto server = Start(Echo());
  Client client(server->port());
  const std::string raw = client.Get("/a%2Fb//../c?x=%41+b&y");
  EXPECT_NE(raw.find("\r\n\r\n/a%2Fb//../c|x=%41+b&y|nobody"), raw.npos) << raw;
  EXPECT_TRUE(raw.starts_with("HTTP/1.1 200 "));
  EXPECT_NE(client.Get("http://elsewhere:1/p?q").find("\r\n\r\n/p|q|nobody"), raw.npos);
  EXPECT_NE(client.Get("/p", "authorization: Bearer x\r\n").find("/p||Bearer x"),
            raw.npos);
  EXPECT_NE(client.Get("/fixed?whatever").find("\r\n\r\nfixed\n"), raw.npos);
}

TEST(HttpServerTest, HeadersSayWhoMayKeepAndReadAnAnswer) {
  const auto server = Start(Echo());
  Client client(server->port());
  const std::string plain = client.Get("/a");
  for (const char* header :
       {"Cache-Control: public, max-age=9\r\n", "Access-Control-Allow-Origin: *\r\n",
        "Vary: Authorization, Accept-Encoding\r\n",
        "X-Content-Type-Options: nosniff\r\n"}) {
    EXPECT_NE(plain.find(header), plain.npos) << header;
  }
  EXPECT_EQ(plain.find("Content-Encoding"), plain.npos);
  const std::string packed = client.Get("/a", "Accept-Encoding: gzip\r\n");
  EXPECT_NE(packed.find("Content-Encoding: gzip\r\n"), packed.npos);
  EXPECT_LT(packed.size(), 500u);
  const std::string fixed = client.Get("/fixed");
  EXPECT_EQ(fixed.find("Access-Control"), fixed.npos);
  EXPECT_NE(fixed.find("Cache-Control: no-store\r\n"), fixed.npos);
}

TEST(HttpServerTest, HeadIsGetWithoutItsBody) {
  const auto server = Start(Echo());
  Client client(server->port());
  std::string get = client.Get("/a");
  get.resize(get.find("\r\n\r\n") + 4);
  client.Send("HEAD", "/a");
  const std::string head = client.Receive(false);
  const auto without_date = [](std::string text) {
    const size_t at = text.find("Date: ");
    return at == text.npos ? text : text.erase(at, text.find("\r\n", at) - at);
  };
  EXPECT_EQ(without_date(head), without_date(get));
  EXPECT_NE(client.Get("/fixed").find("fixed"), head.npos);  // and no rest of a body
}

TEST(HttpServerTest, OtherMethodsAreRefusedAndOptionsAnswersForAll) {
  const auto server = Start(Echo());
  for (const char* method : {"POST", "PUT", "DELETE", "TRACE", "FROB"}) {
    Client client(server->port());
    client.Send(method, "/a", "Content-Length: 0\r\n");
    const std::string refused = client.Receive();
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 ")) << method << refused;
    EXPECT_NE(refused.find("Allow: GET, HEAD, OPTIONS\r\n"), refused.npos);
  }
  Client client(server->port());
  client.Send("OPTIONS", "/a", "Origin: https://x\r\n");
  const std::string options = client.Receive(false);
  EXPECT_TRUE(options.starts_with("HTTP/1.1 204 ")) << options;
  for (const char* header : {"Access-Control-Allow-Origin: *\r\n",
                             "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n",
                             "Access-Control-Allow-Headers: Authorization\r\n"}) {
    EXPECT_NE(options.find(header), options.npos) << header;
  }
}

// Posts are echoed in capitals, at most ten bytes of them.
HttpServer::Options Posts() {
  HttpServer::Options options = Echo();
  options.posts["/post"] = {
      .max_body_bytes = 10, .answer = [](const HttpRequest& request) -> HttpAnswer {
        return LateReply(
            [body = request.body] { return HttpReply{.body = "<" + body + ">"}; });
      }};
  return options;
}

TEST(HttpServerTest, ABodyIsTakenWhereOneIsWantedWhole) {
  const auto server = Start(Posts());
  Client client(server->port());
  for (const std::string body : {"", "x", "0123456789"}) {
    const std::string length = std::to_string(body.size());
    client.Send("POST", "/post?q", "Content-Length: " + length + "\r\n", body);
    EXPECT_TRUE(client.Receive().ends_with("\r\n\r\n<" + body + ">")) << body;
  }
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  client.Send("POST", "/post", chunked, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_TRUE(client.Receive().ends_with("\r\n\r\n<abcde>"));
  // In pieces, and after it the connection still serves.
  client.Send("POST", "/post", "Content-Length: 4\r\n", "a");
  for (const char* rest : {"b", "c", "d"}) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    client.Raw(rest);
  }
  EXPECT_TRUE(client.Receive().ends_with("\r\n\r\n<abcd>"));
  EXPECT_NE(client.Get("/fixed").find("fixed"), std::string::npos);
}

TEST(HttpServerTest, ABodyThatIsTooLongIsRefusedUnread) {
  const auto server = Start(Posts());
  {  // Before it is sent.
    Client client(server->port());
    client.Send("POST", "/post", "Content-Length: 11\r\n");
    EXPECT_TRUE(client.Receive().starts_with("HTTP/1.1 413 "));
  }
  {
    Client client(server->port());
    client.Send("POST", "/post", "Content-Length: 99999999999999999999999\r\n");
    const std::string refused = client.Receive();
    EXPECT_TRUE(refused.empty() || refused.starts_with("HTTP/1.1 4")) << refused;
  }
  {  // Without a length, once it is known.
    Client client(server->port());
    client.Send("POST", "/post", "Transfer-Encoding: chunked\r\n",
                "b\r\n0123456789a\r\n0\r\n\r\n");
    EXPECT_TRUE(client.Receive().starts_with("HTTP/1.1 413 "));
  }
  {  // And one without end is hung up on.
    Client client(server->port());
    client.Send("POST", "/post", "Transfer-Encoding: chunked\r\n");
    const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
    for (int i = 0; i < 100'000 && client.Raw(chunk); ++i) {
    }
    EXPECT_FALSE(client.Raw(chunk));
  }
}

TEST(HttpServerTest, AWrongMethodIsToldWhichAreRight) {
  const auto server = Start(Posts());
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    Client client(server->port());
    client.Send(method, "/post", "Content-Length: 0\r\n");
    const std::string refused = client.Receive();
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 ")) << refused;
    EXPECT_NE(refused.find("Allow: POST, OPTIONS\r\n"), refused.npos);
  }
  Client client(server->port());
  client.Send("OPTIONS", "/post");
  EXPECT_NE(client.Receive(false).find("Access-Control-Allow-Methods: POST, OPTIONS"),
            std::string::npos);
  // Elsewhere a body has no meaning.
  client.Send("POST", "/a", "Content-Length: 3\r\n", "abc");
  EXPECT_TRUE(client.Receive().starts_with("HTTP/1.1 405 "));
}

// A server whose /slow comes when `gate` opens.
struct SlowServer {
  explicit SlowServer(uint64_t waiting) {
    HttpServer::Options options;
    options.waiting = waiting;
    options.pages = [this](const HttpRequest& request) -> HttpAnswer {
      if (request.path != "/slow") return HttpReply{.body = "quick\n"};
      ++asked;
      return LateReply([this, opened = opened] {
        ++running;
        opened.wait();
        return HttpReply{.body = "slow\n"};
      });
    };
    server = Start(std::move(options));
  }
  void WaitAsked(int count) const {
    while (asked < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  std::atomic<int> asked = 0;
  std::atomic<int> running = 0;
  std::unique_ptr<HttpServer> server;
};

TEST(HttpServerTest, SlowAnswersStopNobodyElse) {
  SlowServer slow(64);
  std::vector<std::unique_ptr<Client>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(std::make_unique<Client>(slow.server->port()));
    waiting.back()->Send("GET", "/slow");
  }
  slow.WaitAsked(20);
  // More than there are threads of any kind, on old connections and on new ones.
  for (int i = 0; i < 50; ++i) {
    Client client(slow.server->port());
    EXPECT_NE(client.Get("/quick").find("quick\n"), std::string::npos);
    EXPECT_NE(client.Get("/quick").find("quick\n"), std::string::npos);
  }
  slow.gate.set_value();
  for (const auto& client : waiting) {
    EXPECT_NE(client->Receive().find("slow\n"), std::string::npos);
    EXPECT_NE(client->Get("/quick").find("quick\n"), std::string::npos);
  }
}

TEST(HttpServerTest, TooManySlowQuestionsAreRefusedAtOnce) {
  SlowServer slow(2);
  std::vector<std::unique_ptr<Client>> waiting;
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    auto client = std::make_unique<Client>(slow.server->port());
    client->Send("GET", "/slow");
    waiting.push_back(std::move(client));
  }
  slow.WaitAsked(10);
  slow.gate.set_value();
  for (const auto& client : waiting) {
    const std::string answer = client->Receive();
    if (answer.starts_with("HTTP/1.1 503 ")) {
      ++refused;
      EXPECT_NE(answer.find("Retry-After: 1\r\n"), answer.npos);
      EXPECT_NE(answer.find("try again"), answer.npos);
    } else {
      EXPECT_NE(answer.find("slow\n"), answer.npos);
    }
  }
  EXPECT_GE(refused, 1);
  EXPECT_LE(refused, 8);  // two threads and two places
}

TEST(HttpServerTest, StopsWhileSlowAnswersWaitAndTheirClientsAreGone) {
  SlowServer slow(64);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>(slow.server->port()));
    clients.back()->Send("GET", "/slow");
  }
  slow.WaitAsked(20);
  while (slow.running == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  clients.resize(10);
  std::future<void> stopped =
      std::async(std::launch::async, [&] { slow.server.reset(); });
  EXPECT_EQ(stopped.wait_for(std::chrono::milliseconds(50)),
            std::future_status::timeout);  // one runs, or two
  slow.gate.set_value();
  EXPECT_EQ(stopped.wait_for(seconds(20)), std::future_status::ready);
}

// Sends a byte now and then for ever, as no idle timeout notices; how long that went.
std::chrono::milliseconds DripUntilCutOff(uint16_t port, const std::string& first) {
  Client client(port);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(client.Raw(first));
  while (client.Raw("a") && std::chrono::steady_clock::now() - begin < seconds(10)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
}

TEST(HttpServerTest, WhoDripsIsCutOff) {
  HttpServer::Options options = Posts();
  options.header_time = std::chrono::milliseconds(400);
  options.body_time = std::chrono::milliseconds(1200);
  options.posts["/post"].max_body_bytes = 20000;
  const auto server = Start(std::move(options));
  const std::string body = "Host: a\r\nContent-Length: 10000\r\n\r\n";
  const std::string chunked = "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n";
  struct Drip {
    std::string first;
    int least_ms;
    int most_ms;
  };
  const std::vector<Drip> drips = {{"G", 400, 3000},
                                   {"GET /a HTTP/1.1\r\n", 400, 3000},
                                   {"GET /a HTTP/1.1\r\nHost: a\r\nX: ", 400, 3000},
                                   {"POST /post HTTP/1.1\r\n" + body, 1200, 5000},
                                   {"GET /a HTTP/1.1\r\n" + body, 1200, 5000},
                                   {"POST /post HTTP/1.1\r\n" + chunked, 1200, 5000}};
  std::vector<std::future<std::chrono::milliseconds>> times;
  for (const Drip& drip : drips) {
    times.push_back(std::async(std::launch::async, [&] {
      return DripUntilCutOff(server->port(), drip.first);
    }));
  }
  for (size_t i = 0; i < drips.size(); ++i) {
    const int64_t took_ms = times[i].get().count();
    EXPECT_GE(took_ms, drips[i].least_ms) << drips[i].first;
    EXPECT_LT(took_ms, drips[i].most_ms) << drips[i].first;
  }
}

// The time begins anew with each answer, and does not run while one is made.
TEST(HttpServerTest, WhoOnlyAsksSeldomOrWaitsLongIsNotCutOff) {
  HttpServer::Options options = Echo();
  options.header_time = options.body_time = options.answer_time =
      std::chrono::milliseconds(800);
  options.pages = [](const HttpRequest&) {
    return LateReply([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(1000));
      return HttpReply{.body = "late"};
    });
  };
  const auto server = Start(std::move(options));
  Client client(server->port());
  for (int i = 0; i < 5; ++i) {
    EXPECT_NE(client.Get("/fixed"), "") << i;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  EXPECT_TRUE(client.Get("/late").ends_with("late"));
  EXPECT_NE(client.Get("/fixed"), "");
}

TEST(HttpServerTest, WhoDoesNotTakeItsAnswerIsCutOff) {
  constexpr size_t kBytes = size_t{16} << 20;  // more than sockets hold
  HttpServer::Options options = Echo();
  options.answer_time = std::chrono::milliseconds(300);
  options.answer_bytes_per_second = kBytes + 1;
  options.pages = [](const HttpRequest&) -> HttpAnswer {
    return HttpReply{.body = std::string(kBytes, 'x')};
  };
  auto server = Start(options);
  Client slow(server->port());
  slow.Send("GET", "/large");
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  EXPECT_EQ(slow.Receive(), "");
  // For as large an answer there may be more time.
  options.answer_bytes_per_second = kBytes / 60;
  server = Start(options);
  Client patient(server->port());
  patient.Send("GET", "/large");
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  EXPECT_GT(patient.Receive().size(), kBytes);
}

TEST(HttpServerTest, EachAnswerIsCounted) {
  std::atomic<int> quick = 0;
  std::atomic<int> missing = 0;
  HttpServer::Options options;
  options.pages = [](const HttpRequest& request) -> HttpAnswer {
    if (request.path == "/late") return LateReply([] { return HttpReply{}; });
    return HttpReply{.status = 404, .body = "none\n", .route = "tile"};
  };
  options.answered = [&](const HttpRequest& request, const HttpReply& reply,
                         double taken) {
    EXPECT_GE(taken, 0);
    EXPECT_LT(taken, 20);
    ++(request.path == "/late" && reply.status == 200 ? quick : missing);
  };
  const auto server = Start(std::move(options));
  Client client(server->port());
  for (int i = 0; i < 5; ++i) client.Get("/late");
  for (int i = 0; i < 7; ++i) client.Get("/a");
  EXPECT_EQ(quick, 5);
  EXPECT_EQ(missing, 7);
}

}  // namespace
}  // namespace setlog
