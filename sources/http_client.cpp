#include "sources/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <string_view>

namespace ebb::sources {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using EasyHandle = std::unique_ptr<CURL, Deleter<curl_easy_cleanup>>;
using MultiHandle = std::unique_ptr<CURLM, Deleter<curl_multi_cleanup>>;
using HeaderList = std::unique_ptr<curl_slist, Deleter<curl_slist_free_all>>;

struct Body {
  std::string text;
  std::size_t most;
  bool too_long = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* pointer) {
  auto& body = *static_cast<Body*>(pointer);
  if (body.text.size() + size > body.most) {
    body.too_long = true;
    return 0;
  }
  body.text.append(data, size);
  return size;
}

/// The value of the header of this name, which is in lower case.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  const auto same = [](char lower, char c) {
    return lower == (c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c);
  };
  if (line.size() <= name.size() || line[name.size()] != ':' ||
      !std::equal(name.begin(), name.end(), line.begin(), same)) {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t'))
    line.remove_prefix(1);
  while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ')
    line.remove_suffix(1);
  return line;
}

std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) {
  const std::time_t time = curl_getdate(std::string(text).c_str(), nullptr);
  if (time < 0) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(time));
}

/// What the headers tell. Retry-After as a date counts from Date, which may come after it.
struct Headers {
  std::optional<std::chrono::sys_seconds> date;
  std::string retry_after;
};

std::size_t on_header(char* data, std::size_t, std::size_t size, void* pointer) {
  auto& headers = *static_cast<Headers*>(pointer);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) headers = {};  // of the last of several answers
  if (const auto date = value_of(line, "date")) headers.date = parse_date(*date);
  if (const auto wait = value_of(line, "retry-after")) headers.retry_after = *wait;
  return size;
}

std::optional<std::chrono::seconds> retry_after(const Headers& headers) {
  const std::string& text = headers.retry_after;
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size()) {
    return std::chrono::seconds(seconds);
  }
  const auto until = parse_date(text);
  if (!until || !headers.date) return std::nullopt;
  return std::max(*until - *headers.date, std::chrono::seconds(0));
}

/// A line break would begin a header of somebody else's choice.
bool one_line(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool well_formed(const HttpRequest& request) {
  return one_line(request.url) && one_line(request.bearer) && one_line(request.user) &&
         one_line(request.password) && one_line(request.method) &&
         std::all_of(request.headers.begin(), request.headers.end(), one_line);
}

using Url = std::unique_ptr<CURLU, Deleter<curl_url_cleanup>>;
using UrlText = std::unique_ptr<char, Deleter<curl_free>>;

std::string part(const std::string& url, CURLUPart which) {
  const Url parsed(curl_url());
  char* text = nullptr;
  if (parsed == nullptr || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) {
    return {};
  }
  return UrlText(text).get();
}

/// Who would get what is sent there.
std::string party(const std::string& url) {
  return part(url, CURLUPART_SCHEME) + ' ' + part(url, CURLUPART_HOST) + ' ' +
         part(url, CURLUPART_PORT);
}

constexpr int kMaxRedirections = 3;

}  // namespace

struct HttpClient::Impl {
  HttpSettings settings;
  MultiHandle multi{curl_multi_init()};
  EasyHandle easy{curl_easy_init()};

  /// One request; where it is redirected to goes to `next`.
  tl::expected<HttpAnswer, std::string> ask(const HttpRequest& request, const std::stop_token& stop,
                                            std::string& next);
  bool prepare(const HttpRequest& request, HeaderList& headers);
  tl::expected<void, std::string> perform(const Body& body, const std::stop_token& stop);
};

HttpClient::HttpClient(HttpSettings settings) : impl_(std::make_unique<Impl>()) {
  impl_->settings = std::move(settings);
}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

bool HttpClient::Impl::prepare(const HttpRequest& request, HeaderList& headers) {
  CURL* handle = easy.get();
  curl_easy_reset(handle);  // connections stay
  bool ok = true;
  const auto set = [&](CURLoption option, auto value) {
    ok = ok && curl_easy_setopt(handle, option, value) == CURLE_OK;
  };
  const auto milliseconds = [](std::chrono::milliseconds time) {
    return static_cast<long>(time.count());
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, settings.allow_clear_text ? "https,http" : "https");
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, settings.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, settings.verify ? 2L : 0L);
  if (!settings.ca_file.empty()) {
    set(CURLOPT_CAINFO, settings.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  set(CURLOPT_QUICK_EXIT, 1L);  // a stop does not wait for a name server that hangs
#endif
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(settings.connect_timeout));
  set(CURLOPT_TIMEOUT_MS, milliseconds(settings.timeout));
  set(CURLOPT_ACCEPT_ENCODING, "");  // whatever it can undo
  set(CURLOPT_USERAGENT, "ebb");
  if (!request.bearer.empty()) {
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    set(CURLOPT_XOAUTH2_BEARER, request.bearer.c_str());
  } else if (!request.user.empty()) {
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(CURLOPT_USERNAME, request.user.c_str());
    set(CURLOPT_PASSWORD, request.password.c_str());
  }
  if (request.method == "POST") {
    set(CURLOPT_POST, 1L);
  } else if (request.method != "GET") {
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (request.method == "POST" || !request.body.empty()) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.c_str());
  }
  headers.reset(curl_slist_append(nullptr, "Expect:"));
  for (const std::string& header : request.headers)
    ok = ok && curl_slist_append(headers.get(), header.c_str()) != nullptr;
  set(CURLOPT_HTTPHEADER, headers.get());
  return ok;
}

tl::expected<HttpAnswer, std::string> HttpClient::request(const HttpRequest& request,
                                                          const std::stop_token& stop) {
  // Not left to libcurl, which would take headers with keys in them along to another host.
  HttpRequest now = request;
  for (int redirections = 0;; ++redirections) {
    std::string next;
    auto answer = impl_->ask(now, stop, next);
    if (!answer || next.empty() || request.method != "GET") return answer;
    if (redirections == kMaxRedirections)
      return tl::unexpected<std::string>("too many redirections");
    if (part(next, CURLUPART_SCHEME) != "https") {
      return tl::unexpected<std::string>("a redirection to what is not https");
    }
    if (party(next) != party(now.url)) {
      now.headers.clear();
      now.bearer.clear();
      now.user.clear();
      now.password.clear();
    }
    now.url = std::move(next);
  }
}

tl::expected<HttpAnswer, std::string> HttpClient::Impl::ask(const HttpRequest& request,
                                                            const std::stop_token& stop,
                                                            std::string& next) {
  CURL* handle = easy.get();
  HeaderList sent;
  if (handle == nullptr || multi == nullptr || !well_formed(request) || !prepare(request, sent)) {
    return tl::unexpected<std::string>("libcurl does not take the request");
  }
  Body body{{}, settings.max_body};
  Headers headers;
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &headers);
  if (auto done = perform(body, stop); !done) return tl::unexpected(done.error());
  HttpAnswer answer;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
  const char* text = nullptr;
  curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &text);
  if (text != nullptr) answer.content_type = text;
  text = nullptr;
  curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &text);
  if (text != nullptr) next = text;
  answer.body = std::move(body.text);
  answer.date = headers.date;
  answer.retry_after = retry_after(headers);
  return answer;
}

tl::expected<void, std::string> HttpClient::Impl::perform(const Body& body,
                                                          const std::stop_token& stop) {
  // The multi interface for one transfer: its wait can be ended from another thread.
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi.get()); });
  curl_multi_add_handle(multi.get(), easy.get());
  const struct Remove {
    Impl& self;
    ~Remove() { curl_multi_remove_handle(self.multi.get(), self.easy.get()); }
  } remove{*this};
  while (true) {
    int running = 0;
    CURLMcode code = curl_multi_perform(multi.get(), &running);
    if (code == CURLM_OK && running != 0) {
      if (stop.stop_requested()) return tl::unexpected<std::string>("stopped");
      // The transfer's own timeouts and a wake-up end this sooner.
      code = curl_multi_poll(multi.get(), nullptr, 0, 10'000, nullptr);
    }
    if (code != CURLM_OK) return tl::unexpected<std::string>(curl_multi_strerror(code));
    if (running == 0) break;
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi.get(), &left);
  if (message == nullptr || message->msg != CURLMSG_DONE) {
    return tl::unexpected<std::string>("no answer");
  }
  if (body.too_long) {
    return tl::unexpected("an answer of more than " + std::to_string(body.most) + " bytes");
  }
  // The text of the code, not of the error buffer, which may quote the URL.
  if (message->data.result != CURLE_OK) {
    return tl::unexpected<std::string>(curl_easy_strerror(message->data.result));
  }
  return {};
}

std::string url_encoded(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      result += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result += '%';
    result += kDigits[byte >> 4];
    result += kDigits[byte & 15];
  }
  return result;
}

}  // namespace ebb::sources
