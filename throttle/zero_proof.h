#pragma once
// Zero that is proved, and what happens when it cannot be.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "throttle/policy.h"

namespace ebb::throttle {

/// What can be seen from outside the devices. Counters only grow.
struct ZeroEvidence {
  std::uint64_t hashes = 0;
  std::chrono::nanoseconds cpu_time{0};  ///< of the whole process
  // The meter counts where all three are known.
  std::optional<double> watts;       ///< of a real meter; nothing without one
  std::optional<double> idle_watts;  ///< what that meter shows at zero
  std::optional<double> full_watts;  ///< and at full work
  bool answered = true;              ///< every device has come back from its last scan
  bool released = false;             ///< and has given back its idle power
};

/// In the order in which they are tried.
enum class Escalation { stop_launches, end_workers, release_contexts, run_hook, raise_alarm };
/// "stop launches", "end workers", "release contexts", "run hook", "raise alarm".
std::string_view name(Escalation step);

struct ZeroProofSettings {
  std::chrono::milliseconds engine{2000};  ///< for hashes and CPU time to show zero
  std::chrono::milliseconds meter{5000};   ///< for the meter to, once those do
  std::chrono::milliseconds step{2000};    ///< from one escalation to the next
  std::chrono::milliseconds quiet{300};    ///< hashes and CPU time must show zero for so long
  double idle_cpu = 0.05;                  ///< of one core; more is somebody working
  double watts_above_idle = 0.10;          ///< of (full - idle) watts; more is somebody working
};

/// Watches from a limit of zero until it is lifted. Pure; one thread.
///
/// Zero is an observation: in the last `quiet` no hash was counted and less than `idle_cpu` of a
/// core was used (15 ms of CPU time in 300 ms), and the meter, where it counts, is down. CPU time
/// alone is a sign of work, for a deaf device may hash without reporting. Where a device has not
/// come back from its scan, or a proof had to be taken back, the quiet must last for `engine`:
/// there may be pauses between two signs of work.
///
/// What is proved goes on being watched. One hash more takes the proof back at once. CPU time does
/// only as an average over `engine` (100 ms in 2 s), and watts when they stay up for `meter`:
/// a report or a TLS handshake is honest work and passes. Escalation then begins anew.
class ZeroProof {
 public:
  explicit ZeroProof(ZeroProofSettings settings = {});

  /// A limit of zero is in force from `now` on; harmless when one is already.
  void begin(SteadyTime now, const ZeroEvidence& evidence);
  /// No longer. A fault stays until then, or until the evidence shows zero after all.
  void end();

  /// Call several times a second. The step to take now, each once in an escalation.
  std::optional<Escalation> update(SteadyTime now, const ZeroEvidence& evidence);

  Zero zero() const;
  /// From begin() until the last sign of work in hashes or CPU time, once proved.
  std::optional<std::chrono::milliseconds> time_to_zero() const;
  /// What still shows work, or what proved that there is none, for the status and the ledger.
  std::string text() const;

 private:
  struct Sample {
    SteadyTime at{};
    ZeroEvidence seen;
  };

  bool counts_meter() const;
  bool meter_is_down() const;
  double idle_cpu_seconds(std::chrono::nanoseconds span) const;
  /// The newest sample that is at least `quiet` old.
  const Sample* start_of_quiet() const;
  void look_for_quiet();
  bool is_quiet_for_long_enough() const;
  void forget_before(SteadyTime oldest);
  void prove();
  bool is_refuted();
  std::optional<Escalation> escalate(SteadyTime now);
  std::string evidence_text() const;

  ZeroProofSettings settings_;
  bool active_ = false;
  bool proved_ = false;
  bool failed_ = false;
  bool late_ = false;     ///< proved, after it had failed
  bool refuted_ = false;  ///< what was proved, once at least
  SteadyTime began_{};
  SteadyTime due_{};                       ///< of the next step
  std::size_t steps_ = 0;                  ///< taken in this escalation
  std::deque<Sample> samples_;             ///< oldest first; never empty while active
  std::optional<SteadyTime> quiet_since_;  ///< by hashes and CPU time
  std::optional<SteadyTime> meter_up_since_;
};

}  // namespace ebb::throttle
