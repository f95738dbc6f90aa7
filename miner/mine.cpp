#include "miner/mine.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <cstdio>
#include <cstdlib>

#include "miner/cards.h"
#include "miner/control_loop.h"
#include "miner/demo_pool.h"
#include "miner/device_news.h"
#include "miner/difficulty_suggestion.h"
#include "miner/lifetime.h"
#include "miner/pool_log.h"
#include "miner/power_meters.h"
#include "miner/report.h"
#include "miner/share_ledger.h"
#include "miner/share_log.h"
#include "miner/upstreams.h"
#include "miner/wall_clock.h"
#include "stratum/pool_group.h"

namespace ebb::miner {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSamplePeriod{1};
constexpr std::chrono::seconds kProgressPeriodInPipe{10};

// Batches of shares on their way to the io thread. More means that it cannot keep up.
constexpr int kMaxBatchesInFlight = 64;

/// Difficulties are asked for relative to the full rate's; nothing where no pool is asked.
std::optional<double> scale_at_full(const std::vector<PoolSettings>& pools) {
  const bool any = std::any_of(pools.begin(), pools.end(), [](const PoolSettings& pool) {
    return pool.suggest_difficulty.has_value();
  });
  return any ? std::optional(1.0) : std::nullopt;
}

/// Owns everything a mining run needs. Members die in reverse: the crew's threads first.
class MiningRun {
 public:
  MiningRun(const MineOptions& options, Console& console, std::vector<OpenedDevice> devices,
            Cards cards, PoweredBy powered, std::unique_ptr<ThrottleService> throttle,
            std::unique_ptr<SourceHub> sources, SiteMeters& meters,
            std::shared_ptr<WebRoutes> routes, std::unique_ptr<ShareLog> share_log,
            std::chrono::nanoseconds stop_patience)
      : console_(console),
        stop_patience_(stop_patience),
        lifetime_(io_, options.run_for, [this] { stop(); }),
        sample_timer_(io_),
        pools_(options.pools.empty() ? demo_pools() : options.pools),
        group_(make_group(options)),
        pool_log_(pools_, console.log()),
        share_log_(std::move(share_log)),
        cards_(std::move(cards)),
        crew_(std::move(devices),
              [this](std::vector<core::Share>& shares) { return deliver(shares); }),
        suggestion_(scale_at_full(pools_)),
        control_(io_, options.throttle,
                 {crew_, cards_, std::move(throttle), std::move(sources), std::move(routes),
                  open_meters(options.throttle.power, meters, options.throttle.state_folder,
                              powered, cards_, console.log()),
                  console.log(), [this] { return pool_statistics(); }},
                 [this](double fraction) { suggest_difficulty(fraction); }) {}

  /// The error is one line, and nothing was mined.
  tl::expected<void, std::string> run() {
    started_ = Clock::now();
    if (const unsigned refused = crew_.start(); refused > 0) {
      console_.log().warn("{} threads could not be pinned: the scheduler places them", refused);
    }
    if (auto started = control_.start(); !started) return started;
    group_.start();
    sample();
    io_.run();
    return {};
  }

  /// Names of devices that did not answer the stop.
  const std::vector<std::string>& left_behind() const { return left_behind_; }

  /// What drivers changed for the run is as before.
  void put_back_settings() { cards_.put_back_settings(); }

  Snapshot snapshot() const {
    using std::chrono::seconds;
    Snapshot snapshot;
    snapshot.elapsed = (stopped_.value_or(Clock::now())) - started_;
    snapshot.hashrate_10s = meter_.over(seconds(10));
    snapshot.hashrate_60s = meter_.over(seconds(60));
    snapshot.hashrate_15m = meter_.over(std::chrono::minutes(15));
    snapshot.shares = ledger_.statistics();
    snapshot.pools = pool_statistics();
    snapshot.devices = crew_.figures();
    snapshot.cards = cards_.figures(stopped_.value_or(Clock::now()));
    snapshot.throttle = control_.decision();
    snapshot.power = control_.observation().power;
    return snapshot;
  }

 private:
  std::vector<PoolSettings> demo_pools() {
    demo_.emplace(io_, console_.log());
    return {{.url = demo_->url(), .user = "demo"}};
  }

  stratum::PoolGroup make_group(const MineOptions& options) {
    std::vector<stratum::GroupMember> members;
    for (const PoolSettings& pool : pools_) {
      named_pools_.push_back({pool.url.text(), pool.user});
      members.push_back(
          {.weight = pool.weight,
           .make =
               [this, &pool, blocks = options.throttle.state_folder / "blocks"](
                   std::uint32_t index, std::function<void(stratum::PoolEvent)> sink) {
                 return make_upstream(io_, pool, index, blocks, std::move(sink));
               },
           .suggest_difficulty = pool.suggest_difficulty,
           .keeps_connected = pool.url.is_node()});
    }
    return {
        io_,
        std::move(members),
        options.strategy,
        {[this](std::size_t pool, const stratum::PoolEvent& event) { on_event(pool, event); },
         [this](core::JobPtr job) { on_job(std::move(job)); }, [this] { return crew_.hashes(); }}};
  }

  std::vector<PoolStatistics> pool_statistics() const {
    std::vector<PoolStatistics> all = pool_log_.statistics();
    const std::vector<stratum::MemberState> states = group_.states();
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].now = states[i].now;
      all[i].hashes = states[i].hashes;
    }
    return all;
  }

  void stop() {
    stopped_ = Clock::now();
    control_.stop();
    crew_.board().clear();
    log_device_news();
    left_behind_ = crew_.stop(stop_patience_);
    for (const std::string& name : left_behind_)
      console_.log().error("{} does not answer: left behind", name);
    cards_.stop();
    sample_timer_.cancel();
    // Shares that workers found in their last slice are posted already: the pools hear of the
    // stop after them.
    asio::post(io_, [this] {
      group_.stop();
      if (demo_) demo_->stop();
    });
  }

  /// On a worker's thread.
  bool deliver(std::vector<core::Share>& shares) {
    if (batches_in_flight_.load(std::memory_order_relaxed) >= kMaxBatchesInFlight) return false;
    batches_in_flight_.fetch_add(1, std::memory_order_relaxed);
    asio::post(io_, [this, batch = std::move(shares)]() mutable {
      batches_in_flight_.fetch_sub(1, std::memory_order_relaxed);
      for (core::Share& share : batch) {
        ledger_.found(share, console_.log());
        group_.submit(std::move(share));
      }
    });
    return true;
  }

  void sample() {
    const auto now = Clock::now();
    meter_.sample(now, crew_.hashes());
    if (now - started_ >= kSamplePeriod) {
      console_.show_progress(progress_line(snapshot()));
      if (!console_.is_terminal() && now - last_plain_line_ >= kProgressPeriodInPipe) {
        if (last_plain_line_ != Clock::time_point{}) {
          console_.log().info(progress_line(snapshot()));
        }
        last_plain_line_ = now;
      }
    }
    log_device_news();
    sample_timer_.expires_after(kSamplePeriod);
    sample_timer_.async_wait([this](boost::system::error_code error) {
      if (!error && !stopped_) sample();
    });
  }

  void suggest_difficulty(double fraction) {
    if (const auto factor = suggestion_.update(Clock::now(), fraction)) {
      group_.scale_difficulty(*factor);
    }
  }

  void log_device_news() {
    for (const DeviceNews::Line& line : device_news_.since_last_look(crew_.figures())) {
      console_.log().log(line.warning ? spdlog::level::warn : spdlog::level::info, line.text);
    }
  }

  void on_event(std::size_t pool, const stratum::PoolEvent& event) {
    pool_log_.tell(pool, event);
    if (const auto* dropped = std::get_if<stratum::ShareDropped>(&event)) {
      ledger_.dropped(dropped->why);
      if (share_log_) share_log_->dropped(*dropped, named_pools_[pool]);
    } else if (const auto* told = std::get_if<stratum::Event>(&event)) {
      const auto* judged = std::get_if<stratum::ShareJudged>(told);
      if (judged == nullptr) return;
      ledger_.judged(*judged);
      if (share_log_) share_log_->judged(*judged, named_pools_[pool]);
    }
  }

  void on_job(core::JobPtr job) {
    if (stopped_) return;
    const bool has_work = job != nullptr;
    const bool was_idle = crew_.board().current().job == nullptr;
    crew_.board().publish(std::move(job));
    if (was_idle && has_work)
      control_.look();  // time under the cap begins now, not at the next tick
  }

  Console& console_;
  std::chrono::nanoseconds stop_patience_;
  asio::io_context io_{1};
  Lifetime lifetime_;
  asio::steady_timer sample_timer_;
  std::optional<DemoPool> demo_;
  std::vector<PoolSettings> pools_;
  std::vector<ShareLog::Pool> named_pools_;
  stratum::PoolGroup group_;
  PoolLog pool_log_;
  HashrateMeter meter_;
  ShareLedger ledger_;
  std::unique_ptr<ShareLog> share_log_;
  DeviceNews device_news_;
  std::vector<std::string> left_behind_;
  Clock::time_point started_{};
  Clock::time_point last_plain_line_{};
  std::optional<Clock::time_point> stopped_;
  std::atomic<int> batches_in_flight_{0};  // relaxed: a bound, not a hand-over
  Cards cards_;
  Crew crew_;
  DifficultySuggestion suggestion_;
  ControlLoop control_;
};

}  // namespace

int run_mine(const MineOptions& options) {
  Console console;
  auto summary = SummaryFile::open(options.summary);
  if (!summary) {
    console.log().error("--summary: {}", summary.error());
    return 2;
  }
  auto devices = open_devices(options, console.log());
  if (!devices) {
    console.log().error(devices.error().text);
    return devices.error().exit_code;
  }
  return mine_on(std::move(*devices), options, console, *summary);
}

int mine_on(std::vector<OpenedDevice> devices, const MineOptions& options, Console& console,
            SummaryFile& summary, std::chrono::nanoseconds stop_patience) {
  auto cards = Cards::open(cards_in_use(devices), options.cards, console.log());
  if (!cards) {
    console.log().error(cards.error());
    return 1;
  }
  auto throttle = ThrottleService::start(options.throttle, options.limit, now(), console.log());
  if (!throttle) {
    console.log().error(throttle.error());
    return 1;
  }
  std::unique_ptr<ShareLog> share_log;
  if (!options.share_log.empty()) {
    auto opened = ShareLog::open(options.share_log, console.log());
    if (!opened) {
      console.log().error("share log: {}", opened.error());
      return 2;
    }
    share_log = *std::move(opened);
  }
  const auto meters = std::make_shared<SiteMeters>(options.throttle.power.meters);
  const auto routes = std::make_shared<WebRoutes>();
  auto sources = SourceHub::open(
      options.throttle.sources,
      source_context(options.throttle, (*throttle)->how(), meters, routes), console.log());
  if (!sources) {
    console.log().error(sources.error());
    return 2;
  }
  console.log().info("ebb {} mining on {} devices, first: {} ({})", EBB_VERSION, devices.size(),
                     devices.front().device->info().name, devices.front().device->info().backend);
  const PoweredBy powered = powered_by(devices);
  MiningRun run(options, console, std::move(devices), std::move(*cards), powered,
                std::move(*throttle), std::move(*sources), *meters, routes, std::move(share_log),
                stop_patience);
  if (const auto ran = run.run(); !ran) {
    console.log().error(ran.error());
    return 1;
  }
  const Snapshot last = run.snapshot();
  console.end_progress();
  console.log().info("stopped: {}", progress_line(last));
  for (const std::string& line : card_lines(last))
    console.log().info(line);
  summary.write(summary_json(last));
  const bool quarantined =
      std::any_of(last.devices.begin(), last.devices.end(),
                  [](const DeviceFigures& device) { return device.health.quarantined; });
  if (run.left_behind().empty() && !quarantined) return 0;
  // A driver may still hold a thread or a launch: whatever cleans up could wait for it for good.
  run.put_back_settings();
  console.log().flush();
  std::fflush(nullptr);
  std::_Exit(run.left_behind().empty() ? 0 : 1);
}

}  // namespace ebb::miner
