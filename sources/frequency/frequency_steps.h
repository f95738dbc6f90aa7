#pragma once
// Under-frequency steps, as programmes of grid operators have them.

#include <optional>
#include <string>
#include <vector>

#include "sources/meter.h"
#include "sources/update.h"

namespace ebb::sources {

struct FrequencyStep {
  double below = 0;  ///< hertz
  throttle::Cap cap = throttle::DutyCap{0};
  std::chrono::seconds hold{0};  ///< after the last sample below
};

struct FrequencySettings {
  std::vector<FrequencyStep> steps;
  bool observe = true;  ///< tells what it would do, and caps nothing
  throttle::SignalClass signal_class = throttle::SignalClass::mandatory;
};

/// Sheds by one sample; gives back by one, too, once the hold is over: silence ends nothing.
/// Pure; one thread.
class FrequencySteps {
 public:
  /// Others are no frequency of a grid.
  static constexpr double kLeastHertz = 40, kMostHertz = 70;

  FrequencySteps(FrequencySettings settings, throttle::Start how);

  /// A sample, or none by the time that one was due.
  std::vector<Update> take(const throttle::Now& now, std::optional<double> hertz);

  /// What it makes of the samples so far, and what is wrong; one line each, or nothing.
  std::string last() const;
  const std::string& trouble() const { return trouble_; }

 private:
  struct Held {
    std::optional<throttle::SteadyTime> until;  ///< nothing: not below
    throttle::Signal signal;
  };
  void sample(const throttle::Now& now, double hertz, std::vector<Update>& ended);
  std::vector<throttle::Signal> standing() const;

  FrequencySettings settings_;
  std::vector<Held> held_;  ///< one a step
  throttle::Signal permission_;
  /// Until then a step that was held before a restart may still stand under its id.
  std::optional<throttle::SteadyTime> known_from_;
  bool all_known_;
  std::size_t times_ = 0;  ///< that any step was entered
  std::optional<double> lowest_;
  std::string trouble_;
};

}  // namespace ebb::sources
