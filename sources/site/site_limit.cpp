#include "sources/site/site_limit.h"

#include <algorithm>
#include <utility>

#include "sources/meter/meter_text.h"
#include "sources/site/site_limit_kind.h"
#include "sources/site/site_poll.h"
#include "sources/site/site_table.h"

namespace ebb::sources {

bool is_returning(const Telemetry& telemetry) {
  const throttle::State state = telemetry.decision.state;
  return state == throttle::State::holdoff || state == throttle::State::ramping;
}

SiteLimit::SiteLimit(SiteLimitSettings settings)
    : settings_(settings),
      headroom_(settings.meter_delay),
      cap_(settings.margin),
      check_(settings.meter_delay) {
  said_.id = "site";
  said_.signal_class = settings.signal_class;
}

void SiteLimit::tell(const Telemetry& telemetry) {
  headroom_.tell(telemetry);
  check_.tell(telemetry);
  plant_ = telemetry.plant;
  returning_ = is_returning(telemetry);
}

std::vector<Update> SiteLimit::read(const MeterReading& reading) {
  check_.read(reading);
  const auto allowed = headroom_.at(reading, settings_.limit - settings_.margin);
  if (!allowed) {
    trouble_ = reading.watts ? kNoOwnPower : kNoWatts;
    return {};
  }
  trouble_.clear();
  cap_.update(reading.at, *allowed, returning_);
  const throttle::Cap cap = said_cap(cap_.watts(), plant_, said_.cap);
  if (said_.reason.empty() || cap != said_.cap) {
    const double others = settings_.limit - settings_.margin - allowed->least;
    said_.cap = cap;
    said_.reason = "the site may draw " + watts_text(settings_.limit) + ", others draw " +
                   watts_text(std::max(others, 0.0));
  }
  return {SaidAll{{said_}}};
}

std::vector<Update> SiteLimit::silent(throttle::SteadyTime) {
  return {};
}

std::string SiteLimit::last() const {
  return check_.last();
}

std::string SiteLimit::trouble() const {
  return trouble_.empty() ? check_.trouble() : trouble_;
}

namespace {

constexpr double kMargin = 0.02;  // of the limit

Open read_site_limit(throttle::TableReader& table, const std::filesystem::path&) {
  SiteLimitSettings settings;
  const std::string meter = read_meter_name(table);
  settings.limit = read_watts(table, "limit").value_or(0);
  if (table.node("limit") == nullptr) table.fail("limit", "is missing, such as \"50kW\"");
  settings.margin = read_watts(table, "margin").value_or(kMargin * settings.limit);
  if (settings.margin > settings.limit) table.fail("margin", "is more than the limit");
  settings.meter_delay = read_meter_delay(table);
  return [settings, meter](const throttle::SourceRule& rule, const Context& context) mutable {
    settings.signal_class = rule.signal_class;
    return site_source(std::make_unique<SiteLimit>(settings), meter, context);
  };
}

}  // namespace

const Kind kSiteLimitKind{.type = "site_limit",
                          .feed = true,
                          .signal_class = throttle::SignalClass::protective,
                          .stale_after = std::chrono::seconds(10),
                          .read = &read_site_limit};

}  // namespace ebb::sources
