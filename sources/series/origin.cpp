#include "sources/series/origin.h"

#include <algorithm>
#include <fstream>

#include "core/printable.h"
#include "throttle/duration_text.h"
#include "throttle/schedule/table_reader.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

using std::chrono::days;
using throttle::TableReader;
using throttle::WallTime;

constexpr std::size_t kMaxUrl = 2000;
constexpr std::chrono::seconds kLongestTimeout{60};
constexpr long kNothingYet = 204, kNotFound = 404;

/// "https://[::1]:8443/a?b" -> "[::1]"
std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const auto at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.starts_with('[')) return std::string(host.substr(0, host.find(']') + 1));
  return std::string(host.substr(0, host.find(':')));
}

bool is_loopback(std::string_view host) {
  const bool dotted = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (dotted && host.starts_with("127."));
}

void check_url(TableReader& table, std::string_view key, OriginSettings& settings,
               bool allow_http) {
  const std::string& url = settings.url;
  const bool clear = url.starts_with("http://");
  if (!clear && !url.starts_with("https://")) return table.fail(key, "must begin with https://");
  const std::string host = host_of(url);
  if (host.empty() || url.size() > kMaxUrl || std::any_of(url.begin(), url.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
      })) {
    return table.fail(key, "is not a URL");
  }
  if (clear && !allow_http && !is_loopback(host)) {
    return table.fail(key,
                      "is read and changed by whoever is in between: use https, or say "
                      "allow_http = true");
  }
  settings.http.allow_clear_text = clear;
}

std::string time_text(WallTime time, const OriginSettings& settings) {
  std::string utc = throttle::utc_text(time);  // 2026-02-01T23:00:00Z
  switch (settings.url_time) {
    case UrlTime::rfc3339:
      return utc;
    case UrlTime::compact:
      return utc.substr(0, 4) + utc.substr(5, 2) + utc.substr(8, 2) + utc.substr(11, 2) +
             utc.substr(14, 2);
    case UrlTime::milliseconds:
      return std::to_string(time.time_since_epoch().count());
    case UrlTime::date:
      break;
  }
  return throttle::text(time, settings.zone).substr(0, 10);
}

void replace(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

tl::expected<std::string, std::string> read_file(const std::filesystem::path& path,
                                                 std::size_t most) {
  std::ifstream in(path, std::ios::binary);
  std::string text(most + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) return tl::unexpected<std::string>("cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > most) return tl::unexpected<std::string>("is too long");
  return text;
}

tl::expected<void, std::string> load(const SecretPlace& place, std::string& secret) {
  if (place.empty()) return {};
  auto loaded = load_secret(place);
  if (!loaded) return tl::unexpected(loaded.error());
  secret = *std::move(loaded);
  return {};
}

void read_headers(TableReader& table, std::vector<std::string>& headers) {
  const toml::node* node = table.node("headers");
  if (node == nullptr) return;
  const toml::array* list = node->as_array();
  if (list == nullptr || list->size() > 16 || !list->is_homogeneous<std::string>()) {
    return table.fail("headers", "must be a list of up to 16 strings");
  }
  for (const toml::node& element : *list) {
    const std::string& header = element.as_string()->get();
    if (header.find(": ") == std::string::npos || core::printable(header, kMaxUrl) != header) {
      return table.fail("headers", "must be like 'Accept: application/json'");
    }
    headers.push_back(header);
  }
}

}  // namespace

OriginSettings read_plain_origin(TableReader& table, std::string_view name,
                                 const std::filesystem::path& folder, bool allow_http) {
  const std::string prefix = name.empty() ? "" : std::string(name) + "_";
  const std::string file_key = prefix + "file", url_key = prefix + "url";
  OriginSettings settings;
  settings.file = table.file(file_key, folder).value_or("");
  if (const auto url = table.string(url_key)) {
    settings.url = *url;
    check_url(table, url_key, settings, allow_http);
    if (!settings.file.empty()) table.fail(url_key, "there is a file already");
  }
  return settings;
}

OriginSettings read_origin(TableReader& table, const std::filesystem::path& folder) {
  const bool allow_http = table.boolean("allow_http").value_or(false);
  OriginSettings settings = read_plain_origin(table, "", folder, allow_http);
  if (settings.file.empty() && settings.url.empty()) table.fail("url", "needs a url or a file");
  read_headers(table, settings.headers);
  settings.key_header = table.string("key_header").value_or("");
  settings.key = read_secret_place(table, "key", folder);
  settings.token = read_secret_place(table, "token", folder);
  settings.bearer = read_secret_place(table, "bearer", folder);
  settings.user = table.string("user").value_or("");
  settings.password = read_secret_place(table, "password", folder);
  if (const auto file = table.string("ca_file")) settings.http.ca_file = folder / *file;
  if (const auto timeout = table.parsed("timeout", throttle::parse_duration)) {
    settings.http.timeout = std::min<std::chrono::milliseconds>(*timeout, kLongestTimeout);
  }
  if (settings.key_header.empty() != settings.key.empty()) {
    table.fail("key_header", "goes with key_file or key_env");
  }
  if (settings.user.empty() != settings.password.empty()) {
    table.fail("user", "goes with password_file or password_env");
  }
  if ((settings.url.find("{token}") == std::string::npos) != settings.token.empty()) {
    table.fail("url", "{token} goes with token_file or token_env");
  }
  if (!settings.url.empty() && !expanded_url(settings, "", WallTime(), days(0))) {
    table.fail("url", expanded_url(settings, "", WallTime(), days(0)).error());
  }
  return settings;
}

tl::expected<std::string, std::string> expanded_url(const OriginSettings& settings,
                                                    std::string_view token, WallTime now,
                                                    days ahead) {
  std::string url = settings.url;
  const auto zone = throttle::TimeZone::find(settings.zone);
  if (!zone) return tl::unexpected(zone.error());
  const auto local = std::chrono::floor<days>(std::chrono::local_seconds(
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()) + zone->offset(now)));
  const auto midnight = [&](days day) { return zone->moment(local + day); };
  replace(url, "{from}", url_encoded(time_text(midnight(-settings.back), settings)));
  // As a date the end is the last day itself.
  const days end{settings.url_time == UrlTime::date ? 1 : 2};
  replace(url, "{to}", url_encoded(time_text(midnight(end), settings)));
  replace(url, "{date}", throttle::text(midnight(ahead), settings.zone).substr(0, 10));
  replace(url, "{token}", url_encoded(token));
  if (const auto at = url.find_first_of("{}"); at != std::string::npos) {
    return tl::unexpected<std::string>("knows {from}, {to}, {date} and {token} only");
  }
  return url;
}

Origin::Origin(OriginSettings settings)
    : settings_(std::move(settings)),
      client_(settings_.http),
      where_(settings_.url.empty() ? settings_.file.string() : host_of(settings_.url)) {}

tl::expected<std::unique_ptr<Origin>, std::string> Origin::open(OriginSettings settings) {
  std::unique_ptr<Origin> origin(new Origin(std::move(settings)));
  if (const auto loaded = origin->load_secrets(); !loaded) return tl::unexpected(loaded.error());
  return origin;
}

tl::expected<void, std::string> Origin::load_secrets() {
  return load(settings_.key, key_)
      .and_then([&] { return load(settings_.token, token_); })
      .and_then([&] { return load(settings_.bearer, bearer_); })
      .and_then([&] { return load(settings_.password, password_); });
}

tl::expected<HttpAnswer, std::string> Origin::ask(WallTime now, days ahead,
                                                  const std::stop_token& stop) {
  auto url = expanded_url(settings_, token_, now, ahead);
  if (!url) return tl::unexpected(url.error());
  HttpRequest request;
  request.url = *std::move(url);
  request.headers = settings_.headers;
  if (!key_.empty()) request.headers.push_back(settings_.key_header + ": " + key_);
  request.bearer = bearer_;
  request.user = settings_.user;
  request.password = password_;
  return client_.request(request, stop);
}

Texts Origin::fetch(WallTime now, const std::stop_token& stop) {
  Texts result;
  if (settings_.url.empty()) {
    auto text = read_file(settings_.file, settings_.http.max_body);
    if (text) {
      result.texts.push_back(*std::move(text));
    } else {
      result.trouble = settings_.file.string() + ": " + text.error();
    }
    return result;
  }
  const bool by_day = settings_.url.find("{date}") != std::string::npos;
  for (int ahead = 0; ahead <= (by_day ? 1 : 0); ++ahead) {
    auto answer = ask(now, days(ahead), stop);
    if (!answer) {
      result.trouble = answer.error();
    } else if (answer->status == 200) {
      result.texts.push_back(std::move(answer->body));
      continue;
    } else if (ahead == 0 && (answer->status == kNothingYet || answer->status == kNotFound)) {
      result.trouble = "HTTP " + std::to_string(answer->status) + ": there is nothing";
      continue;  // of tomorrow there may be
    } else if (answer->status != kNothingYet && answer->status != kNotFound) {
      result.trouble = "HTTP " + std::to_string(answer->status);
      result.wait = answer->retry_after;
      // Who renews a token writes it to the same place.
      if (answer->status == 401 || answer->status == 403) {
        if (const auto loaded = load_secrets(); !loaded) result.trouble += "; " + loaded.error();
      }
    }
    break;
  }
  return result;
}

}  // namespace ebb::sources
