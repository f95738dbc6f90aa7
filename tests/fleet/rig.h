#pragma once
// A rig whose devices are simulated; its MQTT source and its throttle are the real ones.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "miner/source_intake.h"
#include "sources/mqtt/broker_address.h"
#include "sources/source.h"
#include "throttle/throttle.h"

namespace ebb::fleet {

struct RigSettings {
  sources::BrokerAddress broker;
  std::string user, password, ca_file;
  throttle::PolicySettings policy;  ///< its sources are filled in
  throttle::Plant plant;
};

/// What a rig does at a moment.
struct RigView {
  bool connected = false;
  double fraction = 0;
  double watts = 0;
};

class Rig final : public sources::Port {
 public:
  Rig(unsigned number, const RigSettings& settings);

  void start();
  void stop();
  /// Call several times a second, from one thread.
  void tick();
  RigView view() const;

  /// From the sending of the latest order to zero; nothing when it is not obeyed yet.
  std::optional<double> zero_ms() const;
  /// From the sending of the latest permission to the first work, in seconds.
  std::optional<double> return_s() const;

  void send(std::vector<sources::Update> updates) override;
  void show(sources::Health health) override;
  void warn(std::string line) override;

 private:
  /// Decides, and lets the devices follow. Behind the mutex.
  throttle::Now step();

  throttle::SourceRule rule_;
  throttle::Plant plant_;
  std::unique_ptr<sources::Source> source_;
  std::optional<throttle::SteadyTime> told_at_;

  mutable std::mutex mutex_;
  throttle::Throttle throttle_;
  miner::SourceIntake intake_;
  bool connected_ = false;
  double fraction_ = 0;
  std::optional<throttle::WallTime> ordered_, permitted_;  ///< as their sender dated them
  std::optional<double> zero_ms_, return_s_;
};

}  // namespace ebb::fleet
