#include "miner/simulate_command.h"

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "throttle/schedule/time_zone.h"
#include "throttle/simulation/rendering.h"
#include "throttle/simulation/simulation.h"
#include "throttle/simulation/timeline.h"

namespace ebb::miner {
namespace {

constexpr std::size_t kMaxTimeline = 16 << 20;  // bytes

tl::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxTimeline + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || !in.is_open()) return tl::unexpected<std::string>("cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxTimeline) return tl::unexpected<std::string>("is larger than 16 MiB");
  return text;
}

tl::expected<throttle::Simulation, std::string> run(const SimulateOptions& options) {
  if (const auto known = throttle::parse_time("2026-01-01T00:00", options.zone); !known) {
    return tl::unexpected(known.error());
  }
  const auto text = read_file(options.timeline);
  if (!text) return tl::unexpected(options.timeline + ": " + text.error());
  const auto timeline = throttle::parse_timeline(*text);
  if (!timeline) return tl::unexpected(options.timeline + ": " + timeline.error());
  throttle::SimulationInput input;
  input.settings = options.throttle.policy;
  input.windows = options.throttle.windows;
  input.calendars = options.throttle.calendars;
  input.plant.full_watts = options.throttle.power.nameplate_watts;
  input.plant.idle_watts = options.throttle.power.nameplate_idle_watts;
  input.seed = options.seed;
  return throttle::simulate(input, *timeline);
}

bool write_plot(const throttle::Simulation& simulation, const SimulateOptions& options) {
  std::ofstream out(options.plot, std::ios::binary);
  out << (std::string_view(options.plot).ends_with(".svg")
              ? throttle::to_svg(simulation, options.zone)
              : throttle::to_html(simulation, options.zone));
  out.close();
  return out.good();
}

}  // namespace

int run_simulate(const SimulateOptions& options) {
  const auto simulation = run(options);
  if (!simulation) {
    std::fprintf(stderr, "ebb: %s\n", simulation.error().c_str());
    return 2;
  }
  const std::string text = options.json ? throttle::to_json(*simulation) + '\n'
                                        : throttle::to_text(*simulation, options.zone);
  std::fputs(text.c_str(), stdout);
  if (!options.plot.empty() && !write_plot(*simulation, options)) {
    std::fprintf(stderr, "ebb: %s cannot be written\n", options.plot.c_str());
    return 1;
  }
  return 0;
}

}  // namespace ebb::miner
