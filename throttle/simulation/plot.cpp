#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "throttle/schedule/time_zone.h"
#include "throttle/simulation/rendering.h"

namespace ebb::throttle {
namespace {

using std::chrono::milliseconds;

constexpr double kWidth = 960, kHeight = 260;
constexpr double kLeft = 48, kRight = 16, kTop = 16, kBottom = 32;
constexpr double kColumn = 0.2;  // what lies within it is drawn as one
constexpr int kMostTicks = 8;
constexpr std::size_t kMostRows = 2000;  // of the page's table

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ink: #1b1f23; --faint: #d5d9de; --line: #0b6e99; --off: #e2c27c; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e6ea; --faint: #3a4048; --line: #59b7e0; --off: #7a622a; --page: #14171a; }
}
)";
constexpr std::string_view kPlotStyle = R"(
.plot { font: 12px system-ui, sans-serif; }
.plot text { fill: var(--ink); }
.plot .grid { stroke: var(--faint); stroke-width: 1; }
.plot .off { fill: var(--off); }
.plot .area { fill: var(--line); fill-opacity: 0.15; }
.plot .cap { fill: none; stroke: var(--line); stroke-width: 1.5; stroke-linejoin: round; }
)";
constexpr std::string_view kPageStyle = R"(
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid var(--faint); }
td:nth-child(-n+3) { white-space: nowrap; font-variant-numeric: tabular-nums; }
)";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

template <typename... Numbers>
std::string formatted(const char* format, Numbers... numbers) {
  char result[256];
  std::snprintf(result, sizeof result, format, numbers...);
  return result;
}

class Plot {
 public:
  Plot(const Simulation& simulation, std::string_view zone)
      : simulation_(simulation), zone_(zone) {}

  std::string svg(std::string_view style) const {
    std::string result = formatted(
        R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" class="plot" role="img" aria-label="Cap over time">)",
        kWidth, kHeight);
    if (!style.empty()) result += "\n<style>" + std::string(style) + "</style>";
    const std::string line = cap_line();
    result += '\n' + off_periods() + grid();
    result += formatted(R"(<path class="area" d="M%.1f %.1f)", kLeft, y(0)) + 'V' +
              line.substr(line.find(' ') + 1) + formatted("V%.1fZ\"/>\n", y(0));
    result += "<path class=\"cap\" d=\"" + line + "\"/>\n";
    return result + "</svg>\n";
  }

 private:
  double x(WallTime time) const {
    const double share = std::chrono::duration<double>(time - simulation_.begin) /
                         std::chrono::duration<double>(simulation_.end - simulation_.begin);
    return kLeft + share * (kWidth - kLeft - kRight);
  }
  static double y(double fraction) { return kTop + (1 - fraction) * (kHeight - kTop - kBottom); }
  double fraction(const SimulatedChange& change) const {
    return change.running ? change.decision.limit.fraction_of(simulation_.plant) : 0;
  }

  /// "Mx yHxVy...": steps; of those in one column only how far they reach and where they end.
  std::string cap_line() const {
    std::string result;
    double column = kLeft, lowest = 0, highest = 0, last = 0;
    const auto flush = [&] {
      if (lowest < last) result += formatted("V%.1f", lowest);
      if (highest > last) result += formatted("V%.1f", highest);
      result += formatted("V%.1f", last);
    };
    for (const SimulatedChange& change : simulation_.changes) {
      const double at = x(change.at), height = y(fraction(change));
      if (result.empty()) {
        result = formatted("M%.1f %.1f", kLeft, height);
        lowest = highest = last = height;
      } else if (at - column < kColumn) {
        lowest = std::min(lowest, height);
        highest = std::max(highest, height);
        last = height;
      } else {
        flush();
        result += formatted("H%.1f", at);
        column = at;
        lowest = highest = last = height;
      }
    }
    flush();
    return result + formatted("H%.1f", kWidth - kRight);
  }

  std::string off_periods() const {
    std::string result;
    double drawn = 0;
    const auto& changes = simulation_.changes;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (changes[i].running) continue;
      const double from = x(changes[i].at);
      const double until =
          std::max(x(i + 1 < changes.size() ? changes[i + 1].at : simulation_.end), from + 1);
      if (from < drawn) continue;
      result += formatted(
          R"(<rect class="off" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>machine off</title></rect>)",
          from, y(1), until - from, y(0) - y(1));
      result += '\n';
      drawn = until;
    }
    return result;
  }

  std::string grid() const {
    std::string result;
    for (int percent = 0; percent <= 100; percent += 25) {
      const double height = y(percent / 100.0);
      result +=
          formatted("<path class=\"grid\" d=\"M%g %.1fH%g\"/>", kLeft, height, kWidth - kRight);
      result += formatted("<text x=\"%g\" y=\"%.1f\" text-anchor=\"end\">%d%%</text>\n", kLeft - 8,
                          height + 4, percent);
    }
    const std::chrono::seconds step = tick_step();
    const std::chrono::seconds local = utc_offset();
    auto tick = std::chrono::ceil<std::chrono::seconds>(simulation_.begin) + local;
    const auto remainder = tick.time_since_epoch() % step;
    if (remainder.count() > 0) tick += step - remainder;
    for (; tick - local <= simulation_.end; tick += step) {
      const WallTime time = tick - local;
      // "2022-01-24" of whole days, else "01-24 06:00".
      const std::string at = text(time, zone_);
      const std::string label = step >= std::chrono::days(1)
                                    ? at.substr(0, 10)
                                    : at.substr(std::min<std::size_t>(5, at.size()), 11);
      const double across = x(time);
      result += formatted("<path class=\"grid\" d=\"M%.1f %.1fv4\"/>", across, y(0));
      if (across < kWidth - 40) {
        result +=
            formatted("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", across, kHeight - 10) +
            escaped(label) + "</text>\n";
      }
    }
    return result;
  }

  std::chrono::seconds tick_step() const {
    using std::chrono::days, std::chrono::hours, std::chrono::minutes, std::chrono::seconds;
    constexpr seconds kSteps[] = {seconds(1), seconds(10), minutes(1), minutes(5), minutes(15),
                                  hours(1),   hours(3),    hours(6),   hours(12),  days(1),
                                  days(2),    days(7),     days(14),   days(28),   days(91),
                                  days(182),  days(364),   days(728)};
    const auto* const step = std::find_if(std::begin(kSteps), std::end(kSteps), [&](seconds it) {
      return (simulation_.end - simulation_.begin) / it <= kMostTicks;
    });
    return step != std::end(kSteps) ? *step : *std::prev(step);
  }

  /// Of the zone at the beginning, from "... 23:59:00+06:00".
  std::chrono::seconds utc_offset() const {
    const std::string at = text(simulation_.begin, zone_);
    int hours = 0, minutes = 0;
    if (at.size() < 6 ||
        std::sscanf(at.c_str() + at.size() - 6, "%3d:%2d", &hours, &minutes) != 2) {
      return {};
    }
    const bool west = at[at.size() - 6] == '-';
    return std::chrono::hours(hours) + std::chrono::minutes(west ? -minutes : minutes);
  }

  const Simulation& simulation_;
  std::string_view zone_;
};

std::string html_row(const SimulatedChange& change, std::string_view zone) {
  std::string why;
  const auto line = [&](const std::string& it) { why += (why.empty() ? "" : "<br>") + it; };
  if (!change.happened.empty()) line("<b>" + escaped(change.happened) + "</b>");
  for (const Reason& reason : change.decision.reasons)
    line(escaped(reason_text(reason, zone)));
  if (change.decision.earliest_return) {
    line("full at the earliest: " + escaped(text(*change.decision.earliest_return, zone)));
  }
  return "<tr><td>" + escaped(text(change.at, zone)) + "</td><td>" + escaped(state_name(change)) +
         "</td><td>" + escaped(cap_text(change)) + "</td><td>" + why + "</td></tr>\n";
}

}  // namespace

std::string to_svg(const Simulation& simulation, std::string_view zone) {
  return Plot(simulation, zone).svg(std::string(kStyle) + std::string(kPlotStyle));
}

std::string to_html(const Simulation& simulation, std::string_view zone) {
  std::string result =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>ebb simulate</title>\n<style>";
  for (const std::string_view style : {kStyle, kPlotStyle, kPageStyle})
    result += style;
  result += "</style>\n</head>\n<body>\n<h1>Cap over time</h1>\n<p>" +
            escaped(text(simulation.begin, zone)) + " to " + escaped(text(simulation.end, zone)) +
            ". " + escaped(summary_text(simulation)) + "</p>\n";
  result += Plot(simulation, zone).svg("");
  result += "<table>\n<tr><th>time</th><th>state</th><th>cap</th><th>why</th></tr>\n";
  const auto all = rows(simulation);
  for (std::size_t i = 0; i < std::min(all.size(), kMostRows); ++i)
    result += html_row(*all[i], zone);
  result += "</table>\n";
  if (all.size() > kMostRows) {
    result += "<p>" + std::to_string(all.size() - kMostRows) +
              " more changes are left out here; the text and JSON have them all.</p>\n";
  }
  return result + "</body>\n</html>\n";
}

}  // namespace ebb::throttle
