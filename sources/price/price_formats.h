#pragma once
// The formats in which prices are published. Pure.

#include <string>
#include <string_view>

#include "sources/series/json_series.h"

namespace ebb::sources {

/// Of a publication with several, the one that counts; and what the prices must be in.
struct PriceChoice {
  std::string currency = "EUR";
  std::string area;            ///< nordpool: "SE3"
  std::string point;           ///< ercot: "HB_HOUSTON"
  std::string payment_method;  ///< octopus: "DIRECT_DEBIT"; empty: any
  bool vat = false;            ///< octopus: included
  int sequence = 1;            ///< entsoe: of the auctions of an area
  std::string resolution;      ///< entsoe: "PT15M"; empty: the finest
};

/// Intervals with prices of a MWh. Values that are left out or null are gaps. The error is one
/// line: not that format, another currency or unit, incomplete.
///
/// ENTSO-E's Publication_MarketDocument (A44) in XML.
Intervals parse_entsoe(std::string_view text, const PriceChoice& choice);
/// Nord Pool's DayAheadPrices in JSON.
Intervals parse_nordpool(std::string_view text, const PriceChoice& choice);
/// Octopus' standard-unit-rates in JSON: pence a kWh, the newest first. One page is enough.
Intervals parse_octopus(std::string_view text, const PriceChoice& choice);
/// aWATTar's marketdata in JSON.
Intervals parse_awattar(std::string_view text, const PriceChoice& choice);
/// A report of ERCOT's Public API in JSON: settlement point prices by quarter of an hour
/// (spp_node_zone_hub) or by hour (dam_stlmnt_pnt_prices), in Central time.
Intervals parse_ercot(std::string_view text, const PriceChoice& choice);

}  // namespace ebb::sources
