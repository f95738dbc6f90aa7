#pragma once
// What the fuzzer of proxies' answers does with its bytes. The unit tests replay its corpus.

#include <algorithm>
#include <string>
#include <string_view>

#include "stratum/transport/proxy_handshake.h"
#include "tests/fuzz/fuzz_bodies.h"

namespace ebb::stratum {

/// Whatever a proxy says, errors are plain and without credentials, and what is accepted in one
/// piece is accepted byte by byte. The first byte chooses the proxy; each answer that follows is a
/// byte with its length, and its bytes.
inline void fuzz_proxy(std::string_view data) {
  if (data.empty()) return;
  const auto choice = static_cast<unsigned char>(data.front());
  data.remove_prefix(1);
  Proxy proxy;
  proxy.kind = (choice & 1U) != 0 ? Proxy::Kind::http : Proxy::Kind::socks5;
  proxy.at = {"proxy.example.org", 1080};
  if ((choice & 2U) != 0) {
    proxy.user = "Us3rName";
    proxy.password = "Passw0rd";
  }
  const HostPort to{(choice & 4U) != 0 ? "2001:db8::1" : "pool.example.org", 3333};
  const auto whole = make_proxy_handshake(proxy, to);
  const auto pieces = make_proxy_handshake(proxy, to);
  while (!data.empty() && !whole->done()) {
    const std::string output = whole->take_output();
    must(output.size() < 1024, "output size");
    must(output == pieces->take_output(), "output depends on the packets");
    const std::string_view answer = data.substr(1, static_cast<unsigned char>(data.front()));
    data.remove_prefix(std::min(data.size(), 1 + answer.size()));
    const auto step = whole->receive(answer);
    if (!step) {
      must(plain_text(step.error(), 100) && !step.error().empty(), "error text");
      must(step.error().find("Us3r") == std::string::npos, "the user in an error");
      must(step.error().find("Passw") == std::string::npos, "the password in an error");
      must(step.error().find("BUG") == std::string::npos, "a BUG");
      return;
    }
    for (const char& byte : answer) {
      must(!pieces->done(), "bytes after the answer were accepted");
      must(pieces->receive({&byte, 1}).has_value(), "the answer depends on the packets");
    }
    must(whole->done() == pieces->done(), "the end depends on the packets");
  }
}

}  // namespace ebb::stratum
