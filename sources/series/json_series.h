#pragma once
// Values over time in JSON of any shape, and in comma-separated lines.

#include <boost/json/value.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "sources/series/json_path.h"
#include "sources/series/series.h"

namespace ebb::sources {

using Intervals = tl::expected<std::vector<Interval>, std::string>;

/// How a document is to be read.
struct SeriesShape {
  JsonPath items;              ///< an array of intervals, or one value
  JsonPath start, end, value;  ///< within an item
  bool has_start = false;      ///< otherwise a value is of now
  bool has_end = false;        ///< otherwise an interval lasts for `length`, or to the next
  std::optional<std::chrono::milliseconds> length;
  std::string zone = "UTC";  ///< of times without an offset
  double factor = 1;         ///< of all values
};

/// Null values are gaps. The error is one line.
Intervals parse_json_series(std::string_view text, const SeriesShape& shape,
                            throttle::WallTime now);

/// Lines of `start,end,value`, or `start,value`; of `shape` only length, zone and factor count.
/// Empty lines, those that begin with # and a first one without a time are passed over.
Intervals parse_csv_series(std::string_view text, const SeriesShape& shape);

/// A document of at most a few MB. The error is one line.
tl::expected<boost::json::value, std::string> parse_json(std::string_view text);

/// A finite number, or a string that is one.
std::optional<double> number_of(const boost::json::value& value);
std::optional<double> number_of(std::string_view text);

/// Text as throttle::parse_time reads it, or seconds since 1970, milliseconds from 1e11 on.
tl::expected<throttle::WallTime, std::string> time_of(const boost::json::value& value,
                                                      std::string_view zone);

/// Adds an interval; the error: it ends before it begins, or there are too many.
tl::expected<void, std::string> add(std::vector<Interval>& intervals, const Interval& interval);

}  // namespace ebb::sources
