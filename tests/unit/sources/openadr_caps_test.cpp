#include "sources/openadr/payload_caps.h"

#include "tests/unit/sources/openadr_support.h"

namespace ebb::sources::openadr {
namespace {

using throttle::Cap;

Asked ask(std::string_view type, const Value& value, const CapSettings& settings = {},
          std::string_view units = {}, std::optional<double> baseline = {},
          std::string_view currency = {}) {
  return read_payload(settings, type, value, {units, currency, baseline});
}

Cap cap_of(std::string_view type, const Value& value, const CapSettings& settings = {},
           std::string_view units = {}, std::optional<double> baseline = {}) {
  const Asked asked = ask(type, value, settings, units, baseline);
  INFO(asked.text);
  CHECK(asked.meaning == Meaning::cap);
  return asked.cap;
}

TEST_CASE("SIMPLE has four levels, which settings may change", "[openadr]") {
  CHECK(cap_of("SIMPLE", 0.0) == Cap(DutyCap{1}));
  CHECK(cap_of("SIMPLE", 1.0) == Cap(DutyCap{0.5}));
  CHECK(cap_of("SIMPLE", 2.0) == Cap(DutyCap{0.25}));
  CHECK(cap_of("SIMPLE", 3.0) == Cap(DutyCap{0}));
  CHECK(cap_of("SIMPLE", 7.0) == Cap(DutyCap{0}));
  CHECK(cap_of("SIMPLE", std::string("2")) == Cap(DutyCap{0.25}));
  CapSettings settings;
  settings.simple[1] = PowerCap{400};
  CHECK(cap_of("SIMPLE", 1.0, settings) == Cap(PowerCap{400}));
  CHECK(ask("SIMPLE", -1.0).meaning == Meaning::unclear);
  CHECK(ask("SIMPLE", 1.5).meaning == Meaning::unclear);
  CHECK(ask("SIMPLE", std::string("high")).meaning == Meaning::unclear);
  CHECK(ask("SIMPLE", true).meaning == Meaning::unclear);
}

TEST_CASE("DISPATCH_SETPOINT is what may be drawn", "[openadr]") {
  CHECK(cap_of("DISPATCH_SETPOINT", 1.5, {}, "KW") == Cap(PowerCap{1500}));
  CHECK(cap_of("DISPATCH_SETPOINT", 1.5) == Cap(PowerCap{1500}));
  CHECK(cap_of("DISPATCH_SETPOINT", 0.25, {}, "PERCENT") == Cap(DutyCap{0.25}));
  CHECK(cap_of("DISPATCH_SETPOINT", 0.0, {}, "KVAR") == Cap(DutyCap{0}));
  CHECK(ask("DISPATCH_SETPOINT", 2.0, {}, "KVAR").meaning == Meaning::unclear);
  CHECK(ask("DISPATCH_SETPOINT", -2.0, {}, "KW").meaning == Meaning::unclear);
}

TEST_CASE("DISPATCH_SETPOINT_RELATIVE may be below zero, whatever the schema says", "[openadr]") {
  CHECK(cap_of("DISPATCH_SETPOINT_RELATIVE", -0.15, {}, "KW", 1000) == Cap(PowerCap{850}));
  CHECK(cap_of("DISPATCH_SETPOINT_RELATIVE", -5.0, {}, "KW", 1000) == Cap(PowerCap{0}));
  CHECK(cap_of("DISPATCH_SETPOINT_RELATIVE", 0.5, {}, "KW", 1000) == Cap(DutyCap{1}));
  CHECK(cap_of("DISPATCH_SETPOINT_RELATIVE", -0.25, {}, "PERCENT") == Cap(DutyCap{0.75}));
  // A decrease of an unknown amount: all of it is the safe answer.
  CHECK(cap_of("DISPATCH_SETPOINT_RELATIVE", -0.15, {}, "KW") == Cap(DutyCap{0}));
}

TEST_CASE("CONTROL_SETPOINT means something only by settings", "[openadr]") {
  CHECK(ask("CONTROL_SETPOINT", -0.15, {}, "KW", 1000).meaning == Meaning::unclear);
  CapSettings settings;
  settings.control_setpoint = SetpointMeaning::relative;
  CHECK(cap_of("CONTROL_SETPOINT", -0.15, settings, "KW", 1000) == Cap(PowerCap{850}));
  CHECK(is_relative(settings, "CONTROL_SETPOINT"));
  settings.control_setpoint = SetpointMeaning::absolute;
  CHECK(cap_of("CONTROL_SETPOINT", 0.15, settings, "KW") == Cap(PowerCap{150}));
  CHECK_FALSE(is_relative(settings, "CONTROL_SETPOINT"));
}

TEST_CASE("DISPATCH_INSTRUCTION is looked up", "[openadr]") {
  CapSettings settings;
  settings.instructions["curtail"] = DutyCap{0.1};
  CHECK(cap_of("DISPATCH_INSTRUCTION", std::string("curtail"), settings) == Cap(DutyCap{0.1}));
  CHECK(ask("DISPATCH_INSTRUCTION", std::string("dance"), settings).meaning == Meaning::unclear);
}

TEST_CASE("CONTROL_LEVEL_OFFSET: the higher, the less load", "[openadr]") {
  CHECK(cap_of("CONTROL_LEVEL_OFFSET", 0.0) == Cap(DutyCap{1}));
  CHECK(cap_of("CONTROL_LEVEL_OFFSET", 4.0) == Cap(DutyCap{0.6}));
  CHECK(cap_of("CONTROL_LEVEL_OFFSET", 10.0) == Cap(DutyCap{0}));
  CHECK(cap_of("CONTROL_LEVEL_OFFSET", 11.0) == Cap(DutyCap{0}));
  CHECK(cap_of("CONTROL_LEVEL_OFFSET", -10.0) == Cap(DutyCap{1}));
}

TEST_CASE("CONTROL_LEVEL_OFFSET_PERCENT needs its sign said", "[openadr]") {
  CHECK(ask("CONTROL_LEVEL_OFFSET_PERCENT", -0.4).meaning == Meaning::unclear);
  CapSettings settings;
  settings.offset_percent = OffsetSign::negative_sheds;
  CHECK(cap_of("CONTROL_LEVEL_OFFSET_PERCENT", -0.4, settings) == Cap(DutyCap{0.6}));
  CHECK(cap_of("CONTROL_LEVEL_OFFSET_PERCENT", 0.4, settings) == Cap(DutyCap{1}));
  settings.offset_percent = OffsetSign::positive_sheds;
  CHECK(cap_of("CONTROL_LEVEL_OFFSET_PERCENT", 0.4, settings) == Cap(DutyCap{0.6}));
  CHECK(cap_of("CONTROL_LEVEL_OFFSET_PERCENT", 40.0, settings) == Cap(DutyCap{0}));
}

TEST_CASE("OLS is a share of full power", "[openadr]") {
  CHECK(cap_of("OLS", 0.3) == Cap(DutyCap{0.3}));
  CHECK(cap_of("OLS", 1.3) == Cap(DutyCap{1}));
}

TEST_CASE("Capacities are the site's", "[openadr]") {
  const Asked limit = ask("IMPORT_CAPACITY_LIMIT", 10.0, {}, "KW");
  CHECK(limit.meaning == Meaning::limit);
  CHECK(limit.site_watts == 10'000);
  CHECK(ask("IMPORT_CAPACITY_SUBSCRIPTION", 240.0).meaning == Meaning::subscription);
  CHECK(ask("IMPORT_CAPACITY_RESERVATION", 2.0).meaning == Meaning::reservation);
  // The guide's own names, which the enumeration does not have.
  CHECK(ask("CAPACITY_SUBSCRIPTION", 240.0).meaning == Meaning::subscription);
  CHECK(ask("IMPORT_CAPACITY_AVAILABLE_FEE", 0.1).meaning == Meaning::ignored);
  CHECK(ask("IMPORT_CAPACITY_RESERVATION_FEE", 0.1).meaning == Meaning::ignored);
  CHECK(ask("IMPORT_CAPACITY_AVAILABLE_PRICE", 0.1).meaning == Meaning::ignored);
  CHECK(ask("IMPORT_CAPACITY_LIMIT", -1.0).meaning == Meaning::unclear);
  CHECK(ask("IMPORT_CAPACITY_LIMIT", 1.0, {}, "AMPS").meaning == Meaning::unclear);
}

TEST_CASE("Prices cap only with a strike, and economically", "[openadr]") {
  CHECK(ask("PRICE", 9.0).meaning == Meaning::ignored);
  CapSettings settings;
  settings.strikes = {.price = 0.08, .export_price = 0.2, .ghg = 300, .currency = "USD"};
  const Asked dear = ask("PRICE", 0.17, settings, "KWH", {}, "USD");
  CHECK(dear.meaning == Meaning::cap);
  CHECK(dear.cap == Cap(DutyCap{0}));
  CHECK(dear.signal_class == SignalClass::economic);
  CHECK(cap_of("PRICE", 0.08, settings) == Cap(DutyCap{1}));
  CHECK(cap_of("PRICE", -0.5, settings) == Cap(DutyCap{1}));
  CHECK(cap_of("PRICE_ALTERNATE", 0.09, settings) == Cap(DutyCap{0}));
  CHECK(cap_of("EXPORT_PRICE", 0.3, settings) == Cap(DutyCap{0}));
  CHECK(cap_of("GHG", 200.0, settings) == Cap(DutyCap{1}));
  CHECK(cap_of("GHG", 301.0, settings) == Cap(DutyCap{0}));
  CHECK(ask("PRICE", 0.17, settings, "THERMS").meaning == Meaning::unclear);
  CHECK(ask("PRICE", 0.17, settings, "KWH", {}, "EUR").meaning == Meaning::unclear);
}

TEST_CASE("Alerts", "[openadr]") {
  const Asked emergency = ask("ALERT_GRID_EMERGENCY", std::string("low reserves"));
  CHECK(emergency.cap == Cap(DutyCap{0}));
  CHECK(emergency.signal_class == SignalClass::mandatory);
  CHECK_FALSE(emergency.outage);
  CHECK(emergency.text == "ALERT_GRID_EMERGENCY low reserves");
  const Asked black_start = ask("ALERT_BLACK_START", std::string("restoring"));
  CHECK(black_start.cap == Cap(DutyCap{0}));
  CHECK(black_start.outage);
  CHECK(cap_of("ALERT_FLEX_ALERT", std::string("scarce")) == Cap(DutyCap{0}));
  CapSettings settings;
  settings.flex_alert = DutyCap{0.7};
  CHECK(cap_of("ALERT_FLEX_ALERT", std::string("scarce"), settings) == Cap(DutyCap{0.7}));
  for (const char* type :
       {"ALERT_POSSIBLE_OUTAGE", "ALERT_FIRE", "ALERT_FREEZING", "ALERT_WIND", "ALERT_TSUNAMI",
        "ALERT_AIR_QUALITY", "ALERT_OTHER", "ALERT_SOMETHING_NEW"}) {
    CHECK(ask(type, std::string("x")).meaning == Meaning::notice);
  }
}

TEST_CASE("What is not a load's business, and what nobody knows", "[openadr]") {
  for (const char* type : {"CHARGE_STATE_SETPOINT", "CURVE", "EXPORT_CAPACITY_LIMIT",
                           "EXPORT_CAPACITY_SUBSCRIPTION", "CTA2045_REBOOT"}) {
    CHECK(ask(type, 1.0).meaning == Meaning::ignored);
  }
  // 2.0b's name: there is none in 3.
  CHECK(ask("LOAD_SHED", 1.0).meaning == Meaning::unclear);
  CHECK(ask("X_PRIVATE", 1.0).text == ask("X_PRIVATE", 2.0).text);
}

}  // namespace
}  // namespace ebb::sources::openadr
