#pragma once
// Sees to it that a limit of zero is zero: watches the devices from outside and escalates.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "miner/crew.h"
#include "miner/hook.h"
#include "throttle/power_reading.h"
#include "throttle/zero_proof.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// What happened at zero, for the ledger.
struct ZeroNews {
  throttle::SteadyTime at{};
  std::optional<throttle::Escalation> step;  ///< taken; nothing: `zero` has changed
  throttle::Zero zero = throttle::Zero::not_asked;
  std::string text;
};

/// On the io thread, which it never blocks.
class ZeroKeeper {
 public:
  /// How often to call tick().
  static constexpr std::chrono::milliseconds kPeriod{100};
  /// From one word of the alarm to the next, while it lasts.
  static constexpr std::chrono::seconds kAlarmPeriod{60};

  /// `hook`: a command for /bin/sh, empty for none. It finds in EBB_REASON what still shows work
  /// and in EBB_LIMIT "0%".
  ZeroKeeper(Crew& crew, spdlog::logger& log, throttle::ZeroProofSettings settings,
             std::string hook);

  /// Writes no duty: that is the controller's. What it did to the devices beyond that it undoes
  /// once the limit is not zero any more. `power`: an estimate proves nothing and is passed over.
  throttle::Zero tick(throttle::SteadyTime now, bool limit_is_zero,
                      const std::optional<throttle::PowerReading>& power,
                      const throttle::Plant& plant);

  throttle::Zero zero() const { return proof_.zero(); }
  std::string text() const { return proof_.text(); }
  std::optional<std::chrono::milliseconds> time_to_zero() const { return proof_.time_to_zero(); }

  /// Since the last call.
  std::vector<ZeroNews> news();

 private:
  throttle::ZeroEvidence evidence(throttle::SteadyTime now,
                                  const std::optional<throttle::PowerReading>& power,
                                  const throttle::Plant& plant) const;
  void carry_out(throttle::SteadyTime now, throttle::Escalation step);
  /// What a parked worker does by itself must be done for one that has ended.
  void release_in_time(throttle::SteadyTime now);
  void run_hook(throttle::SteadyTime now);
  void raise_alarm(throttle::SteadyTime now);
  void lift();
  void tell(throttle::SteadyTime now);

  Crew& crew_;
  spdlog::logger& log_;
  throttle::ZeroProofSettings settings_;
  throttle::ZeroProof proof_;
  Hook hook_;
  bool escalated_ = false;                          ///< the crew does less than its duties allow
  std::optional<throttle::SteadyTime> release_at_;  ///< where workers were ended
  throttle::Zero told_ = throttle::Zero::not_asked;
  throttle::SteadyTime last_alarm_{};
  std::vector<ZeroNews> news_;
};

}  // namespace ebb::miner
