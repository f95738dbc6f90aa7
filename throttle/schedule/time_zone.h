#pragma once
// Local time of named zones, with their whole history.

#include <chrono>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "throttle/schedule/schedule.h"

namespace date {
class time_zone;
}

namespace ebb::throttle {

/// A zone of this machine's zone data, which is never fetched from elsewhere. Cheap to copy, any
/// thread. The clock changes of years after 2037 are not in that data.
class TimeZone {
 public:
  /// By its IANA name; empty: this machine's, which is that of TZ, else of /etc/localtime, else
  /// UTC.
  static tl::expected<TimeZone, std::string> find(std::string_view name);

  /// A time that a clock change skips is the moment of the change; one that it repeats is the
  /// first. So whatever ends at a local time ends when that begins which begins there.
  WallTime moment(std::chrono::local_seconds local) const;

  /// Of UTC, at this moment.
  std::chrono::seconds offset(WallTime time) const;

 private:
  explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}
  const date::time_zone* zone_;
};

/// The time on the clock; the error says which part is out of range.
tl::expected<std::chrono::local_seconds, std::string> to_local(const LocalTime& local);

/// The moment of a local time, as TimeZone has it. The error: no such zone, no such date, or no
/// zone data.
tl::expected<WallTime, std::string> to_wall_time(const LocalTime& local, std::string_view zone);

/// "2022-01-31T23:59", with or without seconds, "Z", an offset such as "+06:00", or without any:
/// local time of `zone` (empty: this machine's). "2022-01-31" is its beginning, and 24:00 its end.
tl::expected<WallTime, std::string> parse_time(std::string_view text, std::string_view zone = {});

/// "2022-01-31 23:59:00+06:00" in `zone`, or this machine's; in UTC where there is no such zone.
std::string text(WallTime time, std::string_view zone = {});

/// "2022-01-31T17:59:00Z"
std::string utc_text(WallTime time);

}  // namespace ebb::throttle
