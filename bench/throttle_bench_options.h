#pragma once
// What `ebb bench throttle` measures.

#include <chrono>
#include <string>
#include <vector>

#include "core/cpu_topology.h"

namespace ebb::bench {

struct ThrottleBenchOptions {
  std::string devices = "auto";
  std::string backend;  ///< empty: the fastest usable one
  core::ThreadRequest threads;
  unsigned trials = 200;                                        ///< of each step response
  std::vector<double> caps{.01, .05, .10, .25, .50, .75, .95};  ///< fractions of full power
  std::chrono::seconds window{10};                              ///< over which a cap is measured
  std::chrono::milliseconds gives_up{2000};                     ///< of a step that is not obeyed
  std::string source;   ///< that rules; empty: the bench itself
  std::string config;   ///< file that the source is in
  std::string trigger;  ///< command that makes the source speak
  bool json = false;
  std::string plot;  ///< SVG file; empty: none
};

}  // namespace ebb::bench
