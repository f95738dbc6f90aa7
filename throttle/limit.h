#pragma once
// The least of several caps, whatever their units.

#include <optional>
#include <string>

#include "throttle/cap.h"

namespace ebb::throttle {

/// What full work is on this machine, as far as it is known. Turns watts and H/s into fractions.
struct Plant {
  std::optional<double> full_watts;
  std::optional<double> idle_watts;  ///< drawn at a duty of zero
  std::optional<double> full_hps;
};

/// All must be obeyed at once, so nothing need be converted to find the least.
struct Limit {
  double fraction = 1;          ///< of full work
  std::optional<double> watts;  ///< of what the meter measures
  std::optional<double> hps;

  void lower_to(const Cap& cap);
  void lower_to(const Limit& other);
  /// Nothing may be hashed: any of the three is zero.
  bool is_zero() const;
  bool is_full() const;
  /// The fraction of full work that obeys all, as far as `plant` tells; caps that it cannot convert
  /// count as 1, but zero is zero.
  double fraction_of(const Plant& plant) const;
  /// Whether `other` is lower in some unit.
  bool is_above(const Limit& other) const;
  friend bool operator==(const Limit&, const Limit&) = default;
};

/// "40%", "250 W", "20 MH/s"; "0%" for none, "100%" for full; several joined by ", ".
std::string text(const Limit& limit);

}  // namespace ebb::throttle
