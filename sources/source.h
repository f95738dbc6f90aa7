#pragma once
// The contract of everything that tells the throttle what the grid, the site or the market wants.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sources/update.h"
#include "sources/web.h"
#include "throttle/policy.h"
#include "throttle/power_reading.h"

namespace ebb::sources {

/// How a source is doing, as status, ledger and metrics show it. Each text is one line without
/// secrets; what a remote party wrote is bounded by whoever shows it.
struct Health {
  bool connected = false;  ///< to what it listens to, which does not make it fresh
  std::string where{};     ///< "ups@localhost:3493"
  std::string last{};      ///< what was said last, in the source's own words: "OL CHRG"
  /// What is wrong now, and what happens next; empty: nothing. Without counts or times: each new
  /// text is a line in the log.
  std::string trouble{};
  friend bool operator==(const Health&, const Health&) = default;
};

/// The way from a source to the throttle. From any thread.
class Port {
 public:
  virtual ~Port() = default;
  /// In order, all of one call before another decision. Blocks while too many wait, so that a flood
  /// backs up at its sender; returns at once when the miner stops. On the io thread it never
  /// blocks, and the decision has been made when it returns.
  virtual void send(std::vector<Update> updates) = 0;
  /// On the io thread alone: as send(), and why something of it was refused; empty: nothing was.
  virtual std::string send_now(std::vector<Update> updates) {
    send(std::move(updates));
    return {};
  }
  virtual void show(Health health) = 0;
  /// A line for the log, as a warning. Not for what repeats: each new Health::trouble is logged.
  virtual void warn(std::string line) = 0;
};

/// What the miner does, for sources that report it.
struct Telemetry {
  throttle::Now now;
  throttle::Decision decision;
  throttle::Plant plant;
  throttle::Zero zero = throttle::Zero::not_asked;
  double hps = 0;
  double fraction = 1;  ///< of full work in force
  std::optional<throttle::PowerReading> power;
};

class Source {
 public:
  virtual ~Source() = default;  ///< as stop()
  /// Begins to listen, on threads of its own. Called once; the port outlives the source.
  virtual void start(Port& port) = 0;
  /// Ends its threads, within a second whatever hangs. Nothing is sent afterwards.
  virtual void stop() = 0;
  /// Once a second and after every change of the decision. On the io thread: must not block.
  virtual void tell(const Telemetry& /*telemetry*/) {}
};

class SharedMeter;

/// What a source is opened with, beside its own settings.
struct Context {
  std::function<throttle::Now()> clock;
  throttle::Start how = throttle::Start::fresh;  ///< how this run began: after an outage?
  std::filesystem::path ledger;                  ///< to read; empty: none
  std::string rig;                               ///< what to call this machine
  /// A [[meter]] by its name; null: there is none.
  std::function<std::shared_ptr<SharedMeter>(std::string_view name)> meter;
  /// Serves a path of the HTTP API, from start() on. False: there is no API, or the path is taken.
  std::function<bool(const std::string& path, WebHandler handler)> serve;
};

}  // namespace ebb::sources
