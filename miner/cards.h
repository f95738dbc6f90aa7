#pragma once
// The CUDA cards of a mining run beside their hashing: their meters, their heat, and the settings
// of the driver that were asked for.

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cuda/card_id.h"
#include "cuda/card_settings.h"
#include "cuda/nvml.h"
#include "miner/card_monitor.h"
#include "throttle/controller.h"
#include "throttle/temperature_limit.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

struct CardOptions {
  cuda::CardLimits limits;  ///< nothing is ever set without one
  std::optional<unsigned> max_celsius = 90;
};

struct CardInUse {
  std::size_t device = 0;  ///< its place among the devices and their duties
  cuda::CardId id;
};

/// On the io thread, which never waits for NVML once this is open.
class Cards {
 public:
  using Clock = std::chrono::steady_clock;

  /// Sets what is asked for and starts the meters. Without NVML a line in the log says why nothing
  /// is read; the error is one line, for settings that cannot be made.
  static tl::expected<Cards, std::string> open(const std::vector<CardInUse>& cards,
                                               const CardOptions& options, spdlog::logger& log,
                                               const char* library = cuda::Nvml::kLibrary,
                                               CardMonitor::Timing timing = {});

  Cards(Cards&&) = default;
  Cards& operator=(Cards&&) = delete;
  /// Puts settings back.
  ~Cards();

  /// Holds the cards that are too hot, lets others go on, and says so in the log.
  void hold_hot(Clock::time_point now, throttle::Controller& controller);

  /// By device: "cuda:0".
  std::map<std::string, CardFigures> figures(Clock::time_point now) const;

  /// Reads no more.
  void stop();

  /// Once; what cannot be put back is in the log.
  void put_back_settings();

 private:
  struct Watched {
    CardInUse card;
    std::unique_ptr<CardMonitor> monitor;
    std::optional<throttle::TemperatureLimit> limit;
    bool held = false;
  };

  explicit Cards(spdlog::logger& log) : log_(&log) {}

  spdlog::logger* log_;
  cuda::CardSettings settings_;
  std::vector<Watched> watched_;
};

/// One reading of each card that NVML knows, by device. Blocks.
std::map<std::string, cuda::CardReading> read_cards(std::span<const cuda::CardId> cards,
                                                    const char* library = cuda::Nvml::kLibrary);

}  // namespace ebb::miner
