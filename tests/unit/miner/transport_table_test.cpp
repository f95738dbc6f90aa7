#include "miner/transport_table.h"

#include <fstream>

#include "miner/config_file.h"
#include "miner/pool_config.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

namespace ebb::miner {
namespace {

const std::string kPin = "sha256:" + std::string(64, 'a');

tl::expected<MineOptions, std::string> pool(const std::string& keys,
                                            const std::string& scheme = "stratum+tls://") {
  return parse_config("[[pool]]\nuser = 'me'\nurl = '" + scheme + "pool.example.org:443'\n" + keys,
                      "conf/ebb.toml");
}

std::string fault(const std::string& keys, const std::string& scheme = "stratum+tls://") {
  const auto options = pool(keys, scheme);
  CAPTURE(keys);
  REQUIRE_FALSE(options);
  CHECK(options.error().find("secret") == std::string::npos);
  CHECK(options.error().find('\n') == std::string::npos);
  return options.error();
}

}  // namespace

TEST_CASE("config: how a pool is reached") {
  const auto options = pool("ca_file = 'ca.pem'\npin = '" + kPin +
                            "'\nproxy = 'socks5://me:secret@127.0.0.1:9050'\n"
                            "follow_reconnect = false");
  REQUIRE(options);
  const stratum::PoolTransport& transport = options->pools.at(0).transport.pool;
  CHECK(transport.ca_file == "conf/ca.pem");
  CHECK(transport.pins == std::vector{*stratum::parse_pin(kPin)});
  CHECK(transport.proxy->at.port == 9050);
  CHECK(transport.proxy->password == "secret");
  CHECK_FALSE(transport.follow_reconnect);

  const auto plain = pool("", "stratum+tcp://");
  CHECK(plain->pools.at(0).transport.pool.pins.empty());
  CHECK_FALSE(plain->pools.at(0).transport.pool.proxy);
  CHECK(plain->pools.at(0).transport.pool.follow_reconnect);
  const auto two = pool("pin = ['" + kPin + "', 'sha256:" + std::string(64, '0') + "']");
  CHECK(two->pools.at(0).transport.pool.pins.size() == 2);
}

TEST_CASE("config: faults of how a pool is reached") {
  CHECK(fault("pin = 'sha256:12'").find("pin: 'sha256:12' is no pin") != std::string::npos);
  CHECK(fault("pin = 1").find("must be a text") != std::string::npos);
  CHECK(fault("pin = []").find("empty list") != std::string::npos);
  CHECK(fault("pin = ['" + kPin + "', 3]").find("must be a text") != std::string::npos);
  CHECK(fault("pin = '" + kPin + "'", "stratum+tcp://").find("not encrypted") != std::string::npos);
  CHECK(fault("ca_file = 'ca.pem'", "stratum+tcp://").find("not encrypted") != std::string::npos);
  CHECK(fault("ca_file = ''").find("must name a file") != std::string::npos);
  CHECK(fault("proxy = 'secret:secret@h:1'").find("a proxy is socks5://") != std::string::npos);
  CHECK(fault("proxy = 'socks5://me:secret@h:1'' ").find("is not TOML") != std::string::npos);
  for (const char* const proxy :
       {"", "proxy = 'socks5://h:1'\n", "proxy = 'http://a:secret@h:1'\n"}) {
    CHECK(fault(std::string(proxy) + "proxy_password_file = 'p'").find("must name a user") !=
          std::string::npos);
  }
  std::string many = "pin = [";
  for (int i = 0; i < 17; ++i)
    many += "'" + kPin + "',";
  CHECK(fault(many + "]").find("more than 16") != std::string::npos);
}

TEST_CASE("config: what a pool's table names is read where the pool is mined at") {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "ebb.toml";
  const auto read = [&](const std::string& keys) -> tl::expected<MineOptions, std::string> {
    std::ofstream(file) << "[[pool]]\nuser = 'me'\nurl = 'stratum+tls://h:1'\n" << keys;
    auto options = read_config_file(file);
    REQUIRE(options);
    auto opened = open_pools(options->pools, file);
    if (!opened) return tl::unexpected(opened.error());
    return options;
  };
  std::ofstream(folder.path() / "password") << "Passw0rd\n";
  const auto options = read("proxy = 'http://me@h:1'\nproxy_password_file = 'password'");
  REQUIRE(options);
  CHECK(options->pools.at(0).transport.pool.proxy->password == "Passw0rd");

  std::ofstream(folder.path() / "long") << std::string(256, 'x');
  const auto too_long = read("proxy = 'http://me@h:1'\nproxy_password_file = 'long'");
  REQUIRE_FALSE(too_long);
  CHECK(too_long.error().find("xxx") == std::string::npos);
  const auto missing = read("ca_file = 'missing.pem'");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().find("missing.pem") != std::string::npos);
}

}  // namespace ebb::miner
