#pragma once
// A [[schedule]] table, as the configuration and timelines write it.

#include <toml++/toml.h>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "throttle/schedule/schedule.h"

namespace ebb::throttle {

/// name, cap, class ("mandatory" when absent), zone, reason, and either
///   from, until: TOML local date-times or strings such as "2022-01-31T24:00"; no until: open end;
///   days = ["mon", ...], hours = "22:00-06:00", first, last, except = [dates]: all optional.
/// `default_zone`: of a window that names none. The error names the line and the key.
tl::expected<ScheduleWindow, std::string> read_window(const toml::table& table,
                                                      std::string_view default_zone = {});

}  // namespace ebb::throttle
