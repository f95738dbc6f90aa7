#include "throttle/ledger/report_text.h"

#include <cstdio>

namespace ebb::throttle {

std::string iso_text(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss of_day(time - day);
  char result[64];
  std::snprintf(
      result, sizeof result, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(of_day.hours().count()), static_cast<int>(of_day.minutes().count()),
      static_cast<int>(of_day.seconds().count()), static_cast<int>(of_day.subseconds().count()));
  return result;
}

}  // namespace ebb::throttle
