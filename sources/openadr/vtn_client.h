#pragma once
// Requests to a VTN: with a token, as long as it is good.

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "sources/http_client.h"
#include "throttle/signal_book.h"

namespace ebb::sources::openadr {

struct VtnSettings {
  std::string url;        ///< "https://vtn.example/openadr3/3.1.0", without a slash at its end
  std::string token_url;  ///< empty: what the VTN says, else <url>/auth/token
  std::string client_id, client_secret;  ///< empty: the VTN asks for none
  std::string scope;
};

/// Why there is no answer to use.
struct Refusal {
  std::string text;                          ///< one line, without secrets
  long status = 0;                           ///< of the answer; 0: there was none
  std::optional<std::chrono::seconds> wait;  ///< as the server asks
};

/// One thread. Everything is bounded by HttpClient.
class VtnClient {
 public:
  using Transport = std::function<tl::expected<HttpAnswer, std::string>(
      const HttpRequest& request, const std::stop_token& stop)>;
  using Clock = std::function<throttle::Now()>;

  VtnClient(VtnSettings settings, Transport transport, Clock clock);

  /// `path` with its query: "/events?limit=50". An answer of status 2xx; a token that is refused is
  /// renewed once.
  tl::expected<HttpAnswer, Refusal> get(const std::string& path, const std::stop_token& stop);
  /// POST, PUT or DELETE with JSON.
  tl::expected<HttpAnswer, Refusal> send(std::string_view method, const std::string& path,
                                         std::string body, const std::stop_token& stop);

  /// By how much the server's clock is ahead, by its latest answer.
  std::optional<std::chrono::seconds> skew() const { return skew_; }
  /// For who else asks for it, such as a broker; empty: none.
  const std::string& token() const { return token_; }
  throttle::Now now() const { return clock_(); }

 private:
  tl::expected<HttpAnswer, Refusal> request(HttpRequest request, const std::stop_token& stop);
  tl::expected<HttpAnswer, Refusal> exchange(const HttpRequest& request,
                                             const std::stop_token& stop);
  tl::expected<void, Refusal> authorise(const std::stop_token& stop);
  tl::expected<void, Refusal> find_token_url(const std::stop_token& stop);
  tl::expected<void, Refusal> fetch_token(const std::stop_token& stop);
  Refusal refusal_of(const HttpAnswer& answer) const;

  VtnSettings settings_;
  Transport transport_;
  Clock clock_;
  std::string token_url_, token_;
  std::optional<throttle::SteadyTime> renew_at_, expires_at_;
  std::optional<std::chrono::seconds> skew_;
};

}  // namespace ebb::sources::openadr
