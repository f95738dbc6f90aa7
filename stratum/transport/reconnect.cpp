#include "stratum/transport/reconnect.h"

#include <libpsl.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>
#include <utility>

namespace ebb::stratum {
namespace {

using boost::asio::ip::address;

std::optional<address> as_address(const std::string& host) {
  boost::system::error_code not_numeric;
  const address parsed = boost::asio::ip::make_address(host, not_numeric);
  if (not_numeric) return {};
  return parsed;
}

/// As the list of public suffixes has it. Host names are ASCII (pool_url.h), whatever the locale.
std::string canonical(std::string host) {
  if (host.ends_with('.')) host.pop_back();
  std::transform(host.begin(), host.end(), host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return host;
}

/// Empty where there is none: the name is a public suffix itself, or of one part.
std::string registrable_domain(const std::string& name) {
  // The newer of the system's list and the library's own; never freed, for it lives as long as we.
  static const psl_ctx_t* const list = psl_latest(nullptr);
  if (list == nullptr) return {};
  const char* const domain = psl_registrable_domain(list, name.c_str());
  return domain == nullptr ? "" : domain;
}

}  // namespace

bool is_same_owner(const std::string& host, const std::string& other) {
  const auto address_of_host = as_address(host);
  const auto address_of_other = as_address(other);
  if (address_of_host || address_of_other) return address_of_host == address_of_other;
  const std::string a = canonical(host);
  const std::string b = canonical(other);
  if (a == b) return true;
  const std::string domain = registrable_domain(a);
  return !domain.empty() && domain == registrable_domain(b);
}

tl::expected<PoolUrl, std::string> Reconnects::next(const ReconnectRequested& request) {
  PoolUrl to = configured_;
  if (follow_) {
    if (!request.host.empty()) to.at.host = request.host;
    if (request.port != 0) to.at.port = request.port;
  }
  // What a pool calls a host also goes to name servers and proxies.
  const auto parsed = parse_host_port(to.at.text());
  if (!parsed || *parsed != to.at) {
    return tl::unexpected<std::string>("the pool asked for a move to a host that is none");
  }
  if (!is_same_owner(configured_.at.host, to.at.host)) {
    return tl::unexpected<std::string>(
        "the pool asked for a move to another domain, which is refused");
  }
  if (hops_ >= kMaxHops) {
    hops_ = 0;
    return tl::unexpected("the pool asked for more than " + std::to_string(kMaxHops) +
                          " moves in a row, which is refused");
  }
  ++hops_;
  return to;
}

}  // namespace ebb::stratum
