#include "throttle/duration_text.h"

#include <charconv>
#include <cmath>
#include <cstddef>

namespace ebb::throttle {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// In milliseconds; NaN for what is no time.
double read_span(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit =
      error == std::errc() ? text.substr(static_cast<std::size_t>(end - text.data())) : "";
  const double ms_per_unit = unit == "ms"  ? 1
                             : unit == "s" ? 1e3
                             : unit == "m" ? 60e3
                             : unit == "h" ? 3600e3
                                           : std::nan("");
  return number * ms_per_unit;
}

constexpr double kYear = 366.0 * 24 * 3600e3;

std::string quote(std::string_view text) {
  return "'" + std::string(text.substr(0, 100)) + "'";
}

}  // namespace

tl::expected<milliseconds, std::string> parse_duration(std::string_view text) {
  const double total = read_span(text);
  if (!(total >= 1 && total < kYear)) {
    return tl::unexpected(quote(text) + " is not a duration such as 500ms, 20s, 5m or 1h");
  }
  return milliseconds(std::llround(total));
}

tl::expected<milliseconds, std::string> parse_wait(std::string_view text) {
  if (read_span(text) == 0) return milliseconds(0);
  return parse_duration(text);
}

tl::expected<seconds, std::string> parse_wait_seconds(std::string_view text) {
  const auto wait = parse_wait(text);
  if (!wait) return tl::unexpected(wait.error());
  const auto whole = std::chrono::duration_cast<seconds>(*wait);
  if (whole != *wait) return tl::unexpected(quote(text) + " is not in whole seconds");
  return whole;
}

}  // namespace ebb::throttle
