#include "stratum/pool_url.h"

#include "tests/unit/catch.h"

using namespace ebb::stratum;

TEST_CASE("pool url: names, addresses, ports") {
  CHECK(parse_pool_url("stratum+tcp://pool.example.org:3333")->host == "pool.example.org");
  CHECK(parse_pool_url("stratum+tcp://pool.example.org:3333/")->port == 3333);
  CHECK(parse_pool_url("stratum+tcp://127.0.0.1:1")->text() == "127.0.0.1:1");
  CHECK(parse_pool_url("stratum+tcp://[::1]:65535")->host == "::1");
  CHECK(parse_pool_url("stratum+tcp://[::1]:65535")->text() == "[::1]:65535");
}

TEST_CASE("pool url: mistakes are refused and quoted") {
  for (const char* bad : {"",
                          "foo",
                          "http://a:1",
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

TEST_CASE("pool url: a listen address may leave the port open") {
  CHECK(parse_host_port("127.0.0.1:0")->port == 0);
  CHECK_FALSE(parse_host_port("127.0.0.1"));
}
