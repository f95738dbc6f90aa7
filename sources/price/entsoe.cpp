#include <algorithm>
#include <charconv>
#include <cstring>
#include <pugixml.hpp>

#include "core/printable.h"
#include "sources/price/price_formats.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::minutes;
using throttle::WallTime;

constexpr std::size_t kMaxText = 200;
constexpr std::string_view kMarketZone = "Europe/Brussels";  // of days, P1D

/// Without the namespace's prefix.
std::string_view name_of(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.find(':') + 1);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  return node.find_child([&](const pugi::xml_node& it) { return name_of(it) == name; });
}

std::string_view text(const pugi::xml_node& node, std::string_view name) {
  std::string_view value = child(node, name).child_value();
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = value.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return value.substr(begin, value.find_last_not_of(kBlank) + 1 - begin);
}

tl::unexpected<std::string> fault(std::string_view what) {
  return tl::unexpected(std::string(what));
}

/// A Period of a TimeSeries.
struct Period {
  WallTime from, until;
  minutes step{0};
  bool repeats = false;  ///< a point that is left out is as the one before
  std::vector<Interval> points;

  std::size_t count() const { return static_cast<std::size_t>((until - from + step - 1ms) / step); }

  /// Where position n + 1 begins. Days are of the market's zone and have 23 to 25 hours.
  WallTime at(std::size_t n) const {
    if (n >= count()) return until;
    const auto index = static_cast<int>(n);
    if (step < 24h) return from + index * step;
    const auto zone = throttle::TimeZone::find(kMarketZone);
    if (!zone) return from + index * step;
    const auto local = std::chrono::local_seconds(
        std::chrono::floor<std::chrono::seconds>(from.time_since_epoch()) + zone->offset(from));
    return zone->moment(local + days(index));
  }
};

std::optional<minutes> step_of(std::string_view resolution) {
  if (resolution == "PT15M") return 15min;
  if (resolution == "PT30M") return 30min;
  if (resolution == "PT60M" || resolution == "PT1H") return 60min;
  if (resolution == "P1D") return 24h;
  return std::nullopt;
}

tl::expected<void, std::string> read_points(const pugi::xml_node& node, Period& period) {
  std::vector<std::optional<double>> values(period.count());
  for (const pugi::xml_node& point : node.children()) {
    if (name_of(point) != "Point") continue;
    const std::string_view position = text(point, "position");
    std::size_t number = 0;
    std::from_chars(position.data(), position.data() + position.size(), number);
    const auto price = number_of(text(point, "price.amount"));
    if (number == 0 || number > values.size()) return fault("a point's position is out of range");
    if (!price) return fault("a point without a price");
    values[number - 1] = price;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i] && period.repeats && i > 0) values[i] = values[i - 1];
    if (values[i]) period.points.push_back({period.at(i), period.at(i + 1), *values[i]});
  }
  return {};
}

tl::expected<Period, std::string> read_period(const pugi::xml_node& node, bool repeats) {
  const pugi::xml_node interval = child(node, "timeInterval");
  const auto from = throttle::parse_time(text(interval, "start"), "UTC");
  const auto until = throttle::parse_time(text(interval, "end"), "UTC");
  if (!from || !until) return fault("a period without start or end");
  if (*until <= *from) return fault("a period ends before it begins");
  const auto step = step_of(text(node, "resolution"));
  if (!step) {
    return fault("the resolution " + core::printable(text(node, "resolution"), 20) +
                 " is not known");
  }
  Period period{*from, *until, *step, repeats, {}};
  if ((*until - *from) / *step > std::int64_t{kMaxIntervals}) return fault("too many intervals");
  if (const auto read = read_points(node, period); !read) return tl::unexpected(read.error());
  return period;
}

tl::expected<void, std::string> check_units(const pugi::xml_node& series,
                                            const PriceChoice& choice) {
  const std::string_view currency = text(series, "currency_Unit.name");
  if (currency != choice.currency) {
    return fault("prices in " + core::printable(currency, 10) + ", and the thresholds in " +
                 choice.currency);
  }
  if (const auto unit = text(series, "price_Measure_Unit.name"); unit != "MWH") {
    return fault("prices of a " + core::printable(unit, 10) + ", not of a MWH");
  }
  return {};
}

bool is_chosen(const pugi::xml_node& series, const PriceChoice& choice) {
  const std::string_view sequence =
      text(series, "classificationSequence_AttributeInstanceComponent.position");
  return sequence.empty() || sequence == std::to_string(choice.sequence);
}

}  // namespace

Intervals parse_entsoe(std::string_view xml, const PriceChoice& choice) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) return fault(std::string("not XML: ") + parsed.description());
  const pugi::xml_node root = document.document_element();
  if (name_of(root) == "Acknowledgement_MarketDocument") {
    const pugi::xml_node reason = child(root, "Reason");
    return fault(core::printable(text(reason, "text"), kMaxText) + " (" +
                 core::printable(text(reason, "code"), 10) + ")");
  }
  if (name_of(root) != "Publication_MarketDocument") {
    return fault("not a Publication_MarketDocument");
  }
  if (const auto type = text(root, "type"); type != "A44") {
    return fault("a document of type " + core::printable(type, 10) + ", not A44");
  }
  std::vector<Period> periods;
  std::size_t points = 0;
  for (const pugi::xml_node& series : root.children()) {
    if (name_of(series) != "TimeSeries" || !is_chosen(series, choice)) continue;
    if (const auto checked = check_units(series, choice); !checked) {
      return tl::unexpected(checked.error());
    }
    const std::string_view curve = text(series, "curveType");
    if (!curve.empty() && curve != "A01" && curve != "A03") {
      return fault("the curveType " + core::printable(curve, 10) + " is not known");
    }
    for (const pugi::xml_node& node : series.children()) {
      if (name_of(node) != "Period") continue;
      if (!choice.resolution.empty() && text(node, "resolution") != choice.resolution) continue;
      auto period = read_period(node, curve == "A03");
      if (!period) return tl::unexpected(period.error());
      points += period->points.size();
      if (points > kMaxIntervals) return fault("too many intervals");
      periods.push_back(*std::move(period));
    }
  }
  // Of an hour that is also there in quarters, the quarters come last and count.
  std::stable_sort(periods.begin(), periods.end(),
                   [](const Period& a, const Period& b) { return a.step > b.step; });
  std::vector<Interval> intervals;
  for (const Period& period : periods)
    intervals.insert(intervals.end(), period.points.begin(), period.points.end());
  return intervals;
}

}  // namespace ebb::sources
