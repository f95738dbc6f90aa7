#include "miner/api_server.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <optional>
#include <thread>

#include "tests/unit/catch.h"

using namespace ebb;
using namespace std::chrono_literals;
using miner::ApiServer;
using miner::WebRoutes;
using Tcp = boost::asio::ip::tcp;

namespace {

/// The API on a thread of its own, with one path that says what it was asked.
class Api {
 public:
  explicit Api(ApiServer::Limits limits = {}) {
    routes_.add("/echo", [](const sources::WebRequest& request) -> sources::WebAnswer {
      std::string text = request.method + " " + request.path;
      for (const auto& [name, value] : request.query)
        text += " " + name + "=" + value;
      return {200, text + " " + request.headers.at("host") + " " + request.body, "text/plain"};
    });
    routes_.add("/kept", [](const sources::WebRequest&) -> sources::WebAnswer {
      return {.body = "yes", .once_kept = true};
    });
    server_.emplace(*ApiServer::listen(
        io_, *miner::parse_api_address("127.0.0.1:0"), routes_,
        [this](throttle::LedgerWriter::Done done) { disk_.set_value(std::move(done)); }, limits));
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~Api() { end(); }

  void end() {
    boost::asio::post(io_, [this] { server_.reset(); });
  }

  Tcp::endpoint address() const { return server_->address(); }

  /// All that comes until the server hangs up.
  std::string exchange(const std::string& text) const {
    boost::asio::io_context io;
    Tcp::socket socket(io);
    socket.connect(server_->address());
    boost::system::error_code error;
    boost::asio::write(socket, boost::asio::buffer(text), error);
    std::string answer;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), error);
    return answer;
  }

  /// What an answer that waits for the disk waits for.
  throttle::LedgerWriter::Done disk() { return disk_.get_future().get(); }

 private:
  std::promise<throttle::LedgerWriter::Done> disk_;
  boost::asio::io_context io_{1};
  WebRoutes routes_;
  std::optional<ApiServer> server_;
  std::jthread thread_;
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("api: requests are handed on decoded, and answered on one connection") {
  const Api api;
  const std::string answer = api.exchange(
      "POST /ec%68o?a=1+2&b=%26 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
      "GET /echo HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n");
  CHECK(has(answer, "POST /echo a=1 2 b=& x body"));
  CHECK(has(answer, "GET /echo y "));
  CHECK(has(answer, "no-store"));
}

TEST_CASE("api: what is not there, what is no target and what is no HTTP") {
  const Api api;
  const std::string close = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  CHECK(has(api.exchange("GET /nothing" + close), "404 Not Found"));
  CHECK(has(api.exchange("GET /%zz" + close), "400 Bad Request"));
  CHECK(has(api.exchange("GET http://x/echo" + close), "400 Bad Request"));
  CHECK(api.exchange("hello\r\n\r\n").empty());
}

TEST_CASE("api: a body or a header beyond the limit is refused unread") {
  const Api api({.header = 512, .body = 100});
  const std::string post = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  CHECK(has(api.exchange(post + "101\r\n\r\n" + std::string(101, 'x')), "413 "));
  CHECK(has(api.exchange(post + "100\r\nConnection: close\r\n\r\n" + std::string(100, 'x')),
            "200 OK"));
  CHECK(
      has(api.exchange("GET /echo HTTP/1.1\r\nX: " + std::string(600, 'x') + "\r\n\r\n"), "413 "));
}

TEST_CASE("api: who says nothing is hung up on, and who comes when it is full too") {
  const Api api({.connections = 1, .patience = 300ms});
  boost::asio::io_context io;
  Tcp::socket silent(io);
  silent.connect(api.address());
  CHECK(api.exchange("GET /echo HTTP/1.0\r\nHost: x\r\n\r\n").empty());
  char nothing = 0;
  boost::system::error_code error;
  silent.read_some(boost::asio::buffer(&nothing, 1), error);
  CHECK(error == boost::asio::error::eof);
  CHECK(has(api.exchange("GET /echo HTTP/1.0\r\nHost: x\r\n\r\n"), "200 OK"));
}

TEST_CASE(
    "api: an answer that waits for the disk comes when it has written, and is an error if not") {
  const std::string request = "POST /kept HTTP/1.0\r\nHost: x\r\n\r\n";
  const auto asked = [&](Api& api) {
    return std::async(std::launch::async, [&] { return api.exchange(request); });
  };
  SECTION("written") {
    Api api;
    auto answer = asked(api);
    const auto done = api.disk();
    CHECK(answer.wait_for(50ms) == std::future_status::timeout);
    done({});
    CHECK(has(answer.get(), "yes"));
  }
  SECTION("not written") {
    Api api;
    auto answer = asked(api);
    api.disk()(tl::unexpected<std::string>("the disk is full"));
    const std::string text = answer.get();
    CHECK(has(text, "503 "));
    CHECK(has(text, R"({"error":"in force, but not kept: the disk is full"})"));
  }
  SECTION("no answer from the disk") {
    Api api({.patience = 100ms});
    CHECK(has(api.exchange(request), "not kept: the disk does not answer"));
    api.disk()({});  // nobody waits any more
  }
  SECTION("the server ends meanwhile, at once") {
    Api api({.patience = 60s});
    auto answer = asked(api);
    const auto done = api.disk();
    api.end();
    CHECK(answer.get().empty());
    done({});
  }
}

TEST_CASE("api: addresses are loopback addresses") {
  CHECK(miner::parse_api_address("127.0.0.1:4033")->port() == 4033);
  CHECK(miner::parse_api_address("127.1.2.3:1")->address().to_string() == "127.1.2.3");
  CHECK(miner::parse_api_address("[::1]:4033")->address().is_v6());
  for (const char* bad : {"", "4033", "localhost:4033", "0.0.0.0:4033", "192.168.1.5:4033",
                          "[::]:4033", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:1x"}) {
    INFO(bad);
    CHECK_FALSE(miner::parse_api_address(bad));
  }
}
