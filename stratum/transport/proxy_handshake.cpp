#include "stratum/transport/proxy_handshake.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>

namespace ebb::stratum {
namespace {

using Step = ProxyHandshake::Step;

tl::unexpected<std::string> fault(std::string what) {
  return tl::unexpected(std::move(what));
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

/// RFC 1928, and RFC 1929 where the proxy asks for user and password.
class Socks5Handshake final : public ProxyHandshake {
 public:
  Socks5Handshake(const Proxy& proxy, const HostPort& to)
      : user_(proxy.user), password_(proxy.password), request_(connect_request(to)) {
    send(user_.empty() ? std::string{kVersion, 1, kNoAuthentication}
                       : std::string{kVersion, 2, kNoAuthentication, kUserPassword});
  }

  Step receive(std::string_view bytes) override {
    answer_.append(bytes.substr(0, kMaxAnswer - answer_.size()));
    // RFC 1929 has a version of its own, which not every proxy writes.
    if (phase_ != Phase::authentication && !answer_.empty() && answer_[0] != kVersion) {
      return fault("it does not speak SOCKS5");
    }
    const std::size_t wanted = answer_size();
    if (answer_.size() < wanted) return {};
    if (answer_.size() > wanted) return fault("it says more than it was asked");
    const std::string answer = std::exchange(answer_, {});
    switch (phase_) {
      case Phase::method:
        return on_method(answer);
      case Phase::authentication:
        if (answer[1] != 0) return fault("it refuses the user and password");
        return ask();
      case Phase::request:
        return on_reply(answer);
    }
    return fault("BUG: no such phase");
  }

 private:
  enum class Phase { method, authentication, request };

  static constexpr char kVersion = 5;
  static constexpr char kNoAuthentication = 0;
  static constexpr char kUserPassword = 2;
  enum AddressType : std::uint8_t { kIpv4 = 1, kName = 3, kIpv6 = 4 };

  static std::string connect_request(const HostPort& to) {
    std::string request{kVersion, 1, 0};
    boost::system::error_code not_numeric;
    const auto address = boost::asio::ip::make_address(to.host, not_numeric);
    if (not_numeric) {
      request += static_cast<char>(kName);
      request += static_cast<char>(to.host.size());
      request += to.host;
    } else if (address.is_v4()) {
      request += static_cast<char>(kIpv4);
      for (const std::uint8_t byte : address.to_v4().to_bytes())
        request += static_cast<char>(byte);
    } else {
      request += static_cast<char>(kIpv6);
      for (const std::uint8_t byte : address.to_v6().to_bytes())
        request += static_cast<char>(byte);
    }
    request += static_cast<char>(to.port >> 8U);
    request += static_cast<char>(to.port & 255U);
    return request;
  }

  /// Of the answer under way, as far as its first bytes tell.
  std::size_t answer_size() const {
    constexpr std::size_t kHead = 4;
    constexpr std::size_t kPort = 2;
    if (phase_ != Phase::request) return 2;
    if (answer_.size() < kHead + 1) return kHead + 1;
    switch (byte_at(answer_, 3)) {
      case kIpv4:
        return kHead + 4 + kPort;
      case kIpv6:
        return kHead + 16 + kPort;
      default:
        return kHead + 1 + byte_at(answer_, kHead) + kPort;
    }
  }

  Step on_method(std::string_view answer) {
    if (answer[1] == kNoAuthentication) return ask();
    if (answer[1] == kUserPassword && !user_.empty()) {
      phase_ = Phase::authentication;
      std::string output{1, static_cast<char>(user_.size())};
      output += user_;
      output += static_cast<char>(password_.size());
      output += password_;
      send(std::move(output));
      return {};
    }
    return fault(user_.empty() ? "it wants a user and password"
                               : "it takes no user and password, nor anybody without them");
  }

  Step ask() {
    phase_ = Phase::request;
    send(request_);
    return {};
  }

  Step on_reply(std::string_view answer) {
    constexpr std::array<std::string_view, 9> kReplies = {
        "",
        "it failed",
        "its rules forbid this address",
        "the network is unreachable from there",
        "the host is unreachable from there",
        "the connection was refused",
        "the way is too long (TTL expired)",
        "it does not know the command CONNECT",
        "it does not know this kind of address",
    };
    const std::uint8_t code = byte_at(answer, 1);
    if (code >= kReplies.size()) return fault("it answers with error " + std::to_string(code));
    if (code != 0) return fault(std::string(kReplies[code]));
    succeed();
    return {};
  }

  std::string user_;
  std::string password_;
  std::string request_;
  Phase phase_ = Phase::method;
  std::string answer_;
};

std::string base64(std::string_view text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends it with a NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return encoded;
}

/// RFC 9110, 9.3.6.
class HttpConnectHandshake final : public ProxyHandshake {
 public:
  HttpConnectHandshake(const Proxy& proxy, const HostPort& to) : has_user_(!proxy.user.empty()) {
    std::string output = "CONNECT " + to.text() + " HTTP/1.1\r\nHost: " + to.text() + "\r\n";
    if (has_user_) {
      output += "Proxy-Authorization: Basic " + base64(proxy.user + ":" + proxy.password) + "\r\n";
    }
    send(output + "\r\n");
  }

  Step receive(std::string_view bytes) override {
    constexpr std::string_view kEnd = "\r\n\r\n";
    answer_.append(bytes.substr(0, kMaxAnswer - answer_.size()));
    const std::size_t end = answer_.find(kEnd);
    if (end == std::string::npos) {
      if (answer_.size() == kMaxAnswer) return fault("its answer has no end");
      return {};
    }
    if (auto accepted = on_status(answer_.substr(0, answer_.find("\r\n"))); !accepted) {
      return accepted;
    }
    if (answer_.size() > end + kEnd.size()) return fault("it says more than it was asked");
    succeed();
    return {};
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  /// "HTTP/1.1 200 Connection established"
  Step on_status(std::string_view line) const {
    constexpr std::size_t kCode = 9;
    if (!line.starts_with("HTTP/1.") || line.size() < kCode + 3 || line[kCode - 1] != ' ' ||
        !std::all_of(line.begin() + kCode, line.begin() + kCode + 3, is_digit)) {
      return fault("it does not speak HTTP");
    }
    const std::string_view code = line.substr(kCode, 3);
    if (code.front() == '2') return {};
    if (code == "407" || code == "401") {  // the latter is tinyproxy's, of a wrong password
      return fault(has_user_ ? "it refuses the user and password" : "it wants a user and password");
    }
    // Not the text behind it: nothing keeps a proxy from repeating there what it was told.
    return fault("it answers CONNECT with status " + std::string(code));
  }

  bool has_user_;
  std::string answer_;
};

}  // namespace

std::unique_ptr<ProxyHandshake> make_proxy_handshake(const Proxy& proxy, const HostPort& to) {
  if (proxy.kind == Proxy::Kind::socks5) return std::make_unique<Socks5Handshake>(proxy, to);
  return std::make_unique<HttpConnectHandshake>(proxy, to);
}

}  // namespace ebb::stratum
