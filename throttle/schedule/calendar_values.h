#pragma once
// Values of calendar lines, as libical reads them and as it does not.

#include <libical/ical.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "throttle/cap.h"
#include "throttle/schedule/calendar_text.h"
#include "throttle/schedule/recurrence.h"

namespace ebb::throttle {

/// The properties of one line as libical reads them; several where the value is a list.
class IcalProperties {
 public:
  /// The error names the line.
  static tl::expected<IcalProperties, std::string> read(const CalendarLine& line);

  auto begin() const { return properties_.begin(); }
  auto end() const { return properties_.end(); }
  icalproperty* first() const { return properties_.front(); }

 private:
  struct FreeComponent {
    void operator()(icalcomponent* component) const { icalcomponent_free(component); }
  };
  std::unique_ptr<icalcomponent, FreeComponent> component_;
  std::vector<icalproperty*> properties_;
};

/// Nothing for what no calendar has.
std::optional<std::chrono::local_seconds> to_local(const icaltimetype& time);

/// The error is what is wrong, without the line.
tl::expected<RecurrenceRule, std::string> to_rule(const icalrecurrencetype& recur);

/// libical cuts numbers that do not fit its types.
bool has_long_number(std::string_view text, std::size_t max_digits);

/// "+0600", "-053015". libical takes what is no number for zero.
std::optional<std::chrono::seconds> parse_offset(std::string_view text);

/// Without blanks at its ends.
std::string_view trimmed(std::string_view text);

/// Of ASCII letters.
bool same_letters(std::string_view a, std::string_view b);

/// The cap in a summary such as "ebb 40%"; nothing in one of another form.
tl::expected<std::optional<Cap>, std::string> cap_of_summary(std::string_view summary);

/// Fit for a reason.
std::string one_line(std::string text);

}  // namespace ebb::throttle
