#include <cstdio>

#include "throttle/ledger/event_report.h"
#include "throttle/ledger/report_text.h"

namespace ebb::throttle {
namespace {

constexpr std::string_view kHeader =
    "event,began,ended,lowest_limit,requested,received,reached,time_to_zero_ms,baseline_watts,"
    "baseline_method,mean_watts,energy_not_used_kwh,meter,estimated,restarts,violations,gaps,"
    "requests";

/// One line of RFC 4180.
class Line {
 public:
  Line& add(std::string_view text) {
    if (!line_.empty()) line_ += ',';
    std::string field(text);
    // Reasons come from afar; a spreadsheet must not take one for a formula.
    if (!field.empty() &&
        std::string_view("=+-@\t\r").find(field.front()) != std::string_view::npos) {
      field.insert(0, 1, '\'');
    }
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      line_ += field;
      return *this;
    }
    line_ += '"';
    for (const char c : field)
      line_ += c == '"' ? std::string("\"\"") : std::string(1, c);
    line_ += '"';
    return *this;
  }
  Line& add(const std::optional<WallTime>& time) { return add(time ? iso_text(*time) : ""); }
  /// Our own figures may be negative.
  Line& add(const std::optional<double>& number) {
    line_ += ',';
    if (!number) return *this;
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.6g", *number);
    line_ += digits;
    return *this;
  }
  std::string text() const { return line_ + "\r\n"; }

 private:
  std::string line_;
};

std::string joined(const std::vector<Period>& periods) {
  std::string result;
  for (const Period& period : periods) {
    result += (result.empty() ? "" : "; ") + iso_text(period.from) + "/" + iso_text(period.until) +
              " " + period.text;
  }
  return result;
}

}  // namespace

std::string to_csv(std::span<const EventReport> events) {
  std::string csv = std::string(kHeader) + "\r\n";
  for (const EventReport& event : events) {
    std::string requests;
    for (const std::string& request : event.requests)
      requests += (requests.empty() ? "" : "; ") + request;
    const auto to_zero =
        event.time_to_zero ? std::to_string(event.time_to_zero->count()) : std::string();
    csv += Line()
               .add(std::to_string(event.event))
               .add(std::optional(event.began))
               .add(event.ended)
               .add(text(event.lowest))
               .add(event.requested)
               .add(event.received)
               .add(event.reached)
               .add(to_zero)
               .add(event.baseline_watts)
               .add(event.baseline_method)
               .add(event.mean_watts)
               .add(event.energy_not_used_kwh)
               .add(event.meter)
               .add(event.estimated ? "yes" : "no")
               .add(std::to_string(event.restarts))
               .add(joined(event.violations))
               .add(joined(event.gaps))
               .add(requests)
               .text();
  }
  return csv;
}

}  // namespace ebb::throttle
