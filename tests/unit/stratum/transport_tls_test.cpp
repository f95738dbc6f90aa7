#include <algorithm>

#include "stratum/transport/server_check.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/transport_support.h"
#include "tests/unit/temporary_folder.h"

namespace ebb::stratum {
namespace {

using namespace std::chrono_literals;

/// An authority that the client knows by its CA file.
struct Site {
  PoolTransport trusting() const {
    PoolTransport transport;
    transport.ca_file = folder.path() / "ca.pem";
    std::ofstream(transport.ca_file) << authority.certificate_pem();
    return transport;
  }

  tests::TemporaryFolder folder;
  Identity authority{Wish{.names = "", .is_authority = true}};
};

PoolTransport pinned(std::vector<Pin> pins) {
  PoolTransport transport;
  transport.pins = std::move(pins);
  return transport;
}

/// Why the server is refused; it must have heard nothing.
std::string refusal(const Identity& identity, const PoolTransport& transport,
                    const std::string& host = "127.0.0.1") {
  asio::io_context io;
  TlsServer server(io, identity);
  const Dialled dialled = dial_now(io, server.url(host), transport);
  REQUIRE_FALSE(dialled);
  CHECK(dialled.error().find('\n') == std::string::npos);
  CHECK(server.heard().empty());
  return dialled.error();
}

void check_accepted(const Identity& identity, const PoolTransport& transport,
                    const std::string& host = "127.0.0.1") {
  asio::io_context io;
  TlsServer server(io, identity);
  const Dialled dialled = dial_now(io, server.url(host), transport);
  INFO((dialled ? "" : dialled.error()));
  REQUIRE(dialled);
  CHECK(answer_to(io, **dialled, "ping\n") == "ping\n");
}

bool mentions(const std::string& text, const std::string& what) {
  UNSCOPED_INFO(text);
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("tls: a server that a known authority vouches for") {
  const Site site;
  const Identity identity(Wish{}, &site.authority);
  asio::io_context io;
  TlsServer server(io, identity);

  SECTION("by name, which is asked for") {
    const Dialled dialled = dial_now(io, server.url("localhost"), site.trusting());
    REQUIRE(dialled);
    CHECK(answer_to(io, **dialled, "ping\n") == "ping\n");
    CHECK(server.asked_for() == "localhost");
    CHECK((*dialled)->remote() == server.url().at.text());
  }
  SECTION("by address, which SNI has no room for") {
    const Dialled dialled = dial_now(io, server.url(), site.trusting());
    REQUIRE(dialled);
    CHECK(answer_to(io, **dialled, "ping\n") == "ping\n");
    CHECK(server.asked_for().empty());
  }
  SECTION("TLS 1.2") {
    server.speak_only(TLS1_2_VERSION);
    const Dialled dialled = dial_now(io, server.url(), site.trusting());
    REQUIRE(dialled);
    CHECK(answer_to(io, **dialled, "ping\n") == "ping\n");
  }
}

TEST_CASE("tls: IPv6") {
  const Site site;
  const Identity identity(Wish{}, &site.authority);
  const Identity other(Wish{.names = "IP:::2"}, &site.authority);
  asio::io_context io;
  std::optional<TlsServer> server;
  std::optional<TlsServer> other_server;
  try {
    server.emplace(io, identity, "::1");
    other_server.emplace(io, other, "::1");
  } catch (const boost::system::system_error& error) {
    WARN("skipped: no IPv6 on loopback (" << error.what() << ")");
    return;
  }
  const Dialled dialled = dial_now(io, server->url("::1"), site.trusting());
  REQUIRE(dialled);
  CHECK(answer_to(io, **dialled, "ping\n") == "ping\n");
  const Dialled refused = dial_now(io, other_server->url("::1"), site.trusting());
  REQUIRE_FALSE(refused);
  CHECK(mentions(refused.error(), "for another name than ::1"));
}

TEST_CASE("tls: what is wrong with a certificate is said in one line") {
  const Site site;
  const PoolTransport trusting = site.trusting();
  SECTION("expired") {
    const Identity identity(Wish{.from_s = -7200, .until_s = -3600}, &site.authority);
    CHECK(mentions(refusal(identity, trusting), "certificate expired on 20"));
  }
  SECTION("not yet valid") {
    const Identity identity(Wish{.from_s = 3600, .until_s = 7200}, &site.authority);
    CHECK(mentions(refusal(identity, trusting), "is not valid before 20"));
  }
  SECTION("for another name") {
    const Identity identity(Wish{.names = "DNS:pool.example.org"}, &site.authority);
    CHECK(mentions(refusal(identity, trusting, "localhost"), "another name than localhost"));
    CHECK(mentions(refusal(identity, trusting), "another name than 127.0.0.1"));
  }
  SECTION("for a name that begins alike") {
    const Identity identity(Wish{.names = "DNS:localhost.example.org"}, &site.authority);
    CHECK(mentions(refusal(identity, trusting, "localhost"), "another name than localhost"));
  }
  SECTION("signed by itself") {
    const Identity identity{Wish{}};
    const std::string why = refusal(identity, trusting);
    CHECK(mentions(why, "signed by itself"));
    CHECK(mentions(why, identity.key_pin().text()));
    CHECK(mentions(refusal(identity, {}), "signed by itself"));
  }
  SECTION("signed by an authority that the system does not know") {
    const Identity identity(Wish{}, &site.authority);
    CHECK(mentions(refusal(identity, {}), "an authority that is not known here"));
  }
  SECTION("signed by another authority than the file's") {
    const Identity stranger(Wish{.names = "", .is_authority = true});
    const Identity identity(Wish{}, &stranger);
    CHECK(mentions(refusal(identity, trusting), "an authority that is not known here"));
  }
}

TEST_CASE("tls: pins") {
  const Site site;
  const Identity known(Wish{}, &site.authority);
  const Identity self_signed{Wish{}};
  const Pin other = Identity(Wish{}).key_pin();

  SECTION("of the certificate or of the key, whoever signed it") {
    check_accepted(self_signed, pinned({self_signed.certificate_pin()}));
    check_accepted(self_signed, pinned({self_signed.key_pin()}));
    check_accepted(known, pinned({other, known.key_pin()}));
  }
  SECTION("a matching one is enough: expired, another name") {
    const Identity old(Wish{.names = "DNS:old.example.org", .from_s = -7200, .until_s = -3600});
    check_accepted(old, pinned({old.key_pin()}));
  }
  SECTION("a wrong one refuses what an authority vouches for, and shows the right ones") {
    PoolTransport transport = site.trusting();
    transport.pins = {other};
    const std::string why = refusal(known, transport);
    CHECK(mentions(why, known.key_pin().text()));
    CHECK(mentions(why, known.certificate_pin().text()));
    CHECK(mentions(refusal(self_signed, transport), self_signed.key_pin().text()));
  }
  SECTION("the authority's own pin does not vouch for its servers") {
    PoolTransport transport = site.trusting();
    transport.pins = {site.authority.key_pin()};
    CHECK(mentions(refusal(known, transport), "another pin"));
  }
}

TEST_CASE("tls: servers that do not speak it, or too old a version") {
  const Site site;
  const Identity identity(Wish{}, &site.authority);
  asio::io_context io;

  SECTION("clear text") {
    std::string heard;
    const Listener listener(io, [&](tcp::socket socket) -> asio::awaitable<void> {
      std::array<char, 512> buffer;
      const auto [error, size] = co_await socket.async_read_some(asio::buffer(buffer), kNoThrow);
      heard.append(buffer.data(), size);
      co_await asio::async_write(socket, asio::buffer(std::string("{\"id\":1,\"error\":20}\n")),
                                 kNoThrow);
      co_await socket.async_read_some(asio::buffer(buffer), kNoThrow);
    });
    const Dialled dialled =
        dial_now(io, {PoolUrl::Scheme::tls, listener.at(), ""}, site.trusting());
    REQUIRE_FALSE(dialled);
    CHECK(mentions(dialled.error(), "does not speak TLS"));
    CHECK(heard.find("mining") == std::string::npos);
    CHECK(listener.connections() == 1);  // no second attempt of another kind
  }
  SECTION("TLS 1.1") {
    TlsServer server(io, identity);
    server.speak_only(TLS1_1_VERSION);
    const Dialled dialled = dial_now(io, server.url(), site.trusting());
    REQUIRE_FALSE(dialled);
    CHECK(mentions(dialled.error(), "no TLS from 1.2 on"));
  }
  SECTION("hangs up") {
    const Listener listener(io, [](tcp::socket) -> asio::awaitable<void> { co_return; });
    const Dialled dialled =
        dial_now(io, {PoolUrl::Scheme::tls, listener.at(), ""}, site.trusting());
    REQUIRE_FALSE(dialled);
    CHECK(mentions(dialled.error(), "closed the connection in the TLS handshake"));
  }
  SECTION("says nothing") {
    const Listener listener(io, [](tcp::socket socket) -> asio::awaitable<void> {
      std::array<char, 2048> buffer;
      while (!std::get<0>(co_await socket.async_read_some(asio::buffer(buffer), kNoThrow))) {
      }
    });
    const PoolUrl url{PoolUrl::Scheme::tls, listener.at(), ""};
    const Dialled dialled = dial_now(io, url, site.trusting(), 300ms);
    REQUIRE_FALSE(dialled);
    CHECK(dialled.error() == "no answer from " + url.at.text() + " to the TLS handshake");
  }
}

TEST_CASE("tls: a stream that is cut off is a closed connection") {
  const Site site;
  const Identity identity(Wish{}, &site.authority);
  asio::io_context io;
  TlsServer server(io, identity);
  server.cut_off = true;
  const Dialled dialled = dial_now(io, server.url(), site.trusting());
  REQUIRE(dialled);
  const auto read = [](Stream& stream) -> asio::awaitable<boost::system::error_code> {
    std::array<char, 16> buffer;
    const auto [error, size] = co_await stream.read_some(asio::buffer(buffer));
    co_return error;
  };
  CHECK(finish(io, read(**dialled)) == asio::error::eof);
}

TEST_CASE("tls: a CA file that cannot be used") {
  const tests::TemporaryFolder folder;
  const auto empty = folder.path() / "empty.pem";
  std::ofstream(empty) << "no certificate\n";
  for (const auto& file : {empty, folder.path() / "missing.pem"}) {
    const auto checked = check_ca_file(file);
    REQUIRE_FALSE(checked);
    CHECK(mentions(checked.error(), file.string()));
    PoolTransport transport;
    transport.ca_file = file;
    CHECK(refusal(Identity(Wish{}), transport) == checked.error());
  }
  const Site site;
  CHECK(check_ca_file(site.trusting().ca_file));
}

}  // namespace ebb::stratum
