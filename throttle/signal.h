#pragma once
// What a source says about how much power the miner may use.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "throttle/cap.h"

namespace ebb::throttle {

/// Time of day, for what people and grids agree on. Milliseconds: what the ledger keeps.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
/// Time that only goes forward, for waits and ramps; of one process.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Why a source may speak, which decides what its silence and its end mean.
enum class SignalClass {
  mandatory,   ///< an order of the grid or the law
  protective,  ///< of the site: a UPS, heat, a fuse
  economic,    ///< whether it pays
  by_operator  ///< a person at this miner; "operator" in texts
};

/// "mandatory", "protective", "economic", "operator".
std::string_view name(SignalClass signal_class);
std::optional<SignalClass> parse_signal_class(std::string_view text);

/// A level, not an edge: it caps from `valid_from` to `valid_until` for as long as its source does
/// not replace or retract it. A cap of 100 % permits, and says that the source is there.
struct Signal {
  std::string source;  ///< "schedule", "operator", "ups"
  std::string id;      ///< which of its source's signals; a newer one of the same id replaces it
  Cap cap = DutyCap{0};
  SignalClass signal_class = SignalClass::mandatory;
  WallTime valid_from{};
  std::optional<WallTime> valid_until{};  ///< nothing: open end
  WallTime received_at{};
  std::optional<WallTime> sent_at{};  ///< by the source's clock, where it says
  std::uint64_t sequence = 0;         ///< of its source, growing; an older one is a replay
  std::string reason;
  bool outage = false;  ///< the mains is gone; its end begins the recovery from an outage
  bool urgent = false;  ///< an outage that is not ridden through

  friend bool operator==(const Signal&, const Signal&) = default;
};

}  // namespace ebb::throttle
