#include "throttle/cap.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace ebb::throttle {
namespace {

constexpr std::string_view kPrefixes = "kMGTPE";

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

/// What a prefix of units multiplies by; 1 without one.
std::optional<double> prefix_scale(std::string_view prefix) {
  if (prefix.empty()) return 1;
  const std::size_t place = kPrefixes.find(prefix);
  if (prefix.size() != 1 || place == std::string_view::npos) return std::nullopt;
  return std::pow(1000.0, static_cast<double>(place + 1));
}

/// Six digits and the largest prefix that leaves a number of 1 or more.
std::string scaled(double value, const char* unit) {
  std::string_view prefix;
  for (std::size_t place = 0; place < kPrefixes.size() && value >= 1000; ++place) {
    value /= 1000;
    prefix = kPrefixes.substr(place, 1);
  }
  char number[32];
  std::snprintf(number, sizeof number, "%.6g", value);
  return number + std::string(prefix) + unit;
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
  if (const auto parsed = leading_number(text)) {
    std::string_view rest = parsed->rest;
    if (rest.ends_with("H/s")) rest.remove_suffix(3);
    if (const auto scale = prefix_scale(rest)) return HashrateCap{parsed->number * *scale};
  }
  return tl::unexpected(quote(text) + " is not a hashrate such as 20M (k, M, G, T, P, E)");
}

tl::expected<PowerCap, std::string> parse_power(std::string_view text) {
  if (const auto parsed = leading_number(text); parsed && parsed->rest.ends_with("W")) {
    std::string_view prefix = parsed->rest;
    prefix.remove_suffix(1);
    if (const auto scale = prefix_scale(prefix)) return PowerCap{parsed->number * *scale};
  }
  return tl::unexpected(quote(text) + " is not a power such as 250W (kW, MW)");
}

tl::expected<Cap, std::string> parse_cap(std::string_view text) {
  if (text.ends_with("W")) return parse_power(text);
  if (text.ends_with("%")) return parse_duty(text);
  const auto plain = leading_number(text);
  if (plain && plain->rest.empty()) {
    if (plain->number <= 1) return DutyCap{plain->number};
  } else if (const auto hashrate = parse_hashrate(text)) {
    return *hashrate;
  }
  return tl::unexpected(quote(text) + " is not a cap such as 40%, 250W or 20MH/s");
}

std::string text(const Cap& cap) {
  if (const auto* duty = std::get_if<DutyCap>(&cap)) {
    char percent[32];
    std::snprintf(percent, sizeof percent, "%.6g%%", 100 * duty->fraction);
    return percent;
  }
  if (const auto* power = std::get_if<PowerCap>(&cap)) return scaled(power->watts, "W");
  return scaled(std::get<HashrateCap>(cap).hps, "H/s");
}

bool is_zero(const Cap& cap) {
  if (const auto* duty = std::get_if<DutyCap>(&cap)) return duty->fraction <= 0;
  if (const auto* power = std::get_if<PowerCap>(&cap)) return power->watts <= 0;
  return std::get<HashrateCap>(cap).hps <= 0;
}

bool is_full(const Cap& cap) {
  const auto* duty = std::get_if<DutyCap>(&cap);
  return duty != nullptr && duty->fraction >= 1;
}

}  // namespace ebb::throttle
