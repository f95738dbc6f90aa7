#include "miner/source_rig.h"

#include <spdlog/logger.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>
#include <system_error>
#include <utility>

#include "bench/bench_job.h"
#include "miner/wall_clock.h"

namespace ebb::miner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A hit an hour or so on a CPU: verifying them is not what is looked at.
constexpr double kShareDifficulty = 100;
constexpr milliseconds kLook{10};

/// As sharp as it gets: what delays on purpose is not what is looked at.
void keep_only(ThrottleOptions& options, const std::string& source) {
  std::erase_if(options.sources, [&](const auto& it) { return it.rule.name != source; });
  throttle::PolicySettings& policy = options.policy;
  std::erase_if(policy.sources, [&](const auto& rule) { return rule.name != source; });
  policy.ramp_up = policy.economic_ramp_down = policy.random_return = policy.debounce = seconds(0);
  policy.economic_dwell_off = policy.economic_dwell_on = policy.mains_good = seconds(0);
  policy.ramp_watts_per_minute.reset();
  policy.trust_clock = true;
  policy.recover_from_outages = false;
  options.windows.clear();
  options.calendars.clear();
  options.config_file.clear();
  options.hook.clear();
}

}  // namespace

SourceRig::SourceRig(std::vector<OpenedDevice> devices, Settings settings, spdlog::logger& log)
    : log_(log),
      settings_(std::move(settings)),
      trigger_(settings_.trigger),
      work_(io_.get_executor()),
      crew_(std::move(devices), [](std::vector<core::Share>&) { return true; }) {}

SourceRig::~SourceRig() {
  if (thread_.joinable()) {
    boost::asio::post(io_, [this] {
      loop_->stop();
      work_.reset();
    });
    thread_.join();
    crew_.stop();
  }
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

tl::expected<std::unique_ptr<SourceRig>, std::string> SourceRig::start(
    std::vector<OpenedDevice> devices, ThrottleOptions options, Settings settings,
    spdlog::logger& log) {
  keep_only(options, settings.source);
  if (options.sources.empty()) {
    return tl::unexpected("there is no [[source]] '" + settings.source + "'");
  }
  std::unique_ptr<SourceRig> rig(new SourceRig(std::move(devices), std::move(settings), log));
  if (auto begun = rig->begin(std::move(options)); !begun) return tl::unexpected(begun.error());
  rig->trigger(true);
  const auto deadline = Hook::Clock::now() + rig->settings_.patience;
  while (!rig->permitted()) {
    if (Hook::Clock::now() > deadline) {
      return tl::unexpected("source '" + rig->settings_.source +
                            "' does not permit anything, though the trigger was run");
    }
    std::this_thread::sleep_for(kLook);
  }
  return rig;
}

tl::expected<void, std::string> SourceRig::begin(ThrottleOptions options) {
  std::string folder = (std::filesystem::temp_directory_path() / "ebb-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return tl::unexpected("cannot create " + folder);
  folder_ = options.state_folder = folder;
  auto service = ThrottleService::start(options, {}, now(), log_);
  if (!service) return tl::unexpected(service.error());
  const auto meters = std::make_shared<SiteMeters>(options.power.meters);
  const auto routes = std::make_shared<WebRoutes>();
  auto sources = SourceHub::open(options.sources,
                                 source_context(options, (*service)->how(), meters, routes), log_);
  if (!sources) return tl::unexpected(sources.error());
  auto cards = Cards::open({}, {}, log_);
  if (!cards) return tl::unexpected(cards.error());
  cards_.emplace(std::move(*cards));
  crew_.board().publish(bench::bench_job(kShareDifficulty));
  crew_.start();
  loop_.emplace(io_, options,
                ControlLoop::Parts{
                    crew_, *cards_, std::move(*service), std::move(*sources), routes, {}, log_},
                [](double) {});
  auto started = loop_->start();
  thread_ = std::jthread([this] { io_.run(); });
  return started;
}

void SourceRig::trigger(bool permit) {
  while (trigger_.is_running()) {
    if (const auto ended = trigger_.poll(Hook::Clock::now())) break;
    std::this_thread::sleep_for(kLook);
  }
  if (const auto failed =
          trigger_.start(Hook::Clock::now(), {{"EBB_CAP", permit ? "100%" : "0%"}})) {
    log_.error("--trigger: {}", *failed);
  }
}

bool SourceRig::permitted() {
  std::promise<bool> full;
  boost::asio::post(io_, [&] { full.set_value(loop_->decision().limit.is_full()); });
  return full.get_future().get();
}

}  // namespace ebb::miner
