#include "throttle/saved_fields.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

namespace ebb::throttle {
namespace {

/// Sums with these do not overflow. What has grown beyond them is saved as them.
constexpr std::int64_t kLatest = 253'402'300'799'999;         ///< ms; the year 9999
constexpr std::int64_t kLongest = 1'000'000'000'000'000'000;  ///< ns; 30 years

const boost::json::value kNull;
const boost::json::object kNoObject;
const boost::json::array kNoArray;

}  // namespace

tl::expected<boost::json::object, std::string> parse_saved(std::string_view text) {
  if (text.size() > kMaxSavedBytes) return tl::unexpected<std::string>("longer than any state");
  boost::json::parse_options options;
  // A reason is what some source sent; nothing in it may keep a state from being read again.
  options.allow_invalid_utf8 = true;
  boost::system::error_code error;
  boost::json::value value = boost::json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return tl::unexpected("not JSON: " + error.message());
  if (!value.is_object()) return tl::unexpected<std::string>("not a JSON object");
  return std::move(value.get_object());
}

boost::json::value to_json(double value) {
  char buffer[40];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return boost::json::string(buffer, static_cast<std::size_t>(result.ptr - buffer));
}

boost::json::value to_json(const std::optional<WallTime>& time) {
  if (!time) return nullptr;
  const std::int64_t count = time->time_since_epoch().count();
  return std::clamp(count, -kLatest, kLatest);
}

boost::json::value to_json(std::chrono::nanoseconds waited) {
  return std::min<std::int64_t>(waited.count(), kLongest);
}

boost::json::object to_json(const Limit& limit) {
  boost::json::object json{{"fraction", to_json(limit.fraction)}};
  if (limit.watts) json["watts"] = to_json(*limit.watts);
  if (limit.hps) json["hps"] = to_json(*limit.hps);
  return json;
}

boost::json::object to_json(const Signal& signal) {
  Limit limit;
  limit.lower_to(signal.cap);
  return {{"source", signal.source},
          {"id", signal.id},
          {"cap", to_json(limit)},
          {"class", name(signal.signal_class)},
          {"from", to_json(std::optional(signal.valid_from))},
          {"until", to_json(signal.valid_until)},
          {"received", to_json(std::optional(signal.received_at))},
          {"sent", to_json(signal.sent_at)},
          {"sequence", signal.sequence},
          {"reason", signal.reason},
          {"outage", signal.outage},
          {"urgent", signal.urgent}};
}

boost::json::object to_json(const Override& override) {
  return {{"until", to_json(std::optional(override.until))}, {"reason", override.reason}};
}

void SavedFields::fail(std::string_view name, const char* what) const {
  if (error_.empty()) error_ = std::string(name.substr(0, 100)) + ": " + what;
}

bool SavedFields::has(std::string_view name) const {
  return object_.contains({name.data(), name.size()});
}

const boost::json::value& SavedFields::at(std::string_view name) const {
  if (const auto* value = object_.if_contains({name.data(), name.size()})) return *value;
  fail(name, "is missing");
  return kNull;
}

const boost::json::object& SavedFields::object(std::string_view name) const {
  if (const auto* object = at(name).if_object()) return *object;
  fail(name, "is not an object");
  return kNoObject;
}

const boost::json::array& SavedFields::array(std::string_view name) const {
  if (const auto* array = at(name).if_array()) return *array;
  fail(name, "is not a list");
  return kNoArray;
}

bool SavedFields::flag(std::string_view name) const {
  if (const auto* flag = at(name).if_bool()) return *flag;
  fail(name, "is neither true nor false");
  return false;
}

std::uint64_t SavedFields::whole(std::string_view name) const {
  const boost::json::value& value = at(name);
  if (const auto* number = value.if_uint64()) return *number;
  if (const auto* number = value.if_int64(); number != nullptr && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  fail(name, "is not a whole number");
  return 0;
}

std::string SavedFields::text(std::string_view name, std::size_t max_bytes) const {
  const auto* text = at(name).if_string();
  if (text != nullptr && text->size() <= max_bytes) return {text->data(), text->size()};
  fail(name, "is not a text, or is too long");
  return {};
}

double SavedFields::number(std::string_view name) const {
  double number = 0;
  const std::string digits = text(name, 40);
  const char* const end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, number);
  if (result.ec == std::errc() && result.ptr == end && std::isfinite(number) && number >= 0) {
    return number;
  }
  fail(name, "is not a number of 0 or more");
  return 0;
}

std::chrono::nanoseconds SavedFields::waited(std::string_view name) const {
  const auto* number = at(name).if_int64();
  if (number != nullptr && *number >= 0 && *number <= kLongest) {
    return std::chrono::nanoseconds(*number);
  }
  fail(name, "is not a length of time");
  return std::chrono::nanoseconds(0);
}

std::optional<WallTime> SavedFields::optional_time(std::string_view name) const {
  if (at(name).is_null()) return std::nullopt;
  const auto* number = at(name).if_int64();
  if (number != nullptr && *number >= -kLatest && *number <= kLatest) {
    return WallTime(std::chrono::milliseconds(*number));
  }
  fail(name, "is not a time");
  return std::nullopt;
}

WallTime SavedFields::time(std::string_view name) const {
  if (const auto time = optional_time(name)) return *time;
  fail(name, "is not a time");
  return {};
}

Limit read_limit(const SavedFields& fields) {
  Limit limit;
  limit.fraction = fields.number("fraction");
  if (limit.fraction > 1) fields.fail("fraction", "is above 1");
  if (fields.has("watts")) limit.watts = fields.number("watts");
  if (fields.has("hps")) limit.hps = fields.number("hps");
  return limit;
}

Signal read_signal(const SavedFields& fields) {
  Signal signal;
  signal.source = fields.text("source", SignalBook::kMaxName);
  signal.id = fields.text("id", SignalBook::kMaxName);
  const Limit limit = read_limit(SavedFields(fields.object("cap"), fields.error()));
  if (limit.watts) {
    signal.cap = PowerCap{*limit.watts};
  } else if (limit.hps) {
    signal.cap = HashrateCap{*limit.hps};
  } else {
    signal.cap = DutyCap{limit.fraction};
  }
  const auto signal_class = parse_signal_class(fields.text("class", 20));
  if (!signal_class) fields.fail("class", "is not a class of signals");
  signal.signal_class = signal_class.value_or(SignalClass::mandatory);
  signal.valid_from = fields.time("from");
  signal.valid_until = fields.optional_time("until");
  signal.received_at = fields.time("received");
  signal.sent_at = fields.optional_time("sent");
  signal.sequence = fields.whole("sequence");
  signal.reason = fields.text("reason", SignalBook::kMaxReason);
  signal.outage = fields.flag("outage");
  signal.urgent = fields.flag("urgent");
  return signal;
}

Override read_override(const SavedFields& fields) {
  return {fields.time("until"), fields.text("reason", SignalBook::kMaxReason)};
}

}  // namespace ebb::throttle
