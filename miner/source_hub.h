#pragma once
// The sources of a run: opened, started, heard on the io thread, shown, stopped.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "miner/site_meters.h"
#include "miner/throttle_options.h"
#include "miner/web_routes.h"
#include "sources/kind.h"
#include "sources/source.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// A source as the status shows it, beside what the throttle knows of it.
struct SourceFigures {
  const throttle::SourceRule* rule = nullptr;
  std::string type;
  sources::Health health;
};

/// On the io thread, but for what sources do on theirs.
class SourceHub {
 public:
  /// Batches that may wait for the io thread before their senders do.
  static constexpr std::size_t kMostWaiting = 64;

  /// What a source says, on the io thread. Gives why something of it was refused; else nothing.
  using Hear = std::function<std::string(const throttle::SourceRule& rule,
                                         std::vector<sources::Update> updates)>;

  /// Opens all; connects to nothing. The error is one line and names the source.
  static tl::expected<std::unique_ptr<SourceHub>, std::string> open(
      const std::vector<sources::SourceOptions>& options, const sources::Context& context,
      spdlog::logger& log);
  ~SourceHub();

  void start(boost::asio::io_context& io, Hear hear);
  /// Waits for their threads, all at once: about a second at worst.
  void stop();

  void tell(const sources::Telemetry& telemetry);
  std::vector<SourceFigures> figures() const;

 private:
  struct Impl;
  explicit SourceHub(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What the sources of this machine are opened with. `routes`: of the HTTP API.
sources::Context source_context(const ThrottleOptions& options, throttle::Start how,
                                std::shared_ptr<SiteMeters> meters,
                                std::shared_ptr<WebRoutes> routes);

}  // namespace ebb::miner
