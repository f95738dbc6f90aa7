#include "miner/wall_clock.h"

#include <sys/timex.h>

namespace ebb::miner {
namespace {

bool is_synchronised() {
  timex state{};  // changes nothing
  return adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

}  // namespace

throttle::Now now() {
  throttle::Now now;
  now.steady = std::chrono::steady_clock::now();
  now.wall = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  now.synchronised = is_synchronised();
  return now;
}

}  // namespace ebb::miner
