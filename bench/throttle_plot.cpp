#include "bench/throttle_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/svg.h"

namespace ebb::bench {
namespace {

// In pixels.
constexpr double kWidth = 640, kLeft = 64, kRight = 24, kTop = 84, kPanel = 200, kBetween = 96,
                 kBottom = 56;
constexpr double kPlot = kWidth - kLeft - kRight;
constexpr double kCapsTop = kTop + kPanel + kBetween;

std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return fmt::format(R"(<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}" class="{}"/>)"
                     "\n",
                     x1, y1, x2, y2, style);
}

std::string legend(double y, const char* first, const char* second) {
  std::string svg;
  double x = kLeft;
  for (const auto& [colour, text] : {std::pair("c1", first), std::pair("c2", second)}) {
    svg += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="5" class="{}"/>)"
                       "\n",
                       x + 5, y - 4, colour);
    svg += svg_text(x + 16, y, "start", "small", text);
    x += 40 + 6.2 * static_cast<double>(std::string_view(text).size());
  }
  return svg;
}

/// One dot a trial, from the quickest to the slowest.
std::string answers(const ThrottleFigures& figures, double StepTrial::*value, double most_ms,
                    const char* colour) {
  std::vector<double> times;
  for (const StepTrial& trial : figures.trials)
    times.push_back(trial.*value);
  std::sort(times.begin(), times.end());
  std::string svg;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double share = static_cast<double>(i + 1) / static_cast<double>(times.size());
    svg += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="2" class="{}"/>)"
                       "\n",
                       kLeft + times[i] / most_ms * kPlot, kTop + (1 - share) * kPanel, colour);
  }
  return svg;
}

std::string step_panel(const ThrottleFigures& figures) {
  double most = 1;
  for (const StepTrial& trial : figures.trials)
    most = std::max({most, trial.zero_ms, trial.full_ms});
  const double step = tick_step(most);
  most = std::ceil(most / step) * step;
  std::string svg = svg_text(kLeft, 30, "start", "title", "Limit changed: answered by when");
  svg += legend(56, "to zero: the last hash", "to full: 95 % of the rate");
  for (const int percent : {0, 25, 50, 75, 100}) {
    const double y = kTop + (1 - percent / 100.0) * kPanel;
    svg += line(kLeft, y, kLeft + kPlot, y, "grid");
    svg += svg_text(kLeft - 8, y + 4, "end", "small", fmt::format("{} %", percent));
  }
  for (double tick = 0; tick <= most + step / 2; tick += step) {
    svg += svg_text(kLeft + tick / most * kPlot, kTop + kPanel + 18, "middle", "small",
                    fmt::format("{:g} ms", tick));
  }
  return svg + answers(figures, &StepTrial::zero_ms, most, "c1") +
         answers(figures, &StepTrial::full_ms, most, "c2");
}

std::string cap_panel(const ThrottleFigures& figures) {
  double most = 0.01;
  for (const CapFigure& cap : figures.caps)
    most = std::max(most, std::abs(cap.error()));
  const double step = tick_step(200 * most) / 100;
  most = std::ceil(most / step) * step;
  const auto y_of = [&](double error) { return kCapsTop + (1 - error / most) * kPanel / 2; };
  const auto x_of = [](double fraction) { return kLeft + fraction * kPlot; };
  std::string svg = svg_text(kLeft, kCapsTop - 44, "start", "title",
                             "Caps: error in the worst window, of full scale");
  svg += legend(kCapsTop - 20, "asked as a fraction", "asked in H/s; line: to the mean");
  for (double error = -most; error <= most + step / 2; error += step) {
    svg += line(kLeft, y_of(error), kLeft + kPlot, y_of(error), "grid");
    svg +=
        svg_text(kLeft - 8, y_of(error) + 4, "end", "small", fmt::format("{:+.1f} %", 100 * error));
  }
  for (const int percent : {0, 25, 50, 75, 100}) {
    svg += svg_text(x_of(percent / 100.0), kCapsTop + kPanel + 18, "middle", "small",
                    fmt::format("{} %", percent));
  }
  for (const CapFigure& cap : figures.caps) {
    const bool is_fraction = cap.kind == CapKind::fraction;
    const double x = x_of(cap.asked / cap.full_scale) + (is_fraction ? -4 : 4);
    svg += line(x, y_of(cap.mean_error()), x, y_of(cap.error()), "whisker");
    svg += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="4" class="{}"/>)"
                       "\n",
                       x, y_of(cap.error()), is_fraction ? "c1" : "c2");
  }
  return svg;
}

}  // namespace

std::string throttle_plot(const ThrottleFigures& figures) {
  return svg_begin(kWidth, kCapsTop + kPanel + kBottom,
                   "How soon and how exactly limits are kept") +
         step_panel(figures) + cap_panel(figures) + "</svg>\n";
}

}  // namespace ebb::bench
