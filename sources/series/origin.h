#pragma once
// Where texts of prices and the like come from: a file, or a server.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sources/http_client.h"
#include "sources/secret.h"
#include "throttle/signal_book.h"

namespace ebb::sources {

/// How the times of a URL are written.
enum class UrlTime {
  rfc3339,       ///< 2026-02-01T23:00:00Z
  compact,       ///< 202602012300, in UTC
  milliseconds,  ///< since 1970
  date           ///< 2026-02-01, in the zone of the days
};

struct OriginSettings {
  std::filesystem::path file;
  std::string url;
  std::vector<std::string> headers;
  std::string key_header;  ///< "Ocp-Apim-Subscription-Key"
  SecretPlace key, token, bearer, password;
  std::string user;
  HttpSettings http;
  UrlTime url_time = UrlTime::rfc3339;
  std::string zone = "UTC";   ///< of the days
  std::chrono::days back{0};  ///< {from} is so many days before today
};

/// Reads file, url, headers, key_header, key_*, token_*, bearer_*, user, password_*, ca_file,
/// timeout and allow_http. Faults go to the table.
OriginSettings read_origin(throttle::TableReader& table, const std::filesystem::path& folder);

/// The same of `<name>_url` and `<name>_file` alone.
OriginSettings read_plain_origin(throttle::TableReader& table, std::string_view name,
                                 const std::filesystem::path& folder, bool allow_http);

/// `url` with {from}, {to}, {date} and {token} filled in. {from} is the beginning of today, {to}
/// the end of tomorrow, {date} the date of `now` plus `ahead`.
tl::expected<std::string, std::string> expanded_url(const OriginSettings& settings,
                                                    std::string_view token, throttle::WallTime now,
                                                    std::chrono::days ahead);

/// What one asking gave.
struct Texts {
  std::vector<std::string> texts;  ///< of today, and of tomorrow where it is asked for by itself
  std::string trouble;             ///< why there are not all of them
  std::optional<std::chrono::seconds> wait;  ///< as the server asks
};

/// One thread.
class Origin {
 public:
  /// Reads the secrets. The error is one line without them.
  static tl::expected<std::unique_ptr<Origin>, std::string> open(OriginSettings settings);

  /// A URL with {date} is asked for today and tomorrow; that there is nothing of tomorrow yet is no
  /// trouble.
  Texts fetch(throttle::WallTime now, const std::stop_token& stop);

  /// The host, or the file.
  const std::string& where() const { return where_; }

 private:
  explicit Origin(OriginSettings settings);
  tl::expected<void, std::string> load_secrets();
  tl::expected<HttpAnswer, std::string> ask(throttle::WallTime now, std::chrono::days ahead,
                                            const std::stop_token& stop);

  OriginSettings settings_;
  HttpClient client_;
  std::string key_, token_, bearer_, password_;
  std::string where_;
};

}  // namespace ebb::sources
