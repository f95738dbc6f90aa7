#include "throttle/schedule/calendar.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "throttle/schedule/calendar_reader.h"
#include "throttle/schedule/calendar_values.h"

namespace ebb::throttle {

using namespace std::chrono_literals;
using std::chrono::ceil;
using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::seconds;

namespace {

/// Clocks are set back and forth by less.
constexpr days kZoneMargin{2};

}  // namespace

Calendar::Occurrence Calendar::occurrence(local_seconds begin, const CalendarZone& zone,
                                          const Length& length) {
  return {floor<days>(begin), zone.moment(begin),
          zone.moment(begin + length.on_clock) + length.exact};
}

bool Calendar::Event::is_excepted(const Occurrence& it) const {
  return std::binary_search(except.begin(), except.end(), it.begin) ||
         std::binary_search(except_days.begin(), except_days.end(), it.day);
}

void Calendar::Event::add_to(FirstSignals& signals) const {
  // Of occurrences that begin together the longest counts.
  std::map<WallTime, WallTime> ends;
  const auto add = [&](const Occurrence& it) {
    if (it.begin >= signals.to() || it.end <= signals.from() || is_excepted(it)) return false;
    WallTime& end = ends.try_emplace(it.begin, it.end).first->second;
    end = std::max(end, it.end);
    return true;
  };
  for (const Occurrence& single : singles)
    add(single);
  const local_seconds from(floor<seconds>(signals.from()).time_since_epoch() - kZoneMargin -
                           length.on_clock - length.exact);
  const local_seconds to(ceil<seconds>(signals.to()).time_since_epoch() + kZoneMargin);
  for (const Rule& rule : rules) {
    std::size_t steps = kMaxSteps;
    std::size_t left = signals.most();
    const local_seconds end = std::min(to, rule.last.value_or(to) + 1s);
    rule.recurrence.for_each(from, end, steps, [&](local_seconds begin) {
      const Occurrence it = occurrence(begin, zone, length);
      if (rule.last_moment && it.begin > *rule.last_moment) return false;
      if (it.begin >= signals.to()) return false;
      if (add(it)) --left;
      return left > 0;
    });
  }
  for (const auto& [begin, end] : ends) {
    Signal signal;
    signal.source = Schedule::kSource;
    signal.id = id + "/" + utc_text(begin);
    if (replaces && *replaces != begin) signal.id += "/" + utc_text(*replaces);
    signal.cap = *cap;
    signal.signal_class = *signal_class;
    signal.valid_from = begin;
    signal.valid_until = end;
    signal.reason = reason;
    signals.add(std::move(signal));
  }
}

void Calendar::add_to(FirstSignals& signals) const {
  for (const Event& event : events_)
    event.add_to(signals);
}

tl::expected<Calendar, std::string> Calendar::parse(std::string_view text,
                                                    const CalendarFile& file) {
  const auto in_file = [&](const std::string& what) {
    return "calendar '" + file.name + "' (" + file.path + "): " + one_line(what);
  };
  // Or libical would end the process where it meets what it cannot read.
  icalerror_set_errors_are_fatal(0);
  const auto zone = TimeZone::find(file.zone);
  if (!zone) return tl::unexpected(in_file(zone.error()));
  const auto utc = TimeZone::find("UTC");
  if (!utc) return tl::unexpected(in_file(utc.error()));
  if (text.size() > kMaxBytes) return tl::unexpected(in_file("longer than 1 MiB"));
  return read_components(text)
      .and_then([&](const CalendarComponent& root) {
        return CalendarReader(file, *zone, *utc).read(root);
      })
      .map_error(in_file);
}

tl::expected<Calendar, std::string> Calendar::read(const CalendarFile& file) {
  const auto unreadable = [&](std::string_view why) {
    return tl::unexpected("calendar '" + file.name + "' (" + file.path +
                          "): cannot be read: " + std::string(why));
  };
  std::error_code failure;
  // A pipe would be waited for, for ever.
  if (!std::filesystem::is_regular_file(file.path, failure)) {
    return unreadable(failure ? failure.message() : "not a file");
  }
  std::ifstream stream(file.path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  if (!stream.read(text.data(), static_cast<std::streamsize>(text.size())) && !stream.eof()) {
    return unreadable(std::generic_category().message(errno));
  }
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return parse(text, file);
}

}  // namespace ebb::throttle
