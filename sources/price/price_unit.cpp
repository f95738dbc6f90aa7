#include "sources/price/price_unit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "core/printable.h"

namespace ebb::sources {
namespace {

constexpr std::pair<std::string_view, double> kEnergies[]{{"MWh", 1}, {"kWh", 1e3}, {"Wh", 1e6}};

bool is_code(std::string_view text) {
  return text.size() == 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

tl::expected<PriceUnit, std::string> parse_price_unit(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view money = text.substr(0, slash);
  const std::string_view energy = text.substr(std::min(slash + 1, text.size()));
  const auto found = std::find_if(std::begin(kEnergies), std::end(kEnergies),
                                  [&](const auto& known) { return known.first == energy; });
  if (found != std::end(kEnergies)) {
    if (is_code(money)) return PriceUnit{std::string(money), found->second};
    if (money == "ct") return PriceUnit{"EUR", found->second / 100};
    if (money == "p") return PriceUnit{"GBP", found->second / 100};
  }
  return tl::unexpected("'" + core::printable(text, 40) +
                        "' is no unit such as EUR/MWh, ct/kWh or p/kWh");
}

tl::expected<Price, std::string> parse_price(std::string_view text) {
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || !std::isfinite(number)) {
    return tl::unexpected<std::string>("must be a price such as '80 EUR/MWh'");
  }
  std::string_view unit(end, static_cast<std::size_t>(last - end));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto parsed = parse_price_unit(unit);
  if (!parsed) return tl::unexpected(parsed.error());
  return Price{number * parsed->factor, parsed->currency};
}

}  // namespace ebb::sources
