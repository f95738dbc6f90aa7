#pragma once
// Prices of energy with their units.

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::sources {

/// "EUR/MWh", "GBP/kWh"; "ct/kWh" are hundredths of a euro, "p/kWh" of a pound.
struct PriceUnit {
  std::string currency;  ///< ISO 4217
  double factor = 1;     ///< to make it a price of a MWh
};
tl::expected<PriceUnit, std::string> parse_price_unit(std::string_view text);

/// "80 EUR/MWh", "-0.5ct/kWh".
struct Price {
  double per_mwh = 0;
  std::string currency;
};
tl::expected<Price, std::string> parse_price(std::string_view text);

}  // namespace ebb::sources
