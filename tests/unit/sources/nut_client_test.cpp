#include "sources/nut/nut_client.h"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <thread>
#include <vector>

#include "tests/unit/catch.h"

namespace ebb::sources {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

/// Takes one connection, and answers its lines with these, one each; then it says nothing more.
class FakeUpsd {
 public:
  explicit FakeUpsd(std::vector<std::string> answers)
      : thread_([this, answers = std::move(answers)] { serve(answers); }) {}
  ~FakeUpsd() {
    if (thread_.joinable()) thread_.join();
  }
  UpsAddress address() const { return {"ups", "127.0.0.1", acceptor_.local_endpoint().port()}; }
  /// After the client is gone.
  const std::vector<std::string>& heard() {
    thread_.join();
    return heard_;
  }

 private:
  void serve(const std::vector<std::string>& answers) {
    boost::system::error_code error;
    Tcp::socket socket(io_);
    acceptor_.accept(socket, error);
    std::string received;
    for (std::size_t i = 0; !error; ++i) {
      const std::size_t size =
          asio::read_until(socket, asio::dynamic_buffer(received), '\n', error);
      if (error) return;
      heard_.push_back(received.substr(0, size - 1));
      received.erase(0, size);
      if (i < answers.size()) asio::write(socket, asio::buffer(answers[i]), error);
    }
  }

  asio::io_context io_;
  Tcp::acceptor acceptor_{io_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::vector<std::string> heard_;
  std::thread thread_;
};

TEST_CASE("upsd is asked, after a login", "[nut]") {
  FakeUpsd upsd({"OK\n", "OK\n", "VAR ups ups.status \"OL\"\n", "ERR DATA-STALE\n"});
  {
    NutClient client(upsd.address(), "me", "se\"cret");
    std::stop_source never;
    CHECK(client.value("ups.status", never.get_token()).value() == "OL");
    CHECK(client.value("ups.status", never.get_token()).error() == "upsd says DATA-STALE");
    CHECK(client.connected());
  }
  CHECK(upsd.heard() == std::vector<std::string>{"USERNAME \"me\"", "PASSWORD \"se\\\"cret\"",
                                                 "GET VAR ups ups.status",
                                                 "GET VAR ups ups.status"});
}

TEST_CASE("a login that is refused is no connection", "[nut]") {
  FakeUpsd upsd({"OK\n", "ERR INVALID-PASSWORD\n"});
  NutClient client(upsd.address(), "me", "secret");
  std::stop_source never;
  CHECK(client.value("ups.status", never.get_token()).error() == "upsd says INVALID-PASSWORD");
  CHECK_FALSE(client.connected());
}

TEST_CASE("an upsd that hangs is given up", "[nut]") {
  FakeUpsd upsd({"VAR ups ups.status \"OL\"\n"});
  NutClient client(upsd.address(), "", "", 50ms);
  std::stop_source never;
  REQUIRE(client.value("ups.status", never.get_token()));
  CHECK(client.value("ups.status", never.get_token()).error().starts_with("no answer: "));
  CHECK_FALSE(client.connected());
}

TEST_CASE("a stop does not wait for an upsd that hangs", "[nut]") {
  FakeUpsd upsd({});
  NutClient client(upsd.address(), "", "", 1h);
  std::stop_source stop;
  std::thread later([&] {
    std::this_thread::sleep_for(50ms);
    stop.request_stop();
  });
  CHECK(client.value("ups.status", stop.get_token()).error().starts_with("no answer: "));
  later.join();
}

TEST_CASE("an answer without an end is given up", "[nut]") {
  FakeUpsd upsd({std::string(100'000, 'x')});
  NutClient client(upsd.address(), "", "", 1h);
  std::stop_source never;
  CHECK(client.value("ups.status", never.get_token()).error().starts_with("no answer: "));
}

TEST_CASE("where nobody listens there is no answer", "[nut]") {
  NutClient client({"ups", "127.0.0.1", 1}, "", "");
  std::stop_source never;
  CHECK(client.value("ups.status", never.get_token()).error().starts_with("no answer: "));
  CHECK_FALSE(client.connected());
}

}  // namespace
}  // namespace ebb::sources
