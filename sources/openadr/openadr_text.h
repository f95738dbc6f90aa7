#pragma once
// Times as OpenADR 3 writes them: ISO 8601, read as its own examples need it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "throttle/signal.h"

namespace ebb::sources::openadr {

using throttle::WallTime;

/// What lies at or beyond it has no end.
inline constexpr WallTime kForever{std::chrono::sys_days(std::chrono::year(10000) / 1 / 1)};

/// Months are the calendar's, so they are kept apart.
struct Duration {
  std::int64_t months = 0;
  std::chrono::milliseconds time{0};
  bool is_zero() const { return months == 0 && time.count() == 0; }
  friend bool operator==(const Duration&, const Duration&) = default;
};

/// "PT1H", "P1W2D", "P9999Y". Also what the standard's pattern refuses and its guide writes: "P0S",
/// "P12H", "P1DT". Not below zero, unless `either_sign`, which drops the sign. Saturates.
std::optional<Duration> parse_duration(std::string_view text, bool either_sign = false);

/// In milliseconds or saturated: a month counts 31 days.
std::chrono::milliseconds at_most(const Duration& duration);

/// At most kForever. The day of the month is the last one where there is none of that number.
WallTime later(WallTime time, const Duration& duration);

/// "PT3600S"
std::string duration_text(std::chrono::milliseconds duration);

/// When something starts: nothing stands for the year 1, which means now, or after what is before.
struct Start {
  std::optional<WallTime> at;
  friend bool operator==(const Start&, const Start&) = default;
};

/// "2025-02-13T19:00:00.000Z", with an offset, with a blank for the T, or a date alone. Without an
/// offset it is UTC. Not a time of day alone. Years 1 to 9999.
std::optional<Start> parse_start(std::string_view text);

/// As parse_start, but a moment.
std::optional<WallTime> parse_date_time(std::string_view text);

/// "2025-02-13T19:00:00.000Z"
std::string date_time_text(WallTime time);

}  // namespace ebb::sources::openadr
