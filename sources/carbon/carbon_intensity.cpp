#include "sources/carbon/carbon_intensity.h"

#include <boost/json.hpp>

#include "core/printable.h"

namespace ebb::sources {
namespace {

namespace json = boost::json;

const json::value* member(const json::value& value, const char* name) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

/// Where the half hours are: "data", or for a region "data.data" or "data[0].data".
const json::array* half_hours(const json::value& document) {
  for (const char* path : {"data[0].data", "data.data", "data"}) {
    const json::value* found = JsonPath::parse(path)->find(document);
    if (found != nullptr && found->is_array()) return found->if_array();
  }
  return nullptr;
}

/// Null, and a missing member, are nothing.
const json::value* measured_or_forecast(const json::value& intensity) {
  for (const char* name : {"actual", "forecast"}) {
    const json::value* value = member(intensity, name);
    if (value != nullptr && !value->is_null()) return value;
  }
  return nullptr;
}

}  // namespace

Intervals parse_carbon_intensity(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) return tl::unexpected(document.error());
  if (const json::value* message = JsonPath::parse("error.message")->find(*document)) {
    const auto* words = message->if_string();
    return tl::unexpected(words == nullptr ? "an error"
                                           : core::printable({words->data(), words->size()}));
  }
  const json::array* list = half_hours(*document);
  if (list == nullptr) return tl::unexpected<std::string>("no data");
  std::vector<Interval> intervals;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto failed = [&](std::string_view what) {
      return tl::unexpected("data[" + std::to_string(i) + "]: " + std::string(what));
    };
    const json::value& item = (*list)[i];
    const json::value* from = member(item, "from");
    const json::value* until = member(item, "to");
    const json::value* intensity = member(item, "intensity");
    if (from == nullptr || until == nullptr || intensity == nullptr) {
      return failed("no from, to or intensity");
    }
    const json::value* value = measured_or_forecast(*intensity);
    if (value == nullptr) continue;
    const auto begin = time_of(*from, "UTC");
    const auto end = time_of(*until, "UTC");
    const auto grams = number_of(*value);
    if (!begin || !end || !grams) return failed("not times and a number");
    if (const auto added = add(intervals, {*begin, *end, *grams}); !added) {
      return failed(added.error());
    }
  }
  return intervals;
}

}  // namespace ebb::sources
