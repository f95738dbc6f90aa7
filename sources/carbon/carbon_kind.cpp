#include "sources/carbon/carbon_kind.h"

#include "sources/carbon/carbon_intensity.h"
#include "sources/series/series_toml.h"
#include "throttle/schedule/table_reader.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

using namespace std::chrono_literals;
using throttle::TableReader;

struct CarbonSettings {
  OriginSettings origin;
  SeriesPollSettings poll;
  Thresholds thresholds;
};

void read_grams(TableReader& table, Thresholds& thresholds) {
  const auto off = read_number(table, "off_above");
  if (!off) table.fail("off_above", "is missing: grams a kWh, such as 200");
  thresholds.off_above = off.value_or(0);
  thresholds.on_below = read_number(table, "on_below").value_or(thresholds.off_above);
  thresholds.off_at_once_above = read_number(table, "off_at_once_above");
  if (thresholds.on_below > thresholds.off_above) table.fail("on_below", "is above off_above");
  if (thresholds.off_at_once_above && *thresholds.off_at_once_above < thresholds.off_above) {
    table.fail("off_at_once_above", "is below off_above");
  }
}

CarbonSettings read_settings(TableReader& table, const std::filesystem::path& folder) {
  CarbonSettings settings;
  settings.origin = read_origin(table, folder);
  SeriesPollSettings& poll = settings.poll;
  poll.wording = {"carbon intensity", "g/kWh"};
  poll.poll = settings.origin.url.empty() ? 10s : 5min;
  const auto format = table.string("format").value_or("carbonintensity");
  if (format == "carbonintensity") {
    poll.parse = [](std::string_view text, throttle::WallTime) {
      return parse_carbon_intensity(text);
    };
  } else if (format == "json") {
    SeriesShape shape = read_shape(table);
    shape.zone = table.string("zone").value_or("UTC");
    if (shape.zone.empty() || !throttle::TimeZone::find(shape.zone)) {
      table.fail("zone", "is no time zone of this machine");
    }
    if (!shape.has_start && !shape.length) shape.length = 15min;
    settings.origin.zone = shape.zone;
    poll.parse = [shape](std::string_view text, throttle::WallTime now) {
      return parse_json_series(text, shape, now);
    };
  } else {
    table.fail("format", "must be carbonintensity or json");
  }
  read_waits(table, poll);
  settings.thresholds = read_thresholds(table);
  read_grams(table, settings.thresholds);
  poll.thresholds = [thresholds = settings.thresholds](const throttle::Now&, const std::stop_token&)
      -> tl::expected<Thresholds, std::string> { return thresholds; };
  return settings;
}

Open read(TableReader& table, const std::filesystem::path& folder) {
  return [settings = read_settings(table, folder)](
             const throttle::SourceRule& rule,
             const Context& context) -> tl::expected<std::unique_ptr<Source>, std::string> {
    auto source = open_series(settings.poll, settings.origin, rule, context);
    if (!source) return tl::unexpected(source.error());
    return *std::move(source);
  };
}

}  // namespace

const Kind kCarbonKind{
    .type = "carbon", .signal_class = throttle::SignalClass::economic, .read = &read};

}  // namespace ebb::sources
