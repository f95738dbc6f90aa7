#pragma once
// `ebb bench throttle`: how soon a limit is obeyed, and how exactly. docs/bench-throttle.md defines
// the figures.

#include <chrono>
#include <string>
#include <vector>

#include "bench/throttle_bench_options.h"
#include "bench/work_curve.h"
#include "throttle/limit.h"

namespace ebb::bench {

/// Devices that hash without a pool under whatever throttles them, and the time they live in: the
/// machine's, or a test's. One thread.
class ThrottleRig {
 public:
  virtual ~ThrottleRig() = default;

  virtual void set_limit(const throttle::Limit& limit) = 0;
  virtual std::vector<DeviceWork> read() = 0;
  /// What the process has used since it started.
  virtual std::chrono::nanoseconds cpu_time() = 0;
  /// How long its threads together were ready to run and others had their CPUs, since it started.
  virtual std::chrono::nanoseconds waited() = 0;

  virtual Instant now() = 0;
  virtual void wait_until(Instant time) = 0;
};

/// A trial is quiet while its threads, full work before it included, waited for a CPU that others
/// had for less than this share of the time.
inline constexpr double kQuietShare = 0.005;

/// To zero and back.
struct StepTrial {
  double zero_ms = 0;   ///< from the call to the end of the last slice of any device
  double full_ms = 0;   ///< from the call to 95 % of the full rate
  double calm_ms = 0;   ///< full_ms of a moment long after a step: what neighbours alone cost
  double full_hps = 0;  ///< before the step
  bool quiet = true;    ///< see kQuietShare
  bool deaf = false;    ///< it still worked when the trial gave up: zero_ms is that long
  bool stuck = false;   ///< it was not back when the trial gave up: full_ms is that long
};

enum class CapKind { fraction, hashrate };

struct CapFigure {
  CapKind kind = CapKind::fraction;
  double asked = 0;       ///< a fraction of full work, or H/s
  double measured = 0;    ///< in the worst window
  double mean = 0;        ///< over all windows
  double full_scale = 1;  ///< what no cap allows: 1, or the H/s measured right before

  /// Of full scale; above zero when more was done than asked.
  double error() const { return (measured - asked) / full_scale; }
  double mean_error() const { return (mean - asked) / full_scale; }
};

struct ThrottleFigures {
  double full_hps = 0;  ///< before the first trial
  std::vector<StepTrial> trials;
  std::vector<CapFigure> caps;
  double parked_cpu_fraction = 0;  ///< of one core
};

/// The steps, then the parked process, then each cap as a fraction and in H/s.
ThrottleFigures bench_throttle(const ThrottleBenchOptions& options, ThrottleRig& rig);

/// About how long that takes.
std::chrono::seconds duration_of(const ThrottleBenchOptions& options);

/// What was done by a moment, in any unit.
struct DoneBy {
  Instant time;
  double amount = 0;
};

/// The rate per second over the window of at least this length that is farthest from `asked`;
/// windows begin at every sample. Needs samples over at least one window.
double worst_rate(std::span<const DoneBy> samples, std::chrono::nanoseconds window, double asked);

/// The first moment from `since` on whose following 20 ms do 95 % of `full_hps`, as far as the
/// curve is known `until`.
std::optional<Instant> first_at_full(const WorkCurve& curve, Instant since, Instant until,
                                     double full_hps);

/// The median rate of the 20 ms windows in between.
double full_rate(const WorkCurve& curve, Instant from, Instant to);

}  // namespace ebb::bench
