#include "sources/nut/ups_watch.h"

#include <algorithm>
#include <utility>

namespace ebb::sources {

std::optional<UpsStatus> parse_ups_status(std::string_view text) {
  UpsStatus status;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word == "OL") status.online = true;
    if (word == "OB") status.on_battery = true;
    if (word == "LB") status.low_battery = true;
    if (word == "FSD") status.forced_shutdown = true;
  }
  if (!status.online && !status.on_battery && !status.forced_shutdown) return std::nullopt;
  return status;
}

throttle::Signal UpsWatch::signal(const throttle::Now& now, std::string reason, bool outage) const {
  throttle::Signal signal;
  signal.id = "mains";
  signal.cap = settings_.cap;
  signal.signal_class = settings_.signal_class;
  signal.valid_from = now.wall;
  signal.reason = std::move(reason);
  signal.outage = outage;
  signal.urgent = outage;  // confirmed here, so not ridden through once more
  return signal;
}

std::vector<Update> UpsWatch::observe(const throttle::Now& now, const UpsStatus& status) {
  const bool dark = status.on_battery || status.forced_shutdown;
  if (!dark) {
    since_.reset();
    said_outage_ = false;
    said_ = true;
    if (!status.low_battery) return {SaidAll{}};
    // With the mains back, the next dip would be the end: wait until the battery has some charge.
    return {SaidAll{{signal(now, "the battery is low", false)}}};
  }
  if (!since_) since_ = now.steady;
  const bool at_once = status.low_battery || status.forced_shutdown;
  if (!at_once && !said_outage_ && now.steady - *since_ < settings_.confirm) {
    return said_ ? std::vector<Update>{StillThere{}} : std::vector<Update>{};
  }
  said_ = said_outage_ = true;
  const char* reason = status.forced_shutdown ? "the UPS is shutting down"
                       : status.low_battery   ? "on battery, which is low"
                                              : "on battery";
  return {SaidAll{{signal(now, reason, true)}}};
}

}  // namespace ebb::sources
