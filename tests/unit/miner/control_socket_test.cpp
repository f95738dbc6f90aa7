#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <thread>

#include "miner/control_address.h"
#include "miner/control_client.h"
#include "miner/control_server.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// A server with a thread of its own, as `ebb mine` has one.
class Served {
 public:
  explicit Served(const std::filesystem::path& folder, ControlServer::Handler handler,
                  ControlServer::Limits limits = {}) {
    auto server = ControlServer::listen(io_, folder, std::move(handler), limits);
    INFO((server ? "" : server.error()));
    REQUIRE(server);
    server_.emplace(*std::move(server));
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Served() {
    asio::post(io_, [this] { server_.reset(); });
    thread_.join();  // ends when nothing is left to wait for
  }

 private:
  asio::io_context io_;
  std::optional<ControlServer> server_;
  std::thread thread_;
};

void say_ok(const ControlRequest&, const ControlServer::Answer& answer) {
  answer(R"({"state":"full"})");
}

/// A caller that sends what it likes.
class RawCaller {
 public:
  explicit RawCaller(const std::filesystem::path& folder) : socket_(io_) {
    socket_.connect(ControlAddress::path(folder).string());
  }
  void send(const std::string& bytes) {
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(bytes), ignored);
  }
  /// Empty at the end of the connection.
  std::string line() {
    boost::system::error_code error;
    const std::size_t size =
        asio::read_until(socket_, asio::dynamic_buffer(received_), '\n', error);
    if (error) return {};
    std::string line = received_.substr(0, size - 1);
    received_.erase(0, size);
    return line;
  }

 private:
  asio::io_context io_;
  asio::local::stream_protocol::socket socket_;
  std::string received_;
};

const std::string kStatusLine = encode(ControlRequest(StatusRequest{})) + "\n";

}  // namespace

TEST_CASE("control socket: a request comes to the handler, its answer to the caller") {
  const tests::TemporaryFolder folder;
  std::atomic<bool> held{false};
  const Served served(folder.path(),
                      [&](const ControlRequest& request, const ControlServer::Answer& answer) {
                        if (const auto* hold = std::get_if<HoldRequest>(&request)) {
                          held = hold->reason == "a test";
                          return answer(tl::unexpected<std::string>("an old sequence"));
                        }
                        answer(R"({"state":"parked"})");
                      });
  CHECK(ask_miner(folder.path(), StatusRequest{}) == ControlReply(R"({"state":"parked"})"));
  CHECK(ask_miner(folder.path(), HoldRequest{throttle::DutyCap{0}, {}, "a test"}) ==
        ControlReply(tl::unexpected<std::string>("an old sequence")));
  CHECK(held);
}

TEST_CASE("control socket: is its user's alone, and gone with the server") {
  const tests::TemporaryFolder folder;
  const auto path = ControlAddress::path(folder.path());
  {
    const Served served(folder.path(), say_ok);
    struct stat found {};
    REQUIRE(::lstat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0600U);
  }
  CHECK_FALSE(std::filesystem::exists(path));
  const auto reply = ask_miner(folder.path(), StatusRequest{});
  REQUIRE_FALSE(reply);
  CHECK(reply.error() == "no ebb is mining with the state folder " + folder.path().string());
  CHECK_FALSE(ask_miner(folder.path() / "none", StatusRequest{}));
}

TEST_CASE("control socket: an answer may come late and from another thread") {
  const tests::TemporaryFolder folder;
  std::thread disk;
  {
    const Served served(folder.path(), [&](const ControlRequest&, ControlServer::Answer answer) {
      disk = std::thread([answer = std::move(answer)] {
        std::this_thread::sleep_for(20ms);
        answer(R"({"state":"full"})");
      });
    });
    CHECK(ask_miner(folder.path(), StatusRequest{}));
    disk.join();
  }
}

TEST_CASE("control socket: a caller hears when the handler does not answer") {
  const tests::TemporaryFolder folder;
  std::vector<ControlServer::Answer> late;
  const Served served(folder.path(),
                      [&](const ControlRequest&, ControlServer::Answer answer) {
                        late.push_back(std::move(answer));
                        if (late.size() == 2) {
                          late[0](R"({"state":"of the first"})");
                          late[1](R"({"state":"of the second"})");
                        }
                      },
                      {.connections = 16, .idle = 5s, .answer = 50ms});
  RawCaller caller(folder.path());
  caller.send(kStatusLine + kStatusLine);
  CHECK(decode_reply(caller.line()).error().find("not confirmed") != std::string::npos);
  CHECK(caller.line() == R"({"state":"of the second"})");
}

TEST_CASE("control socket: a server that says nothing is given up") {
  const tests::TemporaryFolder folder;
  const Served served(folder.path(), [](const ControlRequest&, const ControlServer::Answer&) {});
  const auto reply = ask_miner(folder.path(), StatusRequest{}, 50ms);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().find("did not answer in time") != std::string::npos);
}

TEST_CASE("control socket: request after request on one connection, whatever the pieces") {
  const tests::TemporaryFolder folder;
  const Served served(folder.path(), say_ok);
  RawCaller caller(folder.path());
  caller.send(kStatusLine + "nonsense\n" + kStatusLine.substr(0, 5));
  CHECK(caller.line() == R"({"state":"full"})");
  CHECK(caller.line().find("error") != std::string::npos);
  caller.send(kStatusLine.substr(5));
  CHECK(caller.line() == R"({"state":"full"})");
}

TEST_CASE("control socket: a line too long ends the connection") {
  const tests::TemporaryFolder folder;
  const Served served(folder.path(), say_ok);
  RawCaller caller(folder.path());
  caller.send(std::string(kMaxControlLine + 1, 'x'));
  CHECK(caller.line().find("too long") != std::string::npos);
  CHECK(caller.line().empty());
}

TEST_CASE("control socket: silence ends the connection") {
  const tests::TemporaryFolder folder;
  const Served served(folder.path(), say_ok, {.connections = 16, .idle = 50ms, .answer = 5s});
  RawCaller silent(folder.path());
  CHECK(silent.line().empty());
  CHECK(ask_miner(folder.path(), StatusRequest{}));
}

TEST_CASE("control socket: one too many is told so") {
  const tests::TemporaryFolder folder;
  const Served served(folder.path(), say_ok, {.connections = 2, .idle = 5s, .answer = 5s});
  RawCaller first(folder.path()), second(folder.path());
  RawCaller third(folder.path());
  CHECK(third.line().find("too many") != std::string::npos);
  CHECK(third.line().empty());
  first.send(kStatusLine);
  CHECK(first.line() == R"({"state":"full"})");
}

TEST_CASE("control socket: takes the place of a killed miner's, not of one that lives") {
  const tests::TemporaryFolder folder;
  const auto path = ControlAddress::path(folder.path());
  {
    asio::io_context io;
    asio::local::stream_protocol::acceptor(io, path.string());  // closed, and the file stays
  }
  REQUIRE(std::filesystem::exists(path));
  CHECK(ask_miner(folder.path(), StatusRequest{}).error().find("no ebb is mining") == 0);
  const Served served(folder.path(), say_ok);
  asio::io_context io;
  const auto second = ControlServer::listen(io, folder.path(), say_ok);
  REQUIRE_FALSE(second);
  CHECK(second.error().find("another ebb answers there") != std::string::npos);
  CHECK(ask_miner(folder.path(), StatusRequest{}));
}

TEST_CASE("control socket: removes nothing that is no socket") {
  const tests::TemporaryFolder folder;
  std::ofstream(ControlAddress::path(folder.path())) << "mine";
  asio::io_context io;
  CHECK_FALSE(ControlServer::listen(io, folder.path(), say_ok));
  CHECK(std::filesystem::exists(ControlAddress::path(folder.path())));
}

TEST_CASE("control socket: a folder of any depth") {
  const tests::TemporaryFolder folder;
  const auto deep = folder.path() / std::string(120, 'd');
  std::filesystem::create_directory(deep);
  const Served served(deep, say_ok);
  CHECK(ask_miner(deep, StatusRequest{}));
}
