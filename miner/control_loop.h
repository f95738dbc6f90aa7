#pragma once
// The throttle's loop over a crew: observes, decides, writes duties.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "miner/api_server.h"
#include "miner/cards.h"
#include "miner/control.h"
#include "miner/control_server.h"
#include "miner/crew.h"
#include "miner/source_hub.h"
#include "miner/statistics.h"
#include "miner/throttle_service.h"
#include "miner/zero_keeper.h"
#include "throttle/controller.h"
#include "throttle/power/meter.h"

namespace ebb::miner {

/// On the io thread. What it refers to must outlive it.
class ControlLoop {
 public:
  struct Parts {
    Crew& crew;
    Cards& cards;
    std::unique_ptr<ThrottleService> service;
    std::unique_ptr<SourceHub> sources;
    std::shared_ptr<WebRoutes> routes;  ///< those of the sources
    throttle::BestMeter meter;
    spdlog::logger& log;
    std::function<std::vector<PoolStatistics>()> pools{};  ///< for the status; empty: none
  };

  /// `on_fraction`: told the allowed fraction of full work after every look.
  ControlLoop(boost::asio::io_context& io, const ThrottleOptions& options, Parts parts,
              std::function<void(double)> on_fraction);

  /// Begins to look ten times a second, to hear the sources, and to answer on the control socket
  /// and the HTTP API. The error, one line: it cannot listen.
  tl::expected<void, std::string> start();
  /// No duty is written any more.
  void stop();

  /// Looks at once: something has changed.
  void look();

  const throttle::Decision& decision() const { return service_->decision(); }
  Observation observation() const;
  std::vector<SourceStatus> sources() const;

 private:
  /// With the pools, for people and programs.
  Observation shown() const;
  /// What a card did and drew while it was not paced: at rest all would seem inefficient.
  struct FullWork {
    bool was_full = false;
    std::uint64_t last_hashes = 0;
    double last_joules = 0;
    double hashes = 0, joules = 0;
  };

  tl::expected<void, std::string> start_api();
  void wait();
  throttle::Zero watch_zero(const throttle::Now& now);
  void sample(const throttle::Now& now);
  void tell_sources(const throttle::Now& now, const throttle::Plant& plant);
  void compare_cards(throttle::SteadyTime now);
  void tell_blindness(throttle::SteadyTime now);
  void handle(const ControlRequest& request, ControlServer::Answer answer);

  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  Crew& crew_;
  Cards& cards_;
  std::unique_ptr<ThrottleService> service_;
  std::unique_ptr<SourceHub> sources_;
  throttle::BestMeter meter_;
  spdlog::logger& log_;
  std::function<std::vector<PoolStatistics>()> pools_;
  std::function<void(double)> on_fraction_;
  throttle::Controller controller_;
  ZeroKeeper zero_;
  std::filesystem::path state_folder_;
  std::optional<ControlServer> server_;
  std::optional<ApiAddress> api_address_;
  std::shared_ptr<WebRoutes> routes_;
  std::optional<ApiServer> api_;
  bool stopped_ = false;

  std::optional<throttle::PowerReading> power_;
  std::optional<throttle::SteadyTime> sampled_at_;
  std::optional<throttle::SteadyTime> blind_since_;  ///< a cap in watts, and no meter
  bool blindness_told_ = false;
  std::uint64_t hashes_at_sample_ = 0;
  double hps_ = 0;  ///< of the latest second
  std::vector<FullWork> full_work_;
  std::optional<throttle::Decision> told_;  ///< to the sources
  std::optional<throttle::SteadyTime> told_at_;
};

}  // namespace ebb::miner
