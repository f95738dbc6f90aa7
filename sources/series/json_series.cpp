#include "sources/series/json_series.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/printable.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using throttle::WallTime;

constexpr double kLastSecond = 253'402'300'799;  // of the year 9999

/// Until the next one begins; the last one lasts as long as the one before.
tl::expected<void, std::string> end_by_next(std::vector<Interval>& intervals) {
  std::stable_sort(intervals.begin(), intervals.end(),
                   [](const Interval& a, const Interval& b) { return a.from < b.from; });
  if (intervals.size() == 1) return tl::unexpected<std::string>("one start, and no length");
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    intervals[i].until = i + 1 < intervals.size()
                             ? intervals[i + 1].from
                             : intervals[i].from + (intervals[i].from - intervals[i - 1].from);
    if (intervals[i].until <= intervals[i].from) {
      return tl::unexpected<std::string>("two intervals begin at the same time");
    }
  }
  return {};
}

std::string at_item(std::size_t index, std::string_view what) {
  return "item " + std::to_string(index) + ": " + std::string(what);
}

/// As throttle::parse_time, whose error quotes a text that may hold anything.
tl::expected<WallTime, std::string> read_time(std::string_view text, std::string_view zone) {
  return throttle::parse_time(text, zone).map_error([](const std::string& error) {
    return core::printable(error);
  });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  while (fields.size() < 4) {
    const std::size_t end = std::min(line.find(','), line.size());
    fields.push_back(trimmed(line.substr(0, end)));
    if (end == line.size()) break;
    line.remove_prefix(end + 1);
  }
  return fields;
}

}  // namespace

tl::expected<json::value, std::string> parse_json(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  if (error) return tl::unexpected("not JSON: " + error.message());
  return value;
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<double> number_of(const json::value& value) {
  if (const auto* text = value.if_string()) {
    return number_of(std::string_view(text->data(), text->size()));
  }
  boost::system::error_code error;
  const double number = value.to_number<double>(error);
  if (error || !std::isfinite(number)) return std::nullopt;
  return number;
}

tl::expected<WallTime, std::string> time_of(const json::value& value, std::string_view zone) {
  if (const auto* text = value.if_string()) {
    return read_time({text->data(), text->size()}, zone);
  }
  auto number = number_of(value);
  if (number && *number >= 1e11) *number /= 1000;
  if (!number || *number < 0 || *number > kLastSecond) {
    return tl::unexpected<std::string>("not a time");
  }
  return WallTime(milliseconds(std::llround(*number * 1000)));
}

tl::expected<void, std::string> add(std::vector<Interval>& intervals, const Interval& interval) {
  if (interval.until <= interval.from) {
    return tl::unexpected<std::string>("an interval ends before it begins");
  }
  if (intervals.size() >= kMaxIntervals) return tl::unexpected<std::string>("too many intervals");
  intervals.push_back(interval);
  return {};
}

Intervals parse_json_series(std::string_view text, const SeriesShape& shape, WallTime now) {
  const auto document = parse_json(text);
  if (!document) return tl::unexpected(document.error());
  const json::value* found = shape.items.find(*document);
  if (found == nullptr) return tl::unexpected<std::string>("nothing is where the items should be");
  const json::array* list = found->if_array();
  const std::size_t count = list == nullptr ? 1 : list->size();
  if (count > kMaxIntervals) return tl::unexpected<std::string>("too many intervals");
  if (list != nullptr && !shape.has_start) {
    return tl::unexpected<std::string>("a list, where one value of now was expected");
  }
  std::vector<Interval> intervals;
  for (std::size_t i = 0; i < count; ++i) {
    const json::value& item = list == nullptr ? *found : (*list)[i];
    const json::value* value = shape.value.find(item);
    if (value == nullptr) return tl::unexpected(at_item(i, "no value"));
    if (value->is_null()) continue;
    const auto number = number_of(*value);
    if (!number) return tl::unexpected(at_item(i, "the value is not a number"));
    Interval interval{now, now, *number * shape.factor};
    if (shape.has_start) {
      const json::value* start = shape.start.find(item);
      if (start == nullptr) return tl::unexpected(at_item(i, "no start"));
      const auto time = time_of(*start, shape.zone);
      if (!time) return tl::unexpected(at_item(i, "start: " + time.error()));
      interval.from = *time;
    }
    if (shape.has_end) {
      const json::value* end = shape.end.find(item);
      if (end == nullptr) return tl::unexpected(at_item(i, "no end"));
      const auto time = time_of(*end, shape.zone);
      if (!time) return tl::unexpected(at_item(i, "end: " + time.error()));
      interval.until = *time;
    } else {
      interval.until = interval.from + shape.length.value_or(milliseconds(1));
    }
    if (const auto added = add(intervals, interval); !added) {
      return tl::unexpected(at_item(i, added.error()));
    }
  }
  if (!intervals.empty() && !shape.has_end && !shape.length) {
    if (const auto ended = end_by_next(intervals); !ended) return tl::unexpected(ended.error());
  }
  return intervals;
}

Intervals parse_csv_series(std::string_view text, const SeriesShape& shape) {
  std::vector<Interval> intervals;
  bool ends = true;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, line_end));
    text.remove_prefix(std::min(line_end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const auto fault = [&](std::string_view what) {
      return tl::unexpected("line " + std::to_string(number) + ": " + std::string(what));
    };
    const auto fields = split(line);
    if (fields.size() < 2 || fields.size() > 3) return fault("not start,end,value or start,value");
    const auto from = read_time(fields.front(), shape.zone);
    if (!from && number == 1) continue;
    if (!from) return fault(from.error());
    const auto value = number_of(fields.back());
    if (!value) return fault("the value is not a number");
    Interval interval{*from, *from + shape.length.value_or(milliseconds(1)), *value * shape.factor};
    if (!intervals.empty() && ends != (fields.size() == 3)) return fault("has other columns");
    ends = fields.size() == 3;
    if (ends) {
      const auto until = read_time(fields[1], shape.zone);
      if (!until) return fault(until.error());
      interval.until = *until;
    }
    if (const auto added = add(intervals, interval); !added) return fault(added.error());
  }
  if (!intervals.empty() && !ends && !shape.length) {
    if (const auto ended = end_by_next(intervals); !ended) return tl::unexpected(ended.error());
  }
  return intervals;
}

}  // namespace ebb::sources
