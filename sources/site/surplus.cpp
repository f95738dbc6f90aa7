#include "sources/site/surplus.h"

#include <algorithm>
#include <utility>

#include "sources/meter/meter_text.h"
#include "sources/site/site_limit.h"
#include "sources/site/site_poll.h"
#include "sources/site/site_table.h"
#include "sources/site/surplus_kind.h"
#include "throttle/duration_text.h"

namespace ebb::sources {

Surplus::Surplus(SurplusSettings settings)
    : settings_(settings), headroom_(settings.meter_delay), cap_(settings.margin) {
  said_.id = "surplus";
  said_.signal_class = settings.signal_class;
}

void Surplus::tell(const Telemetry& telemetry) {
  headroom_.tell(telemetry);
  plant_ = telemetry.plant;
  returning_ = is_returning(telemetry);
}

std::vector<Update> Surplus::read(const MeterReading& reading) {
  const auto spare = headroom_.at(reading, -settings_.reserve - settings_.margin);
  if (!spare) return nothing(reading.watts ? kNoOwnPower : kNoWatts);
  read_at_ = reading.at;
  trouble_.clear();
  spare_ = spare->least;
  cap_.update(reading.at, *spare, returning_);
  look_at(reading.at, *spare);
  if (!on_) return say(throttle::DutyCap{0}, "nothing to spare");
  return say(said_cap(cap_.watts(), plant_, said_.cap),
             "what would be exported: " + watts_text(std::max(spare_, 0.0)));
}

void Surplus::look_at(throttle::SteadyTime now, WattRange spare) {
  const bool passed = on_ ? spare.most < settings_.stop : spare.least >= settings_.start;
  if (!passed) {
    since_.reset();
    return;
  }
  if (!since_) since_ = now;
  if (now - *since_ < (on_ ? settings_.stop_after : settings_.start_after)) return;
  on_ = !on_;
  since_.reset();
}

std::vector<Update> Surplus::silent(throttle::SteadyTime now) {
  if (!read_at_) read_at_ = now;
  if (now - *read_at_ < kMeterSilent) return {};
  return nothing({});
}

std::vector<Update> Surplus::nothing(std::string trouble) {
  on_ = false;
  since_.reset();
  cap_ = SteadyCap(settings_.margin);
  spare_ = 0;
  trouble_ = std::move(trouble);
  return say(throttle::DutyCap{0}, trouble_.empty() ? "the meter is silent" : trouble_);
}

std::vector<Update> Surplus::say(const throttle::Cap& cap, const std::string& reason) {
  if (said_.reason.empty() || cap != said_.cap) {
    said_.cap = cap;
    said_.reason = reason;
  }
  return {SaidAll{{said_}}};
}

std::string Surplus::last() const {
  return watts_text(spare_) + " to spare, " + (on_ ? "mining" : "not mining");
}

namespace {

constexpr double kMargin = 0.05;  // of the power that begins the mining

Open read_surplus(throttle::TableReader& table, const std::filesystem::path&) {
  SurplusSettings settings;
  const std::string meter = read_meter_name(table);
  settings.start = read_watts(table, "start").value_or(0);
  if (table.node("start") == nullptr) table.fail("start", "is missing, such as \"2kW\"");
  settings.stop = read_watts(table, "stop").value_or(settings.start / 2);
  if (settings.stop > settings.start) table.fail("stop", "is more than start");
  settings.reserve = read_watts(table, "reserve").value_or(0);
  settings.margin = read_watts(table, "margin").value_or(kMargin * settings.start);
  settings.start_after =
      table.parsed("start_after", throttle::parse_wait_seconds).value_or(settings.start_after);
  settings.stop_after =
      table.parsed("stop_after", throttle::parse_wait_seconds).value_or(settings.stop_after);
  settings.meter_delay = read_meter_delay(table);
  return [settings, meter](const throttle::SourceRule& rule, const Context& context) mutable {
    settings.signal_class = rule.signal_class;
    return site_source(std::make_unique<Surplus>(settings), meter, context);
  };
}

}  // namespace

const Kind kSurplusKind{.type = "surplus",
                        .feed = true,
                        .signal_class = throttle::SignalClass::economic,
                        .stale_after = std::chrono::seconds(10),
                        .read = &read_surplus};

}  // namespace ebb::sources
