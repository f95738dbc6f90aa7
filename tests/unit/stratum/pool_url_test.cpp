#include "stratum/pool_url.h"

#include "tests/unit/catch.h"

using namespace ebb::stratum;

TEST_CASE("pool url: names, addresses, ports") {
  CHECK(parse_pool_url("stratum+tcp://pool.example.org:3333")->at.host == "pool.example.org");
  CHECK(parse_pool_url("stratum+tcp://pool.example.org:3333/")->at.port == 3333);
  CHECK(parse_pool_url("stratum+tcp://127.0.0.1:1")->text() == "stratum+tcp://127.0.0.1:1");
  CHECK(parse_pool_url("stratum+tcp://[::1]:65535")->at.host == "::1");
  CHECK(parse_pool_url("stratum+tcp://[::1]:65535")->text() == "stratum+tcp://[::1]:65535");
}

TEST_CASE("pool url: mistakes are refused and quoted") {
  for (const char* bad : {"",
                          "foo",
                          "stratum://a:1",
                          "stratum+tcp://",
                          "stratum+tcp://h",
                          "stratum+tcp://h:",
                          "stratum+tcp://h:0",
                          "stratum+tcp://h:65536",
                          "stratum+tcp://h:99999999999999",
                          "stratum+tcp://h:12x",
                          "stratum+tcp://:3333",
                          "stratum+tcp://a b:1",
                          "stratum+tcp://user@h:1",
                          "stratum+tcp://[::1:1",
                          "stratum+tcp://[]:1",
                          "stratum+tcp://[name]:1",
                          "stratum+tcp://h:-1",
                          "stratum+tcp://::1:3333",
                          "stratum+tcp://h:1/path",
                          "STRATUM+TCP://h:1"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_pool_url(bad));
  }
  CHECK(parse_pool_url("stratum+tcp://h:99999").error().find("h:99999") != std::string::npos);
  CHECK_FALSE(parse_pool_url("stratum+tcp://" + std::string(254, 'a') + ":1"));
}

TEST_CASE("pool url: schemes") {
  using Scheme = PoolUrl::Scheme;
  CHECK(parse_pool_url("stratum+tcp://h:1")->scheme == Scheme::tcp);
  for (const char* tls : {"stratum+tls://h:1", "stratum+ssl://h:1", "stratum+tcps://h:1"}) {
    CHECK(parse_pool_url(tls)->scheme == Scheme::tls);
    CHECK(parse_pool_url(tls)->text() == "stratum+tls://h:1");
  }
  CHECK(parse_pool_url("http://h:1")->scheme == Scheme::node_http);
  CHECK(parse_pool_url("https://h:1/")->scheme == Scheme::node_https);
}

TEST_CASE("pool url: a node's credentials are kept and never shown") {
  const auto url = parse_pool_url("http://me:s3cr%40t@[::1]:8332");
  REQUIRE(url);
  CHECK(url->credentials == "me:s3cr%40t");
  CHECK(url->at == HostPort{"::1", 8332});
  CHECK(url->text() == "http://[::1]:8332");
  for (const char* bad : {"http://me:s3cr@h", "http://me:s3cr@h:0", "http://me:s3cr@h:1/x",
                          "http://me:s3cr@", "stratum+tcp://me:s3cr@h:1", "http://me:a@s3cr@h:1",
                          "http://me:s3cr/d@h:1", "http://me:s3cr#d@h:1", "http://me:s3cr",
                          "http://me:s3cr d@h:1", "htp://me:s3cr@h:1", "me:s3cr@h:1"}) {
    CAPTURE(bad);
    const auto refused = parse_pool_url(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().find("s3cr") == std::string::npos);
  }
}

TEST_CASE("pool url: a listen address may leave the port open") {
  CHECK(parse_host_port("127.0.0.1:0")->port == 0);
  CHECK_FALSE(parse_host_port("127.0.0.1"));
}
