#pragma once
// What the fuzzer of prices and carbon intensities does with its bytes. The unit tests replay its
// corpus.

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>

#include "sources/carbon/carbon_intensity.h"
#include "sources/price/price_formats.h"
#include "sources/price/price_unit.h"
#include "sources/series/json_series.h"

namespace ebb::sources {

/// The first byte is the format: e n o a r (ERCOT) j s (a value of now) c (CSV) g (carbon), p (a
/// path, a line and a document) or u (a price with its unit).
inline Intervals fuzz_parse(char format, std::string_view text, throttle::WallTime now) {
  PriceChoice choice;
  choice.area = "SE3";
  choice.point = "HB_HOUSTON";
  SeriesShape shape;
  shape.items = *JsonPath::parse("data");
  shape.start = *JsonPath::parse("from");
  shape.end = *JsonPath::parse("to");
  shape.value = *JsonPath::parse("price");
  shape.has_start = format == 'j';
  shape.has_end = format == 'j' && text.size() % 2 == 0;
  if (format == 's') shape.length = std::chrono::minutes(5);
  switch (format) {
    case 'e':
      return parse_entsoe(text, choice);
    case 'n':
      return parse_nordpool(text, choice);
    case 'o':
      return parse_octopus(text, choice);
    case 'a':
      return parse_awattar(text, choice);
    case 'r':
      return parse_ercot(text, choice);
    case 'j':
    case 's':
      return parse_json_series(text, shape, now);
    case 'c':
      return parse_csv_series(text, shape);
    default:
      return parse_carbon_intensity(text);
  }
}

inline void fuzz_price(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto check_error = [&](const std::string& error) {
    must(!error.empty() && error.size() < 500, "error text");
    must(std::none_of(error.begin(), error.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
         "one line");
  };
  if (data.empty()) return;
  const char format = data.front();
  data.remove_prefix(1);
  if (format == 'u') {
    const auto price = parse_price(data);
    if (price) {
      must(price->currency.size() == 3 && !std::isnan(price->per_mwh), "price");
    } else {
      check_error(price.error());
    }
    return;
  }
  if (format == 'p') {
    const std::size_t line = std::min(data.find('\n'), data.size());
    const auto path = JsonPath::parse(data.substr(0, line));
    const auto document = parse_json(data.substr(std::min(line + 1, data.size())));
    if (!path) check_error(path.error());
    if (!document) check_error(document.error());
    if (path && document) path->find(*document);
    return;
  }

  const throttle::WallTime now(std::chrono::sys_days(std::chrono::year(2026) / 2 / 1));
  const Intervals intervals = fuzz_parse(format, data, now);
  if (!intervals) return check_error(intervals.error());
  must(intervals->size() <= kMaxIntervals, "number");
  for (const Interval& interval : *intervals) {
    must(interval.from < interval.until && std::isfinite(interval.value), "interval");
  }
  Series series(std::chrono::minutes(20));
  series.publish(*intervals);
  Thresholds thresholds;
  thresholds.off_above = 50;
  thresholds.on_below = 40;
  const auto caps = series.look(thresholds, {"price", "EUR/MWh"}, now).caps;
  must(caps.size() <= kMaxCaps, "number of caps");
  for (std::size_t i = 0; i < caps.size(); ++i) {
    must(!caps[i].valid_until || *caps[i].valid_until > now, "not over");
    must(!caps[i].valid_until || *caps[i].valid_until > caps[i].valid_from, "a cap stands");
    must(i == 0 || caps[i - 1].valid_until.value() <= caps[i].valid_from, "one after another");
    must(caps[i].reason.size() < 200, "reason");
  }
  // What was said is said again of the same.
  series.publish(*intervals);
  must(series.look(thresholds, {"price", "EUR/MWh"}, now).caps == caps, "the same again");
}

}  // namespace ebb::sources
