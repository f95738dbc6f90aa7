#include "bench/svg.h"

#include <fmt/format.h>

#include <cmath>

namespace ebb::bench {
namespace {

constexpr const char* kStyle = R"(<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.small { font-size: 11px; fill: #57606a; }
.paper { fill: #ffffff; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.whisker { stroke: #24292f; stroke-width: 1.5; fill: none; }
.c0 { fill: #7fb3e6; } .c1 { fill: #1f5fae; } .c2 { fill: #e08a3c; }
.c3 { fill: #3c9a6a; } .c4 { fill: #8d62b8; } .c5 { fill: #c2495b; }
.reference { fill: #9aa3ad; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .small { fill: #9da7b3; } .paper { fill: #0d1117; }
.grid { stroke: #30363d; } .whisker { stroke: #e6edf3; }
.c0 { fill: #a5cdf5; } .c1 { fill: #4c8fe0; } .reference { fill: #6e7681; }
}
</style>
)";

}  // namespace

std::string svg_begin(double width, double height, const std::string& label) {
  return fmt::format(
             R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" )"
             R"(height="{1:.0f}" role="img" aria-label="{2}">)"
             "\n",
             width, height, label) +
         kStyle +
         R"(<rect width="100%" height="100%" class="paper"/>)"
         "\n";
}

std::string svg_text(double x, double y, const char* anchor, const char* style,
                     const std::string& text) {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="{}">{}</text>)"
                     "\n",
                     x, y, anchor, style, text);
}

double tick_step(double most) {
  const double rough = most / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

}  // namespace ebb::bench
