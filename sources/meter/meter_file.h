#pragma once
// A meter that something else reads, into a file.

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "sources/meter/meter_reader.h"

namespace ebb::sources {

/// "1234.5", "1234.5 W", "-250 50.013", "- 49.98 Hz": watts, then hertz, "-" for none. Nothing when
/// it makes no sense.
std::optional<MeterReading> parse_meter_line(std::string_view line);

/// The file's first line, at the file's time. One that is older than kMeterFileFresh, or of the
/// future, is no reading.
inline constexpr std::chrono::seconds kMeterFileFresh{5};
std::unique_ptr<MeterReader> meter_file(std::filesystem::path file);

/// A recording: a line for each reading, from the first to the last, and then no more. Empty lines
/// and those that begin with # are none.
inline constexpr std::size_t kMaxRecording = std::size_t{16} << 20;  // bytes
std::unique_ptr<MeterReader> meter_recording(std::filesystem::path file);

}  // namespace ebb::sources
