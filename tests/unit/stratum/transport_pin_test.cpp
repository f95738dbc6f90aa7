#include "stratum/transport/pin.h"
#include "stratum/transport/proxy.h"
#include "tests/unit/catch.h"

namespace ebb::stratum {

TEST_CASE("pin: as openssl prints it, or plain") {
  const std::string digits = "00ff10" + std::string(56, 'a') + "bc";
  const auto pin = parse_pin("sha256:" + digits);
  REQUIRE(pin);
  CHECK(pin->sha256[1] == 0xff);
  CHECK(pin->sha256[31] == 0xbc);
  CHECK(pin->text() == "sha256:" + digits);
  std::string upper = "sha256:00:FF:10";
  for (int i = 0; i < 28; ++i)
    upper += ":AA";
  CHECK(parse_pin(upper + ":BC") == *pin);

  for (const std::string& bad :
       {std::string(), digits, "sha1:" + digits, "sha256:" + digits + "0", "sha256:" + digits + ":",
        "sha256:" + digits.substr(1), "sha256:" + digits.substr(2), "sha256: " + digits.substr(1),
        "sha256:+f" + digits.substr(2), "sha256:0x" + digits.substr(2), upper + ":", upper + "BC",
        upper + ":B", upper + ":BC:00"}) {
    const auto refused = parse_pin(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().find("is no pin") != std::string::npos);
  }
}

TEST_CASE("proxy: its address") {
  const auto socks = parse_proxy("socks5://127.0.0.1:9050");
  REQUIRE(socks);
  CHECK(socks->kind == Proxy::Kind::socks5);
  CHECK(socks->at == HostPort{"127.0.0.1", 9050});
  CHECK(socks->user.empty());
  CHECK(parse_proxy("socks5h://[::1]:9050/")->at == HostPort{"::1", 9050});

  const auto http = parse_proxy("http://me:p%40ss%3A@word@proxy.example.org:3128");
  REQUIRE(http);
  CHECK(http->kind == Proxy::Kind::http);
  CHECK(http->at == HostPort{"proxy.example.org", 3128});
  CHECK(http->user == "me");
  CHECK(http->password == "p@ss:@word");
  CHECK(http->text() == "http://proxy.example.org:3128");
  CHECK(parse_proxy("socks5://me@h:1")->password.empty());
}

TEST_CASE("proxy: what is wrong is said without credentials") {
  for (const std::string& bad :
       {std::string("secret:secret@h:1"), std::string("https://secret:secret@h:1"),
        std::string("socks4://secret@h:1"), std::string("socks5://secret:secret@h"),
        std::string("socks5://secret:secret"), std::string("socks5://secret:secret@:1"),
        std::string("http://secret:secret@h:0"), std::string("http://secret:%2@h:1"),
        std::string("http://secret:%zz@h:1"), std::string("http://:secret@h:1"),
        std::string("http://secret%3Asecret:x@h:1"), std::string("socks5://secret:%0A@h:1"),
        "socks5://secret:" + std::string(256, 'x') + "@h:1"}) {
    const auto refused = parse_proxy(bad);
    INFO(bad);
    REQUIRE_FALSE(refused);
    CHECK_FALSE(refused.error().empty());
    CHECK(refused.error().find("secret") == std::string::npos);
  }
}

TEST_CASE("proxy: a password from elsewhere") {
  const Proxy proxy = *parse_proxy("socks5://me@h:1");
  CHECK(with_password(proxy, "pass:word")->password == "pass:word");
  CHECK(with_password(proxy, "pass:word")->user == "me");
  CHECK_FALSE(with_password(proxy, std::string(256, 'x')));
  CHECK_FALSE(with_password(proxy, "two\nlines"));
  CHECK_FALSE(with_password(*parse_proxy("socks5://h:1"), "x"));
}

}  // namespace ebb::stratum
