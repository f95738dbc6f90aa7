#pragma once
// Devices that hash a job of their own under one source and all that is between.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "miner/control_loop.h"
#include "miner/crew.h"
#include "miner/hook.h"
#include "miner/throttle_options.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// For measurements: the source alone rules, without ramp, random return, debounce, dwell or
/// recovery, and its ledger is a temporary one. From any thread, one at a time.
class SourceRig {
 public:
  struct Settings {
    std::string source;   ///< the name of one of the throttle's
    std::string trigger;  ///< run by /bin/sh with EBB_CAP=0% or 100%: makes the source say so
    std::chrono::milliseconds patience{0};  ///< for the source to be heard at first
  };

  /// Returns once the source has been heard and permits. The error is one line.
  static tl::expected<std::unique_ptr<SourceRig>, std::string> start(
      std::vector<OpenedDevice> devices, ThrottleOptions options, Settings settings,
      spdlog::logger& log);
  ~SourceRig();
  SourceRig(const SourceRig&) = delete;
  SourceRig& operator=(const SourceRig&) = delete;

  /// Begins the trigger, once the one before has ended.
  void trigger(bool permit);

  std::vector<DeviceFigures> figures() const { return crew_.figures(); }
  std::vector<std::string> kinds() const { return crew_.kinds(); }

 private:
  SourceRig(std::vector<OpenedDevice> devices, Settings settings, spdlog::logger& log);
  tl::expected<void, std::string> begin(ThrottleOptions options);
  bool permitted();

  spdlog::logger& log_;
  Settings settings_;
  Hook trigger_;
  std::filesystem::path folder_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::optional<Cards> cards_;
  Crew crew_;
  std::optional<ControlLoop> loop_;
  std::jthread thread_;
};

}  // namespace ebb::miner
