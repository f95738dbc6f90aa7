#include "throttle/cap.h"

#include <charconv>
#include <cmath>
#include <optional>

namespace ebb::throttle {
namespace {

/// A finite number of zero or more at the start of `text`, and what follows it.
struct NumberAndRest {
  double number;
  std::string_view rest;
};
std::optional<NumberAndRest> leading_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
  return NumberAndRest{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

std::string quote(std::string_view text) {
  return "'" + std::string(text.substr(0, 100)) + "'";
}

}  // namespace

tl::expected<DutyCap, std::string> parse_duty(std::string_view text) {
  const auto parsed = leading_number(text);
  if (!parsed || (!parsed->rest.empty() && parsed->rest != "%")) {
    return tl::unexpected(quote(text) + " is not a percentage such as 40%");
  }
  const double fraction = parsed->rest == "%" ? parsed->number / 100 : parsed->number;
  if (fraction > 1) return tl::unexpected(quote(text) + " is above 100%");
  return DutyCap{fraction};
}

tl::expected<HashrateCap, std::string> parse_hashrate(std::string_view text) {
  const auto parsed = leading_number(text);
  if (parsed) {
    if (parsed->rest.empty()) return HashrateCap{parsed->number};
    constexpr std::string_view kUnits = "kMGTPE";
    const std::size_t unit = kUnits.find(parsed->rest);
    if (parsed->rest.size() == 1 && unit != std::string_view::npos) {
      return HashrateCap{parsed->number * std::pow(1000.0, static_cast<double>(unit + 1))};
    }
  }
  return tl::unexpected(quote(text) + " is not a hashrate such as 20M (k, M, G, T, P, E)");
}

}  // namespace ebb::throttle
