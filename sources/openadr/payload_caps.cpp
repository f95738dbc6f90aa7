#include "sources/openadr/payload_caps.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace ebb::sources::openadr {
namespace {

using throttle::Cap;
using throttle::DutyCap;
using throttle::PowerCap;
using throttle::SignalClass;

constexpr double kMaxWatts = 1e12;

std::string text_of(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", number);
  return text;
}

std::string text_of(const Value& value) {
  if (const double* number = std::get_if<double>(&value)) return text_of(*number);
  if (const bool* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
  return std::get<std::string>(value);
}

/// Also of a number in quotes.
std::optional<double> number_of(const Value& value) {
  if (const double* number = std::get_if<double>(&value)) return *number;
  const std::string* text = std::get_if<std::string>(&value);
  if (text == nullptr) return std::nullopt;
  double number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

DutyCap duty(double fraction) {
  return {std::clamp(fraction, 0.0, 1.0)};
}

PowerCap power(double watts) {
  return {std::clamp(watts, 0.0, kMaxWatts)};
}

/// A payload and how it is read.
struct Reader {
  const CapSettings& settings;
  std::string_view type;
  const Value& value;
  const PayloadContext& context;

  std::string label() const { return std::string(type) + ' ' + text_of(value); }

  Asked cap(Cap it) const { return {Meaning::cap, it, 0, {}, false, label()}; }
  Asked economic(double price, double strike) const {
    const bool pays = price <= strike;
    Asked asked = cap(DutyCap{pays ? 1.0 : 0.0});
    asked.signal_class = SignalClass::economic;
    if (!context.currency.empty()) asked.text += ' ' + std::string(context.currency);
    if (!pays) asked.text += " is above the strike of " + text_of(strike);
    return asked;
  }
  Asked unclear(std::string_view why) const {
    return {Meaning::unclear, {}, 0, {}, false, label() + ": " + std::string(why)};
  }
  Asked unit_unclear() const {
    return unclear("units of " + std::string(context.units) + " are not understood");
  }
};

Asked read_simple(const Reader& it, double level) {
  if (level < 0 || std::floor(level) != level) return it.unclear("levels are 0 to 3");
  return it.cap(it.settings.simple.at(static_cast<std::size_t>(std::min(level, 3.0))));
}

/// Watts in the payload's units; nothing for a share of full power.
std::optional<double> to_watts(const Reader& it, double number) {
  if (it.context.units.empty() || it.context.units == "KW") return 1000 * number;
  if (it.context.units == "W") return number;
  return std::nullopt;
}

Asked read_setpoint(const Reader& it, double number) {
  if (number == 0) return it.cap(DutyCap{0});
  if (number < 0) return it.unclear("a load cannot consume less than nothing");
  if (it.context.units == "PERCENT") return it.cap(duty(number));
  if (const auto watts = to_watts(it, number)) return it.cap(power(*watts));
  return it.unit_unclear();
}

/// The schema has no negative ones, and a decrease can be written in no other way.
Asked read_relative(const Reader& it, double number) {
  if (number >= 0) return it.cap(DutyCap{1});
  if (it.context.units == "PERCENT") return it.cap(duty(1 + number));
  const auto watts = to_watts(it, number);
  if (!watts) return it.unit_unclear();
  Asked asked = it.cap(DutyCap{0});
  if (it.context.baseline_watts) {
    asked.cap = power(*it.context.baseline_watts + *watts);
    asked.text += " kW from " + text_of(*it.context.baseline_watts) + " W";
  } else {
    asked.text += ": of what is not known, so all of it";
  }
  return asked;
}

Asked read_control_setpoint(const Reader& it, double number) {
  switch (it.settings.control_setpoint) {
    case SetpointMeaning::absolute:
      return read_setpoint(it, number);
    case SetpointMeaning::relative:
      return read_relative(it, number);
    case SetpointMeaning::none:
      break;
  }
  return it.unclear("the program gives it its meaning: set control_setpoint");
}

Asked read_level_offset(const Reader& it, double number) {
  return it.cap(duty(1 - std::max(number, 0.0) / 10));
}

/// The standard contradicts itself about the sign.
Asked read_level_offset_percent(const Reader& it, double number) {
  switch (it.settings.offset_percent) {
    case OffsetSign::negative_sheds:
      return it.cap(duty(1 + number));
    case OffsetSign::positive_sheds:
      return it.cap(duty(1 - number));
    case OffsetSign::unknown:
      break;
  }
  return it.unclear("the standard contradicts itself about its sign: set offset_percent_sign");
}

Asked read_shape(const Reader& it, double number) {
  return it.cap(duty(number));
}

template <Meaning meaning>
Asked read_capacity(const Reader& it, double number) {
  const auto watts = to_watts(it, number);
  if (!watts) return it.unit_unclear();
  if (number < 0) return it.unclear("a capacity is not below zero");
  return {meaning, {}, power(*watts).watts, {}, false, it.label() + " kW"};
}

template <std::optional<double> Strikes::*strike>
Asked read_price(const Reader& it, double number) {
  const auto& limit = it.settings.strikes.*strike;
  if (!limit) return {Meaning::ignored, {}, 0, {}, false, it.label()};
  if (!it.context.units.empty() && it.context.units != "KWH") return it.unit_unclear();
  const std::string& currency = it.settings.strikes.currency;
  if (!currency.empty() && !it.context.currency.empty() && it.context.currency != currency) {
    return it.unclear("it is in " + std::string(it.context.currency) + ", not in " + currency);
  }
  return it.economic(number, *limit);
}

Asked read_ghg(const Reader& it, double number) {
  const auto& limit = it.settings.strikes.ghg;
  if (!limit) return {Meaning::ignored, {}, 0, {}, false, it.label()};
  return it.economic(number, *limit);
}

struct NumberType {
  std::string_view type;
  Asked (*read)(const Reader& it, double number);
  bool conflicts = true;
};

constexpr NumberType kNumberTypes[]{
    {"SIMPLE", read_simple},
    {"DISPATCH_SETPOINT", read_setpoint},
    {"DISPATCH_SETPOINT_RELATIVE", read_relative},
    {"CONTROL_SETPOINT", read_control_setpoint},
    {"CONTROL_LEVEL_OFFSET", read_level_offset},
    {"CONTROL_LEVEL_OFFSET_PERCENT", read_level_offset_percent},
    {"OLS", read_shape},
    {"IMPORT_CAPACITY_LIMIT", read_capacity<Meaning::limit>},
    {"IMPORT_CAPACITY_SUBSCRIPTION", read_capacity<Meaning::subscription>},
    {"IMPORT_CAPACITY_RESERVATION", read_capacity<Meaning::reservation>},
    // The guide's section 8.10.2 leaves the direction out.
    {"CAPACITY_SUBSCRIPTION", read_capacity<Meaning::subscription>},
    {"CAPACITY_RESERVATION", read_capacity<Meaning::reservation>},
    {"PRICE", read_price<&Strikes::price>, false},
    {"PRICE_ALTERNATE", read_price<&Strikes::price>, false},
    {"EXPORT_PRICE", read_price<&Strikes::export_price>, false},
    {"GHG", read_ghg, false},
};

const NumberType* find_number_type(std::string_view type) {
  const auto* end = std::end(kNumberTypes);
  const auto* found = std::find_if(std::begin(kNumberTypes), end,
                                   [&](const NumberType& it) { return it.type == type; });
  return found == end ? nullptr : found;
}

/// Storage, inverters, what others pay.
bool is_not_for_loads(std::string_view type) {
  return type == "CHARGE_STATE_SETPOINT" || type == "CURVE" ||
         type.starts_with("EXPORT_CAPACITY_") || type.starts_with("CTA2045_") ||
         type.starts_with("IMPORT_CAPACITY_AVAILABLE") || type.ends_with("CAPACITY_AVAILABLE") ||
         type.ends_with("CAPACITY_AVAILABLE_PRICE") || type.ends_with("CAPACITY_RESERVATION_FEE");
}

Asked read_alert(const Reader& it) {
  if (it.type == "ALERT_FLEX_ALERT") return it.cap(it.settings.flex_alert);
  const bool black_start = it.type == "ALERT_BLACK_START";
  if (!black_start && it.type != "ALERT_GRID_EMERGENCY") {
    return {Meaning::notice, {}, 0, {}, false, it.label()};
  }
  Asked asked = it.cap(DutyCap{0});
  asked.signal_class = SignalClass::mandatory;
  asked.outage = black_start;  // its end begins the wait for a steady grid
  return asked;
}

Asked read_instruction(const Reader& it) {
  const auto known = it.settings.instructions.find(text_of(it.value));
  if (known == it.settings.instructions.end()) {
    return it.unclear("there is no such instruction among the settings");
  }
  return it.cap(known->second);
}

}  // namespace

Asked read_payload(const CapSettings& settings, std::string_view type, const Value& value,
                   const PayloadContext& context) {
  const Reader it{settings, type, value, context};
  if (const NumberType* known = find_number_type(type)) {
    const auto number = number_of(value);
    return number ? known->read(it, *number) : it.unclear("it is no number");
  }
  if (type.starts_with("ALERT_")) return read_alert(it);
  if (type == "DISPATCH_INSTRUCTION") return read_instruction(it);
  if (is_not_for_loads(type)) return {Meaning::ignored, {}, 0, {}, false, it.label()};
  return {Meaning::unclear,
          {},
          0,
          {},
          false,
          std::string(type) +
              ": payloads of this type are not "
              "known"};
}

bool is_sequence(std::string_view type) {
  return find_number_type(type) != nullptr;
}

bool conflicts(std::string_view type) {
  const NumberType* known = find_number_type(type);
  return known != nullptr ? known->conflicts : type == "DISPATCH_INSTRUCTION";
}

bool is_relative(const CapSettings& settings, std::string_view type) {
  return type == "DISPATCH_SETPOINT_RELATIVE" ||
         (type == "CONTROL_SETPOINT" && settings.control_setpoint == SetpointMeaning::relative);
}

}  // namespace ebb::sources::openadr
