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

/// The value of a header of this name; names are compared without case.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
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

std::size_t on_header(char* data, std::size_t, std::size_t size, void* pointer) {
  auto& answer = *static_cast<HttpAnswer*>(pointer);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) answer = {};  // of the last of several answers
  if (const auto date = value_of(line, "date")) answer.date = parse_date(*date);
  if (const auto wait = value_of(line, "retry-after")) {
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(wait->data(), wait->data() + wait->size(), seconds);
    if (error == std::errc() && end == wait->data() + wait->size()) {
      answer.retry_after = std::chrono::seconds(seconds);
    } else if (const auto until = parse_date(*wait); until && answer.date) {
      answer.retry_after = std::max(*until - *answer.date, std::chrono::seconds(0));
    }
  }
  return size;
}

}  // namespace

struct HttpClient::Impl {
  HttpSettings settings;
  MultiHandle multi{curl_multi_init()};
  EasyHandle easy{curl_easy_init()};

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
  set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 3L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, settings.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, settings.verify ? 2L : 0L);
  if (!settings.ca_file.empty()) {
    set(CURLOPT_CAINFO, settings.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  set(CURLOPT_NOSIGNAL, 1L);
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
  CURL* handle = impl_->easy.get();
  HeaderList headers;
  if (handle == nullptr || impl_->multi == nullptr || !impl_->prepare(request, headers)) {
    return tl::unexpected<std::string>("libcurl does not take the request");
  }
  Body body{{}, impl_->settings.max_body};
  HttpAnswer answer;
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &answer);
  if (auto done = impl_->perform(body, stop); !done) return tl::unexpected(done.error());
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &answer.status);
  const char* type = nullptr;
  curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
  if (type != nullptr) answer.content_type = type;
  answer.body = std::move(body.text);
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
