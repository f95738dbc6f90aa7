#pragma once
// What the fuzzer of timelines does with its bytes. The unit tests replay its corpus.

#include <stdexcept>
#include <string>
#include <string_view>

#include "throttle/simulation/rendering.h"
#include "throttle/simulation/simulation.h"
#include "throttle/simulation/timeline.h"

namespace ebb::throttle {

/// Whatever is accepted is within its bounds, and a short one can be simulated and shown.
inline void fuzz_timeline(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto timeline = parse_timeline(data);
  if (!timeline) {
    must(!timeline.error().empty() && timeline.error().size() < 500, "error text");
    must(timeline.error().find('\n') == std::string::npos, "one line of error");
    return;
  }
  must(timeline->begin < timeline->end, "beginning and end");
  std::size_t repeated = 0;
  WallTime last = timeline->begin;
  for (const Step& step : timeline->steps) {
    must(step.at >= last && step.at <= timeline->end, "order of steps");
    last = step.at;
    if (step.every) ++repeated;
  }
  if (timeline->end - timeline->begin > std::chrono::hours(2) || repeated > 0) return;
  const auto simulated = simulate({}, *timeline);
  if (!simulated) return;
  must(!simulated->changes.empty(), "a first line");
  must(simulated->changes.front().at == timeline->begin, "the first line");
  to_text(*simulated, "UTC");
  to_json(*simulated);
  must(to_html(*simulated, "UTC").find("<script") == std::string::npos, "escaped");
}

}  // namespace ebb::throttle
