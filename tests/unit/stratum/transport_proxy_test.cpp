#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_proxy.h"
#include "tests/unit/catch.h"

namespace ebb::stratum {
namespace {

using namespace std::string_literals;

const HostPort kPool{"pool.example.org", 3333};
const std::string kPoolRequest = "\x05\x01\x00\x03\x10pool.example.org\x0d\x05"s;
const std::string kGranted = "\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"s;

std::unique_ptr<ProxyHandshake> with(const std::string& proxy, const HostPort& to = kPool) {
  return make_proxy_handshake(*parse_proxy(proxy), to);
}

/// The last step's error; all before it must be good.
std::string fault_after(ProxyHandshake& handshake, const std::vector<std::string>& answers) {
  for (std::size_t i = 0; i + 1 < answers.size(); ++i)
    REQUIRE(handshake.receive(answers[i]));
  const auto last = handshake.receive(answers.back());
  CHECK_FALSE(handshake.done());
  return last ? "" : last.error();
}

}  // namespace

TEST_CASE("socks5: without authentication, by name") {
  const auto socks = with("socks5://h:1");
  CHECK(socks->take_output() == "\x05\x01\x00"s);
  REQUIRE(socks->receive("\x05\x00"s));
  CHECK(socks->take_output() == kPoolRequest);
  CHECK_FALSE(socks->done());
  REQUIRE(socks->receive(kGranted));
  CHECK(socks->done());
  CHECK(socks->take_output().empty());
}

TEST_CASE("socks5: user and password") {
  const auto socks = with("socks5://me:secret@h:1");
  CHECK(socks->take_output() == "\x05\x02\x00\x02"s);
  SECTION("asked for") {
    REQUIRE(socks->receive("\x05\x02"s));
    CHECK(socks->take_output() == "\x01\x02me\x06secret"s);
    REQUIRE(socks->receive("\x01\x00"s));
    CHECK(socks->take_output() == kPoolRequest);
    REQUIRE(socks->receive(kGranted));
    CHECK(socks->done());
  }
  SECTION("not asked for") {
    REQUIRE(socks->receive("\x05\x00"s));
    CHECK(socks->take_output() == kPoolRequest);
  }
  SECTION("refused") {
    const std::string why = fault_after(*socks, {"\x05\x02"s, "\x01\x01"s});
    CHECK(why == "it refuses the user and password");
  }
}

TEST_CASE("socks5: addresses go as addresses") {
  const auto v4 = with("socks5://h:1", {"192.0.2.1", 443});
  REQUIRE(v4->receive("\x05\x00"s));
  CHECK(v4->take_output() == "\x05\x01\x00\x01\xc0\x00\x02\x01\x01\xbb"s);
  const auto v6 = with("socks5://h:1", {"2001:db8::1", 443});
  REQUIRE(v6->receive("\x05\x00"s));
  CHECK(v6->take_output() == "\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb"s);
}

TEST_CASE("socks5: faults") {
  CHECK(fault_after(*with("socks5://h:1"), {"\x05\x02"s}) == "it wants a user and password");
  CHECK(fault_after(*with("socks5://h:1"), {"\x05\xff"s}) == "it wants a user and password");
  CHECK(fault_after(*with("socks5://me:x@h:1"), {"\x05\xff"s}) ==
        "it takes no user and password, nor anybody without them");
  CHECK(fault_after(*with("socks5://h:1"), {"HT"}) == "it does not speak SOCKS5");
  CHECK(fault_after(*with("socks5://h:1"), {"\x05\x00"s, "HTTP/1.1 4"}) ==
        "it does not speak SOCKS5");
  CHECK(fault_after(*with("socks5://h:1"), {"\x05\x00"s, "\x05\x05\x00\x01\0\0\0\0\0\0"s}) ==
        "the connection was refused");
  CHECK(fault_after(*with("socks5://h:1"), {"\x05\x00"s, "\x05\x7f\x00\x01\0\0\0\0\0\0"s}) ==
        "it answers with error 127");
  CHECK(fault_after(*with("socks5://h:1"), {"\x05\x00"s, kGranted + "x"}) ==
        "it says more than it was asked");
}

TEST_CASE("http proxy: CONNECT") {
  const auto http = with("http://h:1");
  CHECK(http->take_output() ==
        "CONNECT pool.example.org:3333 HTTP/1.1\r\nHost: pool.example.org:3333\r\n\r\n");
  REQUIRE(http->receive("HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n"));
  CHECK_FALSE(http->done());
  REQUIRE(http->receive("\r\n"));
  CHECK(http->done());
}

TEST_CASE("http proxy: Basic authentication") {
  // RFC 7617, 2
  const auto http = with("http://Aladdin:open%20sesame@h:1", {"2001:db8::1", 443});
  CHECK(http->take_output() ==
        "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n"
        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
  CHECK(fault_after(*http, {"HTTP/1.1 407 Aladdin\r\n\r\n"}) == "it refuses the user and password");
}

TEST_CASE("http proxy: faults") {
  // tinyproxy's answer to a wrong password
  CHECK(fault_after(*with("http://me:x@h:1"), {"HTTP/1.0 401 Unauthorized\r\n\r\n"}) ==
        "it refuses the user and password");
  CHECK(fault_after(*with("http://h:1"), {"HTTP/1.1 407 No\r\n\r\n"}) ==
        "it wants a user and password");
  CHECK(fault_after(*with("http://h:1"), {"HTTP/1.1 403 Filtered\r\n\r\nbody"}) ==
        "it answers CONNECT with status 403");
  CHECK(fault_after(*with("http://h:1"), {"HTTP/1.1 20\r\n\r\n"}) == "it does not speak HTTP");
  CHECK(fault_after(*with("http://h:1"), {"HTTP/2 200 \r\n\r\n"}) == "it does not speak HTTP");
  CHECK(fault_after(*with("http://h:1"), {"HTTP/1.1 200 OK\r\n\r\nx"}) ==
        "it says more than it was asked");
  const auto endless = with("http://h:1");
  const std::string header(1024, 'x');
  std::size_t sent = 0;
  while (endless->receive(header))
    sent += header.size();
  CHECK(sent + header.size() == ProxyHandshake::kMaxAnswer);
}

TEST_CASE("fuzz corpus: proxies") {
  int files = 0;
  for (const auto& it :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/proxy")) {
    std::ifstream file(it.path(), std::ios::binary);
    const std::string data{std::istreambuf_iterator<char>(file), {}};
    INFO(it.path().filename().string());
    CHECK_NOTHROW(fuzz_proxy(data));
    ++files;
  }
  CHECK(files >= 14);
}

}  // namespace ebb::stratum
