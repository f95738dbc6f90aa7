#include "tests/fleet/rig.h"

#include <cstdio>
#include <cstdlib>
#include <random>
#include <utility>
#include <variant>

#include "miner/wall_clock.h"
#include "sources/mqtt/mqtt_source.h"

namespace ebb::fleet {
namespace {

using throttle::WallTime;

/// A device sees a lower duty when its slice ends.
constexpr std::chrono::milliseconds kSlice{5};

throttle::Throttle make_throttle(throttle::PolicySettings settings,
                                 const throttle::SourceRule& rule) {
  settings.sources = {rule};
  auto made = throttle::Throttle::start(std::move(settings), throttle::Start::fresh, {},
                                        std::random_device{}());
  if (!made) std::abort();  // an empty state has no faults
  return *std::move(made);
}

throttle::SourceRule site_rule() {
  throttle::SourceRule rule;
  rule.name = "site";
  rule.feed = true;
  return rule;
}

double seconds_since(WallTime begin) {
  return std::chrono::duration<double>(miner::now().wall - begin).count();
}

}  // namespace

Rig::Rig(unsigned number, const RigSettings& settings)
    : rule_(site_rule()), plant_(settings.plant), throttle_(make_throttle(settings.policy, rule_)) {
  sources::MqttSettings mqtt;
  mqtt.broker = settings.broker;
  mqtt.user = settings.user;
  mqtt.password = settings.password;
  mqtt.ca_file = settings.ca_file;
  mqtt.topic = "site/cap";
  mqtt.publish = "ebb/rig" + std::to_string(number);
  sources::Context context;
  context.clock = &miner::now;
  context.rig = "rig" + std::to_string(number);
  auto source = sources::make_mqtt_source(std::move(mqtt), rule_, context);
  if (!source) {
    std::fprintf(stderr, "%s\n", source.error().c_str());
    std::exit(1);
  }
  source_ = *std::move(source);
}

void Rig::start() {
  source_->start(*this);
}

void Rig::stop() {
  source_->stop();
}

throttle::Now Rig::step() {
  const throttle::Now now = miner::now();
  const bool at_zero = fraction_ <= 0;
  const throttle::Decision& decision =
      throttle_.decide(now, at_zero ? throttle::Zero::proved : throttle::Zero::awaited, plant_);
  fraction_ = decision.limit.fraction_of(plant_);
  if (fraction_ <= 0 && ordered_ && !zero_ms_) {
    zero_ms_ = 1000 * seconds_since(*ordered_) + static_cast<double>(kSlice.count());
  }
  if (fraction_ > 0 && permitted_ && !return_s_) return_s_ = seconds_since(*permitted_);
  return now;
}

void Rig::tick() {
  sources::Telemetry telemetry;
  {
    const std::lock_guard lock(mutex_);
    telemetry.now = step();
    telemetry.decision = throttle_.decision();
    telemetry.fraction = fraction_;
  }
  telemetry.plant = plant_;
  telemetry.hps = telemetry.fraction * plant_.full_hps.value_or(0);
  if (told_at_ && telemetry.now.steady - *told_at_ < std::chrono::seconds(1)) return;
  told_at_ = telemetry.now.steady;
  source_->tell(telemetry);
}

RigView Rig::view() const {
  const std::lock_guard lock(mutex_);
  const double idle = plant_.idle_watts.value_or(0);
  return {connected_, fraction_, idle + fraction_ * (plant_.full_watts.value_or(0) - idle)};
}

std::optional<double> Rig::zero_ms() const {
  const std::lock_guard lock(mutex_);
  return zero_ms_;
}

std::optional<double> Rig::return_s() const {
  const std::lock_guard lock(mutex_);
  return return_s_;
}

void Rig::send(std::vector<sources::Update> updates) {
  const std::lock_guard lock(mutex_);
  for (const sources::Update& update : updates) {
    const auto* said = std::get_if<sources::Said>(&update);
    if (said == nullptr || !said->signal.sent_at) continue;
    if (is_zero(said->signal.cap)) {
      ordered_ = said->signal.sent_at;
      zero_ms_.reset();
    } else {
      permitted_ = said->signal.sent_at;
      return_s_.reset();
    }
  }
  intake_.take(miner::now(), rule_, std::move(updates), throttle_);
  step();
}

void Rig::show(sources::Health health) {
  const std::lock_guard lock(mutex_);
  connected_ = health.connected;
}

void Rig::warn(std::string line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace ebb::fleet
