// The whole loop, from the control socket to the devices: real threads, real CPU time, short times.

#include "miner/control_loop.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include "bench/bench_job.h"
#include "miner/control_client.h"
#include "miner/wall_clock.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;

namespace {

/// Obeys its duty, or so it says: a deaf one goes on burning CPU time in a thread of its own.
class TestDevice final : public core::Device {
 public:
  explicit TestDevice(bool deaf) : deaf_(deaf) {}

  const core::DeviceInfo& info() const override { return info_; }
  void prepare(const core::ScanInput&) override {}
  core::ScanReport scan(std::uint32_t, std::uint64_t count, std::span<core::Candidate>) override {
    if (deaf_ && !thread_.joinable()) {
      thread_ = std::jthread([](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
        }
      });
    }
    std::this_thread::sleep_for(1ms);
    return {.scanned = count, .busy = 1ms};
  }

 private:
  bool deaf_;
  core::DeviceInfo info_{.name = "test0", .backend = "test"};
  std::jthread thread_;
};

std::vector<OpenedDevice> one_device(bool deaf) {
  std::vector<OpenedDevice> devices;
  devices.push_back({std::make_unique<TestDevice>(deaf), {}});
  return devices;
}

/// A miner without a pool, as `ebb hold` and `ebb status` see it.
class Miner {
 public:
  Miner(bool deaf, std::ostringstream& log)
      : log_("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)),
        crew_(one_device(deaf), [](std::vector<core::Share>&) { return true; }) {
    ThrottleOptions options;
    options.state_folder = folder_.path() / "state";
    options.policy.trust_clock = true;
    options.policy.ramp_up = 0s;
    options.zero = {
        .engine = 300ms, .meter = 300ms, .step = 250ms, .quiet = 100ms, .idle_cpu = 0.2};
    options.hook = "echo \"$EBB_LIMIT\" > " + hook_file().string();
    auto service = ThrottleService::start(options, {}, now(), log_);
    REQUIRE(service);
    auto sources = SourceHub::open({}, {}, log_);
    REQUIRE(sources);
    cards_.emplace(*Cards::open({}, {}, log_));
    crew_.board().publish(bench::bench_job(100));
    crew_.start();
    loop_.emplace(io_, options,
                  ControlLoop::Parts{crew_,
                                     *cards_,
                                     std::move(*service),
                                     std::move(*sources),
                                     std::make_shared<WebRoutes>(),
                                     {},
                                     log_},
                  [](double) {});
    REQUIRE(loop_->start());
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~Miner() {
    boost::asio::post(io_, [this] {
      loop_->stop();
      work_.reset();
    });
    thread_ = {};
    crew_.stop();
  }

  std::filesystem::path hook_file() const { return folder_.path() / "hook"; }

  boost::json::object ask(const ControlRequest& request) {
    const auto reply = ask_miner(folder_.path() / "state", request);
    INFO((reply ? "" : reply.error()));
    REQUIRE(reply);
    auto status = boost::json::parse(*reply).as_object();
    states_.emplace(status.at("state").as_string());
    return status;
  }

  /// Whether it came to that state in time.
  bool comes_to(std::string_view state) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < deadline) {
      if (ask(StatusRequest{}).at("state").as_string() == state) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }

  /// All that it ever said.
  const std::set<std::string>& states() const { return states_; }

 private:
  tests::TemporaryFolder folder_;
  spdlog::logger log_;
  std::set<std::string> states_;
  boost::asio::io_context io_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_{
      io_.get_executor()};
  std::optional<Cards> cards_;
  Crew crew_;
  std::optional<ControlLoop> loop_;
  std::jthread thread_;
};

const HoldRequest kHoldZero{throttle::DutyCap{0}, std::nullopt, "a test"};

}  // namespace

TEST_CASE("control loop: a device that obeys is parked, proved, and comes back") {
  std::ostringstream log;
  Miner miner(false, log);
  CHECK(miner.comes_to("FULL"));
  miner.ask(kHoldZero);
  REQUIRE(miner.comes_to("PARKED"));
  const auto status = miner.ask(StatusRequest{});
  CHECK(status.at("zero").at("proved").as_bool());
  CHECK(status.at("zero").at("time_to_zero_ms").as_int64() < 30'000);
  miner.ask(ReleaseRequest{});
  CHECK(miner.comes_to("FULL"));
  CHECK_FALSE(miner.states().contains("FAULT"));
  CHECK_FALSE(std::filesystem::exists(miner.hook_file()));
}

TEST_CASE(
    "control loop: a deaf device reaches the hook and the alarm, and is never called parked") {
  std::ostringstream log;
  {
    Miner miner(true, log);
    CHECK(miner.comes_to("FULL"));
    std::this_thread::sleep_for(100ms);  // it has scanned, and burns
    miner.ask(kHoldZero);
    REQUIRE(miner.comes_to("FAULT"));
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!std::filesystem::exists(miner.hook_file()) &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(20ms);
    }
    CHECK(std::filesystem::exists(miner.hook_file()));
    for (int i = 0; i < 25; ++i) {
      const auto status = miner.ask(StatusRequest{});
      CHECK_FALSE(status.at("zero").at("proved").as_bool());
      std::this_thread::sleep_for(20ms);
    }
    CHECK_FALSE(miner.states().contains("PARKED"));
    CHECK_FALSE(miner.states().contains("RELEASED"));
  }
  CHECK(log.str().find("ALARM") != std::string::npos);
}
