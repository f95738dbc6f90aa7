#pragma once
// Signals in, decisions out: the book, the policy and what survives a restart.

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "throttle/policy.h"

namespace ebb::throttle {

/// Pure as the policy is: time comes in as an argument, nothing is read or written. One thread.
class Throttle {
 public:
  /// `saved`: what save() gave before, empty for a fresh start. `seed`: of the random returns, used
  /// when nothing is saved. The error says what is wrong with `saved`.
  static tl::expected<Throttle, std::string> start(PolicySettings settings, Start how,
                                                   std::string_view saved, std::uint64_t seed);

  Throttle(Throttle&&) noexcept;
  Throttle& operator=(Throttle&&) noexcept;
  ~Throttle();

  /// As SignalBook does; decide() afterwards.
  tl::expected<void, std::string> accept(const Now& now, Signal signal);
  void replace(const Now& now, std::string_view source, std::vector<Signal> signals);
  bool retract(const Now& now, std::string_view source, std::string_view id,
               std::uint64_t sequence);
  void heard(const Now& now, std::string_view source);

  /// Nothing ends it. Survives restarts. Over as soon as the clock is not believed.
  void set_override(std::optional<Override> override);
  const std::optional<Override>& override_now() const;

  /// Call at least every second, and after every change.
  const Decision& decide(const Now& now, Zero zero, const Plant& plant);

  /// The last one. Before the first, only its limit is known: what was in force.
  const Decision& decision() const;

  /// By the last decide(). What was computed from a clock that is not believed, such as the windows
  /// of a schedule, may add signals and must not retract any.
  bool clock_believed() const;

  /// All that must survive. A change that raises the limit need not be on disk before it is obeyed:
  /// what is there still allows less.
  std::string save() const;

  const std::vector<Signal>& signals() const;
  /// By this process.
  std::optional<SteadyTime> heard_at(std::string_view source) const;

 private:
  struct Impl;
  explicit Throttle(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebb::throttle
