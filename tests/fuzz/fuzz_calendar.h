#pragma once
// What the fuzzer of calendars and times does with its bytes. The unit tests replay its corpus.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "throttle/schedule/calendar.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::throttle {

inline void fuzz_calendar(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto is_plain = [](std::string_view line) {
    return std::none_of(line.begin(), line.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  };
  const auto day = [](int year) {
    return WallTime(std::chrono::sys_days(std::chrono::year(year) / 1 / 1));
  };

  const auto time = parse_time(data, "Asia/Almaty");
  if (time && *time > day(2) && *time < day(9999)) {
    must(parse_time(utc_text(*time)) == time, "a time is written as it is read");
    must(parse_time(text(*time, "UTC")) == time, "in any zone");
  }

  const auto calendar = Calendar::parse(data, {"grid", "file", {}, {}, "Europe/Berlin"});
  if (!calendar) {
    const std::string& error = calendar.error();
    must(error.starts_with("calendar 'grid' (file): ") && error.size() < 500, "error text");
    must(is_plain(error), "one line");
    return;
  }
  constexpr std::size_t kMost = 60;
  const auto signals = [&](WallTime from, WallTime to, std::size_t most) {
    FirstSignals first(from, to, most);
    calendar->add_to(first);
    return first.take();
  };
  const WallTime from = day(2021), middle = day(2022), to = day(2024);
  const std::vector<Signal> all = signals(from, to, kMost);
  must(all.size() <= kMost, "number");
  std::set<std::pair<WallTime, std::string>> beginnings;
  for (const Signal& signal : all) {
    must(signal.valid_from<to&& * signal.valid_until> from, "overlaps what was asked for");
    must(signal.valid_from < *signal.valid_until, "stands");
    must(signal.reason.size() <= 500 && is_plain(signal.reason), "reason");
    const auto [place, is_new] = beginnings.emplace(signal.valid_from, signal.id);
    must(is_new && std::next(place) == beginnings.end(), "ascending");
  }
  // A part of the time has a part of the signals, the same ones; fewer asked for are the first.
  for (const Signal& signal : signals(from, middle, kMost)) {
    must(all.size() == kMost || beginnings.contains({signal.valid_from, signal.id}), "part");
  }
  const std::vector<Signal> few = signals(from, to, 3);
  must(std::equal(few.begin(), few.end(), all.begin(), all.begin() + std::ptrdiff_t(few.size())),
       "the first");
}

}  // namespace ebb::throttle
