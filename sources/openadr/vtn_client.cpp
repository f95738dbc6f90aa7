#include "sources/openadr/vtn_client.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/printable.h"
#include "sources/openadr/openadr_json.h"

namespace ebb::sources::openadr {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxToken = std::size_t{16} << 10;
constexpr seconds kMaxLife{30 * 24 * 3600};
constexpr seconds kMaxWait{600};

bool is_ok(const HttpAnswer& answer) {
  return answer.status >= 200 && answer.status < 300;
}

/// Fit to stand in a header.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kMaxToken &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_bearer(std::string type) {
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type.empty() || type == "bearer";
}

/// "https://vtn.example" of "https://vtn.example/openadr3".
std::string origin_of(const std::string& url) {
  const std::size_t path = url.find('/', url.find("//") + 2);
  return url.substr(0, path);
}

}  // namespace

VtnClient::VtnClient(VtnSettings settings, Transport transport, Clock clock)
    : settings_(std::move(settings)),
      transport_(std::move(transport)),
      clock_(std::move(clock)),
      token_url_(settings_.token_url) {}

tl::expected<HttpAnswer, Refusal> VtnClient::get(const std::string& path,
                                                 const std::stop_token& stop) {
  HttpRequest request;
  request.url = settings_.url + path;
  return this->request(std::move(request), stop);
}

tl::expected<HttpAnswer, Refusal> VtnClient::send(std::string_view method, const std::string& path,
                                                  std::string body, const std::stop_token& stop) {
  HttpRequest request;
  request.method = method;
  request.url = settings_.url + path;
  if (!body.empty()) request.headers.emplace_back("Content-Type: application/json");
  request.body = std::move(body);
  return this->request(std::move(request), stop);
}

tl::expected<HttpAnswer, Refusal> VtnClient::request(HttpRequest request,
                                                     const std::stop_token& stop) {
  request.headers.emplace_back("Accept: application/json");
  for (bool again = true;; again = false) {
    if (auto authorised = authorise(stop); !authorised) {
      return tl::unexpected(authorised.error());
    }
    request.bearer = token_;
    auto answer = exchange(request, stop);
    if (answer || answer.error().status != 401 || token_.empty() || !again) return answer;
    token_.clear();
  }
}

tl::expected<HttpAnswer, Refusal> VtnClient::exchange(const HttpRequest& request,
                                                      const std::stop_token& stop) {
  auto answer = transport_(request, stop);
  if (!answer) return tl::unexpected(Refusal{answer.error(), 0, {}});
  if (answer->date) skew_ = *answer->date - std::chrono::floor<seconds>(clock_().wall);
  if (!is_ok(*answer)) return tl::unexpected(refusal_of(*answer));
  return *std::move(answer);
}

tl::expected<void, Refusal> VtnClient::authorise(const std::stop_token& stop) {
  if (settings_.client_id.empty()) return {};
  const throttle::SteadyTime now = clock_().steady;
  const bool usable = !token_.empty() && (!expires_at_ || now < *expires_at_);
  if (usable && (!renew_at_ || now < *renew_at_)) return {};
  auto fetched = find_token_url(stop);
  if (fetched) fetched = fetch_token(stop);
  // One that can still be used is better than none.
  if (!fetched && usable) return {};
  return fetched;
}

tl::expected<void, Refusal> VtnClient::find_token_url(const std::stop_token& stop) {
  if (!token_url_.empty()) return {};
  HttpRequest request;
  request.url = settings_.url + "/auth/server";
  const auto answer = exchange(request, stop);
  if (!answer && (answer.error().status == 0 || answer.error().status == 429 ||
                  answer.error().status >= 500)) {
    return tl::unexpected(answer.error());
  }
  std::string url = settings_.url + "/auth/token";  // of 3.0.1, which has no /auth/server
  if (answer) {
    const auto json = parse_json(answer->body);
    const auto* object = json ? json->if_object() : nullptr;
    if (object != nullptr) url = string_member(*object, "tokenURL", 2000);
    if (url.starts_with('/')) url = origin_of(settings_.url) + url;
    if (!url.starts_with("https://")) {
      return tl::unexpected(Refusal{"/auth/server names no https:// address for tokens", 0, {}});
    }
  }
  token_url_ = std::move(url);
  return {};
}

tl::expected<void, Refusal> VtnClient::fetch_token(const std::stop_token& stop) {
  HttpRequest request;
  request.method = "POST";
  request.url = token_url_;
  request.headers = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json"};
  request.body = "grant_type=client_credentials&client_id=" + url_encoded(settings_.client_id) +
                 "&client_secret=" + url_encoded(settings_.client_secret);
  if (!settings_.scope.empty()) request.body += "&scope=" + url_encoded(settings_.scope);
  const auto answer = exchange(request, stop);
  if (!answer) {
    Refusal refusal = answer.error();
    refusal.text = "no token: " + refusal.text;
    // It may have moved: ask again where it is.
    if (settings_.token_url.empty()) token_url_.clear();
    return tl::unexpected(std::move(refusal));
  }
  const auto json = parse_json(answer->body);
  const auto* object = json ? json->if_object() : nullptr;
  std::string token = object == nullptr ? "" : string_member(*object, "access_token", kMaxToken);
  if (!is_token(token) || !is_bearer(string_member(*object, "token_type"))) {
    return tl::unexpected(Refusal{"no token: the token server's answer has none", 0, {}});
  }
  token_ = std::move(token);
  renew_at_.reset();
  expires_at_.reset();
  if (const auto life = integer_member(*object, "expires_in"); life && *life > 0) {
    const seconds lasts =
        std::min(seconds(std::min<std::int64_t>(*life, kMaxLife.count())), kMaxLife);
    const throttle::SteadyTime now = clock_().steady;
    expires_at_ = now + lasts;
    renew_at_ = now + std::max(lasts * 4 / 5, lasts - seconds(60));
  }
  return {};
}

Refusal VtnClient::refusal_of(const HttpAnswer& answer) const {
  Refusal refusal{"HTTP " + std::to_string(answer.status), answer.status, answer.retry_after};
  if (refusal.wait) refusal.wait = std::min(*refusal.wait, kMaxWait);
  std::string said;
  const auto json = parse_json(answer.body);
  if (const auto* problem = json ? json->if_object() : nullptr) {
    for (const char* name : {"title", "detail", "error", "error_description"}) {
      const std::string part = string_member(*problem, name, 500);
      if (part.empty()) continue;
      if (!said.empty()) said += ": ";
      said += part;
    }
  }
  // A server that says our secrets aloud is not quoted.
  const auto tells = [&](const std::string& secret) {
    return !secret.empty() && said.find(secret) != std::string::npos;
  };
  if (!said.empty() && !tells(settings_.client_secret) && !tells(token_)) {
    refusal.text += ", " + core::printable(said);
  }
  return refusal;
}

}  // namespace ebb::sources::openadr
