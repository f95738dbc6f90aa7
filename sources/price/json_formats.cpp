#include <algorithm>
#include <boost/json.hpp>

#include "core/printable.h"
#include "sources/price/price_formats.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using throttle::WallTime;

constexpr double kPencePerKwh = 10;  // to pounds a MWh

tl::unexpected<std::string> fault(std::string_view what) {
  return tl::unexpected(std::string(what));
}

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

/// A member of an object; null when there is none.
const json::value* member(const json::value& value, std::string_view name) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
}

const json::array* list(const json::value& value, std::string_view name) {
  const auto* found = member(value, name);
  return found == nullptr ? nullptr : found->if_array();
}

std::string_view text(const json::value* value) {
  const auto* string = value == nullptr ? nullptr : value->if_string();
  return string == nullptr ? std::string_view() : view(*string);
}

tl::expected<WallTime, std::string> time(const json::value& item, std::string_view name) {
  const auto* value = member(item, name);
  if (value == nullptr) return tl::unexpected("no " + std::string(name));
  auto time = time_of(*value, "UTC");
  if (!time) return tl::unexpected(std::string(name) + ": " + time.error());
  return time;
}

/// As time(), and `open` where it is null.
tl::expected<WallTime, std::string> open_time(const json::value& item, std::string_view name,
                                              WallTime open) {
  const auto* value = member(item, name);
  if (value != nullptr && value->is_null()) return open;
  return time(item, name);
}

/// Reads all items, each to an interval or to nothing; the first fault ends it.
template <class Read>
Intervals read_all(const json::array& items, Read read) {
  std::vector<Interval> intervals;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto failed = [&](std::string_view what) {
      return tl::unexpected("item " + std::to_string(i) + ": " + std::string(what));
    };
    const tl::expected<std::optional<Interval>, std::string> interval = read(items[i]);
    if (!interval) return failed(interval.error());
    if (!*interval) continue;
    if (const auto added = add(intervals, **interval); !added) return failed(added.error());
  }
  return intervals;
}

/// An interval of two times and a price, null: none.
tl::expected<std::optional<Interval>, std::string> interval(
    const tl::expected<WallTime, std::string>& from,
    const tl::expected<WallTime, std::string>& until, const json::value* price, double factor) {
  if (!from) return tl::unexpected(from.error());
  if (!until) return tl::unexpected(until.error());
  if (price == nullptr) return fault("no price");
  if (price->is_null()) return std::nullopt;
  const auto number = number_of(*price);
  if (!number) return fault("the price is not a number");
  return Interval{*from, *until, *number * factor};
}

std::string other_currency(std::string_view currency, const PriceChoice& choice) {
  return "prices in " + core::printable(currency, 20) + ", and the thresholds in " +
         choice.currency;
}

/// The columns of an ERCOT report.
struct Columns {
  std::optional<std::size_t> date, hour, hour_ending, quarter, point, price, repeated;
};

Columns columns_of(const json::array& fields) {
  Columns columns;
  const std::pair<std::string_view, std::optional<std::size_t>*> known[]{
      {"deliveryDate", &columns.date},      {"deliveryHour", &columns.hour},
      {"hourEnding", &columns.hour_ending}, {"deliveryInterval", &columns.quarter},
      {"settlementPoint", &columns.point},  {"settlementPointPrice", &columns.price},
      {"DSTFlag", &columns.repeated},
  };
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = text(member(fields[i], "name"));
    for (const auto& [wanted, column] : known)
      if (name == wanted) *column = i;
  }
  return columns;
}

const json::value* cell(const json::value& row, std::optional<std::size_t> column) {
  const auto* cells = row.if_array();
  return cells == nullptr || !column ? nullptr : cells->if_contains(*column);
}

/// 1..most, as a number or text; "02:00" is 2.
std::optional<int> small_number(const json::value* value, int most) {
  if (value == nullptr) return std::nullopt;
  std::optional<double> number;
  if (const auto* string = value->if_string()) {
    std::string_view digits = view(*string);
    if (digits.ends_with(":00")) digits.remove_suffix(3);
    number = number_of(digits);
  } else {
    number = number_of(*value);
  }
  if (!number || *number < 1 || *number > most) return std::nullopt;
  const int whole = static_cast<int>(*number);
  return whole == *number ? std::optional(whole) : std::nullopt;
}

bool is_yes(const json::value* value) {
  if (value == nullptr) return false;
  if (const auto* yes = value->if_bool()) return *yes;
  const std::string_view word = text(value);
  return word == "Y" || word == "true";
}

/// Hours end; the repeated hour of autumn is the flagged one, for its clock says the same.
tl::expected<std::optional<Interval>, std::string> ercot_row(const json::value& row,
                                                             const Columns& columns,
                                                             const throttle::TimeZone& zone) {
  const auto day = throttle::parse_time(text(cell(row, columns.date)), "UTC");
  if (!day || WallTime(std::chrono::floor<std::chrono::days>(*day)) != *day) {
    return fault("no deliveryDate");
  }
  const auto hour = small_number(cell(row, columns.hour ? columns.hour : columns.hour_ending), 24);
  if (!hour) return fault("no hour");
  const auto quarter = columns.quarter ? small_number(cell(row, columns.quarter), 4) : 1;
  if (!quarter) return fault("no deliveryInterval");
  const auto local =
      std::chrono::local_seconds(std::chrono::floor<std::chrono::seconds>(day->time_since_epoch()) +
                                 std::chrono::hours(*hour - 1));
  WallTime from = zone.moment(local);
  if (is_yes(cell(row, columns.repeated))) from += 1h;
  from += (*quarter - 1) * 15min;
  const WallTime until = from + (columns.quarter ? 15min : 60min);
  return interval(from, until, cell(row, columns.price), 1);
}

}  // namespace

Intervals parse_nordpool(std::string_view body, const PriceChoice& choice) {
  const auto document = parse_json(body);
  if (!document) return tl::unexpected(document.error());
  const json::array* entries = list(*document, "multiAreaEntries");
  if (entries == nullptr) return fault("no multiAreaEntries");
  if (const auto currency = text(member(*document, "currency")); currency != choice.currency) {
    return tl::unexpected(other_currency(currency, choice));
  }
  return read_all(*entries, [&](const json::value& entry) {
    const auto* areas = member(entry, "entryPerArea");
    const auto* price = areas == nullptr ? nullptr : member(*areas, choice.area);
    return interval(time(entry, "deliveryStart"), time(entry, "deliveryEnd"), price, 1);
  });
}

Intervals parse_octopus(std::string_view body, const PriceChoice& choice) {
  const auto document = parse_json(body);
  if (!document) return tl::unexpected(document.error());
  const json::array* results = list(*document, "results");
  if (results == nullptr) return fault("no results");
  return read_all(
      *results, [&](const json::value& rate) -> tl::expected<std::optional<Interval>, std::string> {
        const auto method = text(member(rate, "payment_method"));
        if (!method.empty() && !choice.payment_method.empty() && method != choice.payment_method) {
          return std::nullopt;
        }
        return interval(open_time(rate, "valid_from", kOpenBegin),
                        open_time(rate, "valid_to", kOpenEnd),
                        member(rate, choice.vat ? "value_inc_vat" : "value_exc_vat"), kPencePerKwh);
      });
}

Intervals parse_awattar(std::string_view body, const PriceChoice&) {
  const auto document = parse_json(body);
  if (!document) return tl::unexpected(document.error());
  const json::array* data = list(*document, "data");
  if (data == nullptr) return fault("no data");
  return read_all(
      *data, [&](const json::value& item) -> tl::expected<std::optional<Interval>, std::string> {
        if (const auto unit = text(member(item, "unit")); unit != "Eur/MWh") {
          return fault("the unit is '" + core::printable(unit, 20) + "', not Eur/MWh");
        }
        return interval(time(item, "start_timestamp"), time(item, "end_timestamp"),
                        member(item, "marketprice"), 1);
      });
}

Intervals parse_ercot(std::string_view body, const PriceChoice& choice) {
  const auto document = parse_json(body);
  if (!document) return tl::unexpected(document.error());
  const json::array* fields = list(*document, "fields");
  const json::array* data = list(*document, "data");
  if (fields == nullptr || data == nullptr) return fault("no fields or no data");
  if (const auto* meta = member(*document, "_meta")) {
    const auto* pages = member(*meta, "totalPages");
    if (pages != nullptr && number_of(*pages).value_or(0) > 1) {
      return fault("the first of several pages: ask for one settlementPoint, or a larger size");
    }
  }
  const Columns columns = columns_of(*fields);
  if (!columns.date || !(columns.hour || columns.hour_ending) || !columns.point || !columns.price ||
      !columns.repeated) {
    return fault("not a report of settlement point prices");
  }
  const auto zone = throttle::TimeZone::find("America/Chicago");
  if (!zone) return tl::unexpected(zone.error());
  return read_all(
      *data, [&](const json::value& row) -> tl::expected<std::optional<Interval>, std::string> {
        if (text(cell(row, columns.point)) != choice.point) return std::nullopt;
        return ercot_row(row, columns, *zone);
      });
}

}  // namespace ebb::sources
