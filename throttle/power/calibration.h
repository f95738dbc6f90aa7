#pragma once
// What power was measured at which fraction of full work, kept for when no meter is at hand.

#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "throttle/power/meter.h"

namespace ebb::throttle {

struct CalibrationPoint {
  double fraction = 0;  ///< of full work
  double watts = 0;
  double hps = 0;
  friend bool operator==(const CalibrationPoint&, const CalibrationPoint&) = default;
};

struct Calibration {
  std::string meter;                     ///< that measured it
  std::vector<CalibrationPoint> points;  ///< two or more, fractions and watts growing

  /// Between the points in straight lines, beyond them the nearest.
  double watts_at(double fraction) const;
  friend bool operator==(const Calibration&, const Calibration&) = default;
};

/// JSON. The error says what is wrong, in one line.
std::string save(const Calibration& calibration);
tl::expected<Calibration, std::string> parse_calibration(std::string_view text);

/// The file is replaced as a whole.
tl::expected<void, std::string> save(const Calibration& calibration,
                                     const std::filesystem::path& file);
tl::expected<Calibration, std::string> load_calibration(const std::filesystem::path& file);

/// Computes power from the work that is allowed, by a calibration or by the label.
class ModelMeter final : public PowerMeter {
 public:
  ModelMeter(MeterKind kind, Calibration model) : kind_(kind), model_(std::move(model)) {}

  /// `idle` to `full` watts in a straight line.
  static ModelMeter nameplate(double idle, double full);

  MeterKind kind() const override { return kind_; }
  std::optional<PowerReading> read(SteadyTime now, double fraction) override;

 private:
  MeterKind kind_;
  Calibration model_;
};

}  // namespace ebb::throttle
