#include "bench/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/svg.h"

namespace ebb::bench {
namespace {

// In pixels.
constexpr double kLeft = 64, kTop = 84, kHeight = 300, kBottom = 64, kRight = 24;
constexpr double kBar = 34, kBetweenBars = 6, kBetweenGroups = 34;
constexpr double kMinWidth = 480;
constexpr std::size_t kColours = 6;

struct Group {
  std::string label;
  std::vector<const Measurement*> bars;
};

struct Layout {
  std::vector<Group> groups;
  std::vector<unsigned> midstates;  ///< of the backends, each once: the colours' legend
  bool several_threads = false;
};

std::string threads_text(unsigned threads) {
  return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
}

Layout lay_out(std::span<const Measurement> all) {
  Layout layout;
  for (const Measurement& m : all)
    layout.several_threads |= m.threads != all.front().threads;
  for (const Measurement& m : all) {
    const auto& groups = layout.groups;
    const bool new_group = groups.empty() || groups.back().bars.back()->backend != m.backend ||
                           groups.back().bars.back()->threads != m.threads;
    if (new_group) layout.groups.push_back({m.backend, {}});
    layout.groups.back().bars.push_back(&m);
    auto& known = layout.midstates;
    if (!m.is_reference && std::find(known.begin(), known.end(), m.midstates) == known.end()) {
      known.push_back(m.midstates);
    }
  }
  return layout;
}

double width_of(const Group& group) {
  const auto bars = static_cast<double>(group.bars.size());
  const double label = 7.5 * static_cast<double>(group.label.size());
  return std::max(bars * (kBar + kBetweenBars) - kBetweenBars, label);
}

std::string number(double value) {
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}", value);
}

std::string colour_of(const Layout& layout, const Measurement& m) {
  if (m.is_reference) return "reference";
  const auto at = std::find(layout.midstates.begin(), layout.midstates.end(), m.midstates);
  return fmt::format("c{}", static_cast<std::size_t>(at - layout.midstates.begin()) % kColours);
}

std::string bar_at(double x, const Measurement& m, const std::string& colour, double pixels_a_mhs) {
  const double base = kTop + kHeight, centre = x + kBar / 2;
  const auto y = [&](double hps) { return base - hps / 1e6 * pixels_a_mhs; };
  const double top = y(m.figures.hps_median);
  const double low = y(m.figures.hps_min), high = y(m.figures.hps_max);
  std::string svg =
      fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{}" height="{:.1f}" class="{}"/>)"
                  "\n",
                  x, top, kBar, base - top, colour);
  svg += fmt::format(R"(<path d="M{0:.1f} {1:.1f}V{2:.1f}" class="whisker"/>)"
                     "\n",
                     centre, low, high);
  return svg + svg_text(centre, high - 6, "middle", "small", number(m.figures.hps_median / 1e6));
}

std::string legend(const Layout& layout) {
  std::string svg;
  double x = kLeft;
  const auto entry = [&](const std::string& colour, const std::string& text) {
    svg += fmt::format(R"(<rect x="{:.1f}" y="46" width="12" height="12" class="{}"/>)"
                       "\n",
                       x, colour);
    svg += svg_text(x + 18, 56.5, "start", "small", text);
    x += 32 + 6.2 * static_cast<double>(text.size());
  };
  for (std::size_t i = 0; i < layout.midstates.size(); ++i) {
    entry(fmt::format("c{}", i % kColours),
          fmt::format("{} midstate{}", layout.midstates[i], layout.midstates[i] == 1 ? "" : "s"));
  }
  entry("reference", "OpenSSL");
  return svg;
}

}  // namespace

std::string bench_plot(std::span<const Measurement> all) {
  const Layout layout = lay_out(all);
  double width = kLeft + kBetweenGroups / 2 + kRight, most = 0;
  for (const Group& group : layout.groups)
    width += width_of(group) + kBetweenGroups;
  width = std::max(width, kMinWidth);
  for (const Measurement& m : all)
    most = std::max(most, m.figures.hps_max / 1e6);
  const double step = tick_step(most > 0 ? most : 1);
  const double ticks = std::max(std::ceil(most / step), 1.0);
  const double pixels_a_mhs = kHeight / (ticks * step);
  const double base = kTop + kHeight;

  std::string svg = svg_begin(width, base + kBottom, "SHA-256d rate by backend");
  const std::string threads =
      layout.several_threads || all.empty() ? "" : ", " + threads_text(all.front().threads);
  svg += svg_text(kLeft, 30, "start", "title", "SHA-256d of block headers" + threads);
  svg += legend(layout);
  svg += svg_text(kLeft - 8, kTop - 12, "end", "small", "MH/s");
  for (double tick = 0; tick <= ticks; ++tick) {
    const double y = base - tick * step * pixels_a_mhs;
    svg += fmt::format(R"(<path d="M{:.1f} {:.1f}H{:.1f}" class="grid"/>)"
                       "\n",
                       kLeft, y, width - kRight);
    svg += svg_text(kLeft - 8, y + 4, "end", "small", fmt::format("{:g}", tick * step));
  }
  double x = kLeft + kBetweenGroups / 2;
  for (const Group& group : layout.groups) {
    const double group_width = width_of(group), centre = x + group_width / 2;
    const auto bars = static_cast<double>(group.bars.size());
    double bar_x = centre - (bars * (kBar + kBetweenBars) - kBetweenBars) / 2;
    for (const Measurement* m : group.bars) {
      svg += bar_at(bar_x, *m, colour_of(layout, *m), pixels_a_mhs);
      bar_x += kBar + kBetweenBars;
    }
    svg += svg_text(centre, base + 20, "middle", "label", group.label);
    if (layout.several_threads) {
      svg +=
          svg_text(centre, base + 36, "middle", "small", threads_text(group.bars.front()->threads));
    }
    x += group_width + kBetweenGroups;
  }
  svg += svg_text(width - kRight, base + kBottom - 10, "end", "small",
                  "bar: median, line: minimum to maximum of the repeats");
  return svg + "</svg>\n";
}

}  // namespace ebb::bench
