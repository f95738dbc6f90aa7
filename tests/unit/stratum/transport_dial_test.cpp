#include <boost/asio/experimental/awaitable_operators.hpp>
#include <filesystem>
#include <iterator>
#include <list>

#include "stratum/transport/happy_eyeballs.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/transport_support.h"
#include "tests/unit/temporary_folder.h"

namespace ebb::stratum {
namespace {

using namespace std::chrono_literals;
using asio::ip::make_address;
using namespace asio::experimental::awaitable_operators;

tcp::endpoint endpoint(const std::string& address, std::uint16_t port = 1) {
  return {make_address(address), port};
}

asio::awaitable<void> hold(tcp::socket socket) {
  std::array<char, 2048> buffer;
  while (!std::get<0>(co_await socket.async_read_some(asio::buffer(buffer), kNoThrow))) {
  }
}

/// A port where no attempt fails or succeeds: its queue of connections is full.
class FullListener {
 public:
  explicit FullListener(asio::io_context& io) : acceptor_(io) {
    acceptor_.open(tcp::v4());
    acceptor_.bind(endpoint("127.0.0.1", 0));
    acceptor_.listen(0);
    for (int i = 0; i < 4; ++i) {
      fillers_.emplace_back(io).async_connect(acceptor_.local_endpoint(),
                                              [](const boost::system::error_code&) {});
    }
  }

  tcp::endpoint at() const { return acceptor_.local_endpoint(); }

 private:
  tcp::acceptor acceptor_;
  std::list<tcp::socket> fillers_;
};

/// A port that refuses: it was free a moment ago.
tcp::endpoint refusing(asio::io_context& io) {
  return tcp::acceptor(io, endpoint("127.0.0.1", 0)).local_endpoint();
}

std::ptrdiff_t open_files() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

/// A SOCKS5 proxy as small as can be: says yes to everything, and leads to where it wants.
asio::awaitable<void> socks_to(tcp::socket socket, tcp::endpoint to, std::string& asked) {
  std::array<char, 512> buffer;
  co_await socket.async_read_some(asio::buffer(buffer), kNoThrow);
  co_await asio::async_write(socket, asio::buffer("\x05\x00", 2), kNoThrow);
  const auto [error, size] = co_await socket.async_read_some(asio::buffer(buffer), kNoThrow);
  asked.assign(buffer.data(), size);
  tcp::socket onward(socket.get_executor());
  co_await onward.async_connect(to, kNoThrow);
  co_await asio::async_write(socket, asio::buffer("\x05\x00\x00\x01\0\0\0\0\0\0", 10), kNoThrow);
  const auto copy = [](tcp::socket& from, tcp::socket& into) -> asio::awaitable<void> {
    std::array<char, 4096> bytes;
    for (;;) {
      const auto [end, count] = co_await from.async_read_some(asio::buffer(bytes), kNoThrow);
      if (end) co_return;
      co_await asio::async_write(into, asio::buffer(bytes.data(), count), kNoThrow);
    }
  };
  co_await (copy(onward, socket) || copy(socket, onward));
}

}  // namespace

TEST_CASE("happy eyeballs: families in turn, the system's first one first") {
  const auto v6a = endpoint("2001:db8::1"), v6b = endpoint("2001:db8::2"),
             v6c = endpoint("2001:db8::3"), v4a = endpoint("192.0.2.1"),
             v4b = endpoint("192.0.2.2");
  CHECK(interleaved({v6a, v6b, v6c, v4a}) == Endpoints{v6a, v4a, v6b, v6c});
  CHECK(interleaved({v4a, v4b, v6a}) == Endpoints{v4a, v6a, v4b});
  CHECK(interleaved({v4a}) == Endpoints{v4a});
  CHECK(interleaved({}).empty());
  const Endpoints many(100, v4a);
  CHECK(interleaved(many).size() == 8);
}

TEST_CASE("happy eyeballs: an address that does not answer holds nobody up") {
  asio::io_context io;
  const FullListener silent(io);
  Listener listener(io, hold);
  const tcp::endpoint good(make_address("127.0.0.1"), listener.at().port);
  const auto before = open_files();
  const auto began = std::chrono::steady_clock::now();
  const auto socket = finish(io, connect_first({silent.at(), refusing(io), good}));
  REQUIRE(socket);
  CHECK(socket->remote_endpoint() == good);
  // The refused one is no reason to wait, the silent one is.
  CHECK(std::chrono::steady_clock::now() - began >= kAttemptDelay);
  CHECK(open_files() == before + 2);  // the two ends of the winner
}

TEST_CASE("happy eyeballs: the error is of an attempt") {
  asio::io_context io;
  const auto none = finish(io, connect_first({refusing(io), refusing(io)}));
  REQUIRE_FALSE(none);
  CHECK(none.error() == "Connection refused");
  CHECK_FALSE(finish(io, connect_first({})));
}

TEST_CASE("dial: in clear text, by a name that has several addresses") {
  asio::io_context io;
  std::string heard;
  const auto serve = [&](tcp::socket socket) -> asio::awaitable<void> {
    co_await echo(socket, heard);
  };
  Listener listener(io, serve);
  const Dialled dialled = dial_now(io, {PoolUrl::Scheme::tcp, listener.at("localhost"), ""});
  REQUIRE(dialled);
  CHECK((*dialled)->remote() == listener.at().text());
  CHECK(answer_to(io, **dialled, "ping\n") == "ping\n");
}

TEST_CASE("dial: what fails is one line") {
  asio::io_context io;
  const auto fault = [&](const HostPort& at, std::chrono::milliseconds timeout) {
    const Dialled dialled = dial_now(io, {PoolUrl::Scheme::tcp, at, ""}, {}, timeout);
    return dialled ? "" : dialled.error();
  };
  CHECK(fault({"name.invalid", 1}, 1min).starts_with("cannot resolve name.invalid: "));
  CHECK(fault({"127.0.0.1", refusing(io).port()}, 1min) == "Connection refused");
  const FullListener silent(io);
  CHECK(fault({"127.0.0.1", silent.at().port()}, 300ms) ==
        "no answer from " + HostPort{"127.0.0.1", silent.at().port()}.text());
}

TEST_CASE("dial: a look-up that is left behind touches nothing that is gone") {
  for (int i = 0; i < 20; ++i) {
    asio::io_context io;
    asio::co_spawn(io, dial({PoolUrl::Scheme::tcp, {"name.invalid", 1}, ""}, {}), asio::detached);
    io.poll();
  }
}

TEST_CASE("dial: through a proxy, which resolves the name, and encrypted inside") {
  const tests::TemporaryFolder folder;
  const Identity authority(Wish{.names = "", .is_authority = true});
  const Identity identity(Wish{.names = "DNS:pool.invalid"}, &authority);
  asio::io_context io;
  TlsServer server(io, identity);
  const tcp::endpoint pool(make_address("127.0.0.1"), server.url().at.port);
  std::string asked;
  Listener listener(io,
                    [&](tcp::socket socket) { return socks_to(std::move(socket), pool, asked); });
  PoolTransport transport;
  transport.ca_file = folder.path() / "ca.pem";
  std::ofstream(transport.ca_file) << authority.certificate_pem();
  transport.proxy = Proxy{Proxy::Kind::socks5, listener.at(), "me", "Passw0rd"};

  for (const char* const name : {"pool.invalid", "pool.invalid."}) {
    const Dialled dialled = dial_now(io, {PoolUrl::Scheme::tls, {name, 443}, ""}, transport);
    INFO((dialled ? "" : dialled.error()));
    REQUIRE(dialled);
    CHECK(asked.find(name) != std::string::npos);
    CHECK((*dialled)->remote() ==
          std::string(name) + ":443 through socks5://" + listener.at().text());
    CHECK(answer_to(io, **dialled, "ping\n").ends_with("ping\n"));
    CHECK(server.asked_for() == "pool.invalid");
  }
  const Dialled wrong = dial_now(io, {PoolUrl::Scheme::tls, {"other.invalid", 443}, ""}, transport);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error() == "the server's certificate is for another name than other.invalid");
}

TEST_CASE("dial: what a proxy does wrong is said of the proxy") {
  asio::io_context io;
  const auto fault = [&](const HostPort& at, std::chrono::milliseconds timeout) {
    PoolTransport transport;
    transport.proxy = Proxy{Proxy::Kind::http, at, "me", "Passw0rd"};
    const Dialled dialled =
        dial_now(io, {PoolUrl::Scheme::tcp, {"pool.invalid", 1}, ""}, transport, timeout);
    REQUIRE_FALSE(dialled);
    return dialled.error();
  };
  const Listener silent(io, hold);
  const Listener gone(io, [](tcp::socket socket) -> asio::awaitable<void> {
    std::array<char, 2048> buffer;
    co_await socket.async_read_some(asio::buffer(buffer), kNoThrow);
  });
  const HostPort nobody{"127.0.0.1", refusing(io).port()};
  CHECK(fault(silent.at(), 300ms) == "no answer from the proxy http://" + silent.at().text());
  CHECK(fault(gone.at(), 1min) == "the proxy http://" + gone.at().text() + ": it hung up");
  CHECK(fault(nobody, 1min) == "the proxy http://" + nobody.text() + ": Connection refused");
}

}  // namespace ebb::stratum
