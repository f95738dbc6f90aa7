#pragma once
// A site's own meter, by a file.

#include <filesystem>

#include "throttle/power/meter.h"

namespace ebb::throttle {

/// Whatever reads the site's meter writes its watts into a file: "1234.5", with or without " W".
/// The file's time is the reading's.
class FileMeter final : public PowerMeter {
 public:
  static constexpr std::chrono::seconds kFresh{
      5};  ///< an older file is no reading, nor one of the future

  explicit FileMeter(std::filesystem::path file) : file_(std::move(file)) {}

  MeterKind kind() const override { return MeterKind::external; }
  std::optional<PowerReading> read(SteadyTime now, double fraction) override;

 private:
  std::filesystem::path file_;
  std::filesystem::file_time_type written_{};
  std::optional<PowerReading> latest_;
};

/// What such a file says; nothing when it makes no sense.
std::optional<double> parse_watts(std::string_view text);

}  // namespace ebb::throttle
