#include "sources/series/series_toml.h"

#include <algorithm>
#include <cmath>

#include "throttle/duration_text.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::sources {
namespace {

using throttle::TableReader;

constexpr std::int64_t kMaxWindows = 1000;

unsigned read_windows(TableReader& table, std::string_view key) {
  const auto number = table.integer(key).value_or(1);
  if (number < 1 || number > kMaxWindows) table.fail(key, "must be 1 to 1000");
  return static_cast<unsigned>(std::clamp<std::int64_t>(number, 1, kMaxWindows));
}

}  // namespace

std::optional<double> read_number(TableReader& table, std::string_view key) {
  const toml::node* node = table.node(key);
  if (node == nullptr) return std::nullopt;
  const auto number = node->is_number() ? node->value<double>() : std::nullopt;
  if (!number || !std::isfinite(*number)) {
    table.fail(key, "must be a number");
    return std::nullopt;
  }
  return number;
}

Thresholds read_thresholds(TableReader& table) {
  Thresholds thresholds;
  if (const auto cap = table.cap("cap")) thresholds.cap = *cap;
  thresholds.off_after = read_windows(table, "off_after");
  thresholds.on_after = read_windows(table, "on_after");
  return thresholds;
}

JsonPath read_path(TableReader& table, std::string_view key) {
  return table.parsed(key, JsonPath::parse).value_or(JsonPath());
}

SeriesShape read_shape(TableReader& table) {
  SeriesShape shape;
  shape.items = read_path(table, "items");
  shape.start = read_path(table, "start");
  shape.end = read_path(table, "end");
  shape.value = read_path(table, "value");
  shape.has_start = table.node("start") != nullptr;
  shape.has_end = table.node("end") != nullptr;
  shape.length = table.parsed("length", throttle::parse_duration);
  if (shape.has_end && !shape.has_start) table.fail("end", "goes with start");
  if (shape.has_end && shape.length) table.fail("length", "there is an end already");
  return shape;
}

void read_waits(TableReader& table, SeriesPollSettings& settings) {
  if (const auto poll = table.parsed("poll", throttle::parse_duration)) settings.poll = *poll;
  if (const auto carry = table.parsed("carry", throttle::parse_wait)) settings.carry = *carry;
}

tl::expected<std::unique_ptr<PollingSource>, std::string> open_series(
    SeriesPollSettings settings, const OriginSettings& origin, const throttle::SourceRule& rule,
    const Context& context) {
  auto opened = Origin::open(origin);
  if (!opened) return tl::unexpected(opened.error());
  const std::shared_ptr<Origin> shared = *std::move(opened);
  settings.where = shared->where();
  settings.fetch = [shared](throttle::WallTime now, const std::stop_token& stop) {
    return shared->fetch(now, stop);
  };
  settings.signal_class = rule.signal_class;
  settings.speak = std::min<std::chrono::milliseconds>(settings.speak, rule.stale_after / 3);
  return std::make_unique<PollingSource>(std::make_unique<SeriesPoll>(std::move(settings)),
                                         context.clock);
}

}  // namespace ebb::sources
