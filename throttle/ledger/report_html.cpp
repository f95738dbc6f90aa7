#include <algorithm>
#include <cstdio>

#include "throttle/ledger/event_report.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::throttle {
namespace {

// In pixels.
constexpr double kWidth = 960, kHeight = 280;
constexpr double kLeft = 70, kRight = 60, kTop = 30, kBottom = 40;
constexpr int kTimeTicks = 4;

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>ebb: throttle events</title>
<style>
:root { color-scheme: light dark; --ink: #1b1f23; --faint: #d5d9de; --line: #0b6e99; --limit: #b4530a; --bad: #b3261e; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e6ea; --faint: #3a4048; --line: #59b7e0; --limit: #f0a35e; --bad: #ff8a80; --page: #14171a; }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 1.2rem 0.2rem 0; border-bottom: 1px solid var(--faint); overflow-wrap: anywhere; }
th { white-space: nowrap; font-weight: 600; }
.bad { color: var(--bad); }
svg { width: 100%; height: auto; margin: 1rem 0; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.grid { stroke: var(--faint); }
.limit, .power { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.limit { stroke: var(--limit); stroke-dasharray: 5 3; } .power { stroke: var(--line); }
.of-limit { fill: var(--limit); } .of-power { fill: var(--line); }
</style>
</head>
<body>
<h1>Throttle events</h1>
)";

/// As text or attribute of XML; what XML does not permit becomes a blank.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else {
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
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

std::string row(std::string_view name, const std::string& value, bool bad = false) {
  return "<tr><th>" + std::string(name) + "</th><td" + (bad ? " class=\"bad\">" : ">") +
         escaped(value) + "</td></tr>\n";
}

std::string label(double x, double y, const char* anchor, std::string_view text,
                  const char* style = "") {
  return formatted(R"(<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">)", x, y, anchor, style) +
         escaped(text) + "</text>\n";
}

std::string watts_text(double watts) {
  return text(Cap(PowerCap{std::max(0.0, watts)}));
}

/// Power, or the hashrate where no power is known, and the limit as a share of full work.
class Plot {
 public:
  Plot(const EventReport& event, std::string_view zone) : event_(event), zone_(zone) {
    for (const PowerPoint& point : event.points) {
      most_watts_ = std::max(most_watts_, point.watts.value_or(0));
      most_hps_ = std::max(most_hps_, point.hps);
    }
    most_watts_ = std::max(most_watts_, event.baseline_watts.value_or(0));
    in_watts_ = most_watts_ > 0;
    most_ = in_watts_ ? most_watts_ : most_hps_;
    if (most_ <= 0) most_ = 1;
  }

  std::string svg() const {
    std::string svg =
        formatted(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" )"
                  R"(aria-label="Limit and %s over time">)",
                  kWidth, kHeight, in_watts_ ? "power" : "hashrate");
    svg += '\n' + grid();
    svg += path(
        "limit", [](const PowerPoint& p) { return std::optional(p.limit_fraction); }, true);
    svg += path(
        "power",
        [&](const PowerPoint& p) {
          if (!in_watts_) return std::optional(p.hps / most_);
          return p.watts ? std::optional(*p.watts / most_) : std::nullopt;
        },
        false);
    return svg + "</svg>\n";
  }

 private:
  double x(WallTime at) const {
    const auto first = event_.points.front().at, last = event_.points.back().at;
    if (last <= first) return kLeft;
    return kLeft + std::chrono::duration<double>(at - first) /
                       std::chrono::duration<double>(last - first) * (kWidth - kLeft - kRight);
  }
  static double y(double share) {
    return kTop + (1 - std::clamp(share, 0.0, 1.0)) * (kHeight - kTop - kBottom);
  }

  std::string grid() const {
    std::string svg;
    for (int quarter = 0; quarter <= 4; ++quarter) {
      const double share = quarter / 4.0;
      svg += formatted(R"(<path d="M%.1f %.1fH%.1f" class="grid"/>)", kLeft, y(share),
                       kWidth - kRight);
      const double value = share * most_;
      svg += label(kLeft - 8, y(share) + 4, "end",
                   in_watts_ ? watts_text(value) : text(Cap(HashrateCap{value})));
      svg += label(kWidth - kRight + 8, y(share) + 4, "start", formatted("%g%%", 100 * share));
    }
    svg += label(kLeft, kTop - 12, "start", in_watts_ ? "power" : "hashrate", "of-power");
    svg += label(kWidth - kRight, kTop - 12, "end", "limit, of full work", "of-limit");
    const auto first = event_.points.front().at;
    const auto length = event_.points.back().at - first;
    for (int tick = 0; tick < kTimeTicks; ++tick) {
      const WallTime at = first + length * tick / (kTimeTicks - 1);
      const char* const anchor = tick == 0 ? "start" : tick + 1 == kTimeTicks ? "end" : "middle";
      svg += label(x(at), kHeight - 14, anchor, text(at, zone_));
      if (length.count() == 0) break;
    }
    return svg;
  }

  /// `steps`: a level holds until the next point. A line ends where nothing is known.
  template <typename Share>
  std::string path(const char* style, Share share_of, bool steps) const {
    std::string d;
    bool drawing = false;
    for (const PowerPoint& point : event_.points) {
      const auto share = share_of(point);
      if (share && !drawing) {
        d += formatted("M%.1f %.1f", x(point.at), y(*share));
      } else if (share && steps) {
        d += formatted("H%.1fV%.1f", x(point.at), y(*share));
      } else if (share) {
        d += formatted("L%.1f %.1f", x(point.at), y(*share));
      }
      drawing = share.has_value();
    }
    return "<path class=\"" + std::string(style) + "\" d=\"" + d + "\"/>\n";
  }

  const EventReport& event_;
  std::string_view zone_;
  double most_watts_ = 0, most_hps_ = 0, most_ = 1;
  bool in_watts_ = false;
};

std::string section(const EventReport& event, std::string_view zone) {
  const auto shown = [&](const std::optional<WallTime>& at, const char* otherwise) {
    return at ? text(*at, zone) : std::string(otherwise);
  };
  const auto watts = [](const std::optional<double>& value) {
    return value ? watts_text(*value) : std::string("not known");
  };
  std::string html = "<section>\n<h2>Event " + std::to_string(event.event) + "</h2>\n<table>\n";
  html += row("Began", text(event.began, zone));
  html += row("Ended", shown(event.ended, "still under way"));
  for (const std::string& request : event.requests)
    html += row("Asked for", request);
  html += row("Lowest limit", text(event.lowest));
  html += row("Requested", shown(event.requested, "not known"));
  html += row("Received", shown(event.received, "not known"));
  html += row("Reached", shown(event.reached, "not shown by what was recorded"));
  if (event.time_to_zero) {
    html += row("Time to zero", std::to_string(event.time_to_zero->count()) + " ms");
  }
  html += row("Baseline", (event.baseline_watts ? watts_text(*event.baseline_watts) + ", " : "") +
                              event.baseline_method);
  html += row("Mean power", watts(event.mean_watts));
  html += row("Energy not used", event.energy_not_used_kwh
                                     ? formatted("%.3f kWh", *event.energy_not_used_kwh)
                                     : std::string("not known"));
  html += row("Meter", event.meter.empty() ? std::string("none")
                                           : event.meter + (event.estimated ? " (estimated)" : ""));
  html += row("Restarts", std::to_string(event.restarts));
  if (event.violations.empty()) html += row("Violations", "none");
  for (const Period& period : event.violations) {
    html +=
        row("Violation",
            text(period.from, zone) + " to " + text(period.until, zone) + ": " + period.text, true);
  }
  for (const Period& period : event.gaps) {
    html += row("Gap",
                text(period.from, zone) + " to " + text(period.until, zone) + ": " + period.text);
  }
  html += "</table>\n";
  if (!event.points.empty()) html += Plot(event, zone).svg();
  return html + "</section>\n";
}

}  // namespace

std::string to_html(std::span<const EventReport> events, std::string_view zone) {
  std::string html(kHead);
  if (events.empty()) html += "<p>No events.</p>\n";
  for (const EventReport& event : events)
    html += section(event, zone);
  return html + "</body>\n</html>\n";
}

}  // namespace ebb::throttle
