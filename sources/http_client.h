#pragma once
// HTTP(S) requests to other parties' servers.

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace ebb::sources {

struct HttpSettings {
  std::filesystem::path ca_file;  ///< beside the system's store: instead of it; empty: the system's
  bool verify = true;             ///< the server's certificate and name
  bool allow_clear_text = false;  ///< http:// URLs, too; never by a redirection
  std::size_t max_body = std::size_t{4} << 20;  ///< bytes of an answer
  std::chrono::milliseconds connect_timeout{3000};
  std::chrono::milliseconds timeout{10'000};  ///< of a whole request, each redirection a new one
};

struct HttpRequest {
  std::string method = "GET";
  std::string url{};
  std::vector<std::string> headers{};  ///< "Accept: application/json"
  std::string bearer{};                ///< secret; empty: none
  std::string user{}, password{};      ///< of basic authentication; empty: none
  std::string body{};
};

struct HttpAnswer {
  long status = 0;
  std::string body;
  std::string content_type;
  std::optional<std::chrono::seconds> retry_after;  ///< as the server asks
  std::optional<std::chrono::sys_seconds> date;     ///< by the server's clock
};

/// Keeps connections open between requests, TLS 1.2 or newer. Requests block and come from one
/// thread at a time.
class HttpClient {
 public:
  explicit HttpClient(HttpSettings settings = {});
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// An answer of any status. The error is one line: no answer, too long, not allowed; it quotes
  /// neither URL nor secrets. A stop request ends it at once. A GET follows up to three
  /// redirections, to https only; headers, bearer and password never go to another host.
  tl::expected<HttpAnswer, std::string> request(const HttpRequest& request,
                                                const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// `text` as a part of a URL's path or query, percent-encoded.
std::string url_encoded(std::string_view text);

}  // namespace ebb::sources
