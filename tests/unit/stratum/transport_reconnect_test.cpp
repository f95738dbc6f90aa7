#include "stratum/transport/reconnect.h"
#include "tests/unit/catch.h"

namespace ebb::stratum {
namespace {

PoolUrl pool(const std::string& host, PoolUrl::Scheme scheme = PoolUrl::Scheme::tls) {
  return {scheme, {host, 3333}, ""};
}

bool leads_from_to(const std::string& host, const std::string& other) {
  Reconnects reconnects(pool(host), true);
  const auto to = reconnects.next({other, 443, 0});
  return to && to->at == HostPort{other, 443};
}

}  // namespace

TEST_CASE("reconnect: within one registrable domain") {
  CHECK(leads_from_to("pool.example.org", "eu.example.org"));
  CHECK(leads_from_to("pool.example.org", "example.org"));
  CHECK(leads_from_to("example.org", "a.b.example.org"));
  CHECK(leads_from_to("Pool.Example.org", "EU.example.ORG."));
  CHECK(leads_from_to("a.pool.co.uk", "b.pool.co.uk"));
  CHECK(leads_from_to("stratum.umbrel.local", "umbrel.local"));
  CHECK(leads_from_to("localhost", "localhost"));

  CHECK_FALSE(leads_from_to("example.org", "evil.org"));
  CHECK_FALSE(leads_from_to("ckpool.org", "x.org"));
  CHECK_FALSE(leads_from_to("example.org", "notexample.org"));
  CHECK_FALSE(leads_from_to("pool.example.org", "example.org.evil.net"));
  CHECK_FALSE(leads_from_to("pool.co.uk", "evil.co.uk"));
  CHECK_FALSE(leads_from_to("co.uk", "evil.co.uk"));
  CHECK_FALSE(leads_from_to("me.github.io", "evil.github.io"));
  CHECK_FALSE(leads_from_to("localhost", "otherhost"));
  CHECK_FALSE(leads_from_to("umbrel.local", "evil.local"));
}

TEST_CASE("reconnect: an address is only itself") {
  CHECK(leads_from_to("192.0.2.1", "192.0.2.1"));
  CHECK(leads_from_to("2001:db8::1", "2001:db8:0::1"));
  CHECK_FALSE(leads_from_to("192.0.2.1", "192.0.2.2"));
  CHECK_FALSE(leads_from_to("192.0.2.1", "pool.example.org"));
  CHECK_FALSE(leads_from_to("pool.example.org", "192.0.2.1"));
  CHECK_FALSE(leads_from_to("2001:db8::1", "2001:db8::2"));
}

TEST_CASE("reconnect: what is no host leads nowhere") {
  for (const char* const bad : {"evil.net/.example.org", "evil.net:443 HTTP/1.1\r\nX: .example.org",
                                "a@b.example.org", " eu.example.org", "[::1]"}) {
    CHECK_FALSE(leads_from_to("pool.example.org", bad));
  }
  CHECK_FALSE(leads_from_to("pool.example.org", std::string(300, 'a') + ".example.org"));
}

TEST_CASE("reconnect: the scheme stays, what is not named as well") {
  for (const auto scheme : {PoolUrl::Scheme::tls, PoolUrl::Scheme::tcp}) {
    Reconnects reconnects(pool("pool.example.org", scheme), true);
    CHECK(reconnects.next({"eu.example.org", 443, 0})->scheme == scheme);
    CHECK(reconnects.next({"", 0, 0})->at == HostPort{"pool.example.org", 3333});
    CHECK(reconnects.next({"", 444, 0})->at == HostPort{"pool.example.org", 444});
  }
}

TEST_CASE("reconnect: three in a row, then back") {
  Reconnects reconnects(pool("pool.example.org"), true);
  const ReconnectRequested request{"eu.example.org", 0, 0};
  for (int row = 0; row < 3; ++row) {
    for (int hop = 0; hop < 3; ++hop)
      CHECK(reconnects.next(request));
    CHECK_FALSE(reconnects.next(request));  // and a new row begins at the configured address
  }
  for (int hop = 0; hop < 10; ++hop) {
    CHECK(reconnects.next(request));
    reconnects.proven();
  }
  // What is refused anyway is no hop.
  for (int hop = 0; hop < 10; ++hop)
    CHECK_FALSE(reconnects.next({"evil.net", 0, 0}));
  CHECK(reconnects.next(request));
}

TEST_CASE("reconnect: not followed, it leads to the configured address") {
  Reconnects reconnects(pool("pool.example.org"), false);
  CHECK(reconnects.next({"eu.example.org", 443, 0})->at == HostPort{"pool.example.org", 3333});
  CHECK(reconnects.next({"evil.net", 443, 0})->at == HostPort{"pool.example.org", 3333});
}

}  // namespace ebb::stratum
