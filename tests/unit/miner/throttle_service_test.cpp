#include "miner/throttle_service.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <boost/json.hpp>
#include <chrono>
#include <fstream>
#include <future>
#include <set>
#include <sstream>

#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb;
using namespace std::chrono_literals;
using miner::ControlRequest;
using miner::ThrottleService;
using throttle::State;
using throttle::Zero;

namespace {

constexpr throttle::WallTime kBegin{std::chrono::sys_days{std::chrono::year{2022} / 1 / 20}};

/// A machine whose clocks stand still until told otherwise, and whose disk is a folder of its own.
class Machine {
 public:
  Machine() {
    options.state_folder = folder_.path() / "state";
    options.config_file = folder_.path() / "ebb.toml";
    options.policy.trust_clock = true;
    options.policy.ramp_up = 0s;
    options.policy.recover_from_outages = false;
    now_.wall = kBegin;
    now_.steady = throttle::SteadyTime(1h);
    write_config("");
  }

  void write_config(const std::string& text) {
    std::ofstream(options.config_file) << text;
    // The clock of files may be coarser than two writes in a row.
    std::filesystem::last_write_time(options.config_file,
                                     std::filesystem::file_time_type() + ++edits_ * 1s);
  }

  void start(const throttle::Limit& permanent = {}) {
    auto started = ThrottleService::start(options, permanent, now_, log_);
    REQUIRE(started);
    service = std::move(*started);
  }
  void stop() {
    service->stop(now_);
    service.reset();
  }
  /// As after kill -9: what is on disk is, and nobody says goodbye.
  void kill() { service.reset(); }

  const throttle::Decision& after(std::chrono::milliseconds time, Zero zero = Zero::proved) {
    now_.steady += time;
    now_.wall += time;
    return service->decide(now_, zero, {});
  }

  /// The request, and that it is on disk.
  tl::expected<void, std::string> ask(const ControlRequest& request) {
    std::promise<tl::expected<void, std::string>> kept;
    auto handled = service->handle(now_, request, [&](tl::expected<void, std::string> result) {
      kept.set_value(std::move(result));
    });
    if (!handled) return handled;
    return kept.get_future().get();
  }

  void hear(std::string source, sources::Update update) {
    service->hear(now_, {.name = std::move(source)}, {std::move(update)});
  }

  boost::json::object status() const {
    return boost::json::parse(service->status({}, {})).as_object();
  }
  std::string log() const { return text_.str(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

  miner::ThrottleOptions options;
  std::unique_ptr<ThrottleService> service;

 private:
  ebb::tests::TemporaryFolder folder_;
  std::ostringstream text_;
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)};
  throttle::Now now_;
  int edits_ = 0;
};

miner::HoldRequest hold(double fraction, const std::string& reason = "a test") {
  return {throttle::DutyCap{fraction}, std::nullopt, reason};
}

}  // namespace

TEST_CASE("throttle service: nothing configured, nothing held: full at once") {
  Machine machine;
  machine.start();
  CHECK(machine.after(100ms).state == State::full);
  CHECK(machine.status().at("limit") == "100%");
}

TEST_CASE("throttle service: a hold is in force and on disk, and outlives an end and a kill") {
  Machine machine;
  machine.start();
  REQUIRE(machine.ask(hold(0.4, "quiet please")));
  CHECK(machine.after(0ms).limit.fraction == 0.4);
  machine.stop();
  machine.start();
  CHECK(machine.service->decision().limit.fraction == 0.4);
  REQUIRE(machine.ask(hold(0)));
  machine.kill();
  machine.start();
  CHECK(machine.service->decision().limit.is_zero());
  CHECK(machine.after(1h).limit.is_zero());
  REQUIRE(machine.ask(miner::ReleaseRequest{}));
  machine.after(100ms);
  CHECK(machine.after(2s).state == State::full);
}

TEST_CASE("throttle service: caps of the command line join, and are told as such") {
  Machine machine;
  throttle::Limit permanent;
  permanent.hps = 20e6;
  machine.start(permanent);
  CHECK(machine.after(100ms).state == State::limited);
  CHECK(machine.status().at("reasons").as_array().at(0).at("source") == "command line");
  REQUIRE(machine.ask(hold(0.5)));
  CHECK(machine.after(0ms).limit.hps == 20e6);
  CHECK(machine.after(0ms).limit.fraction == 0.5);
}

TEST_CASE("throttle service: a permanent zero is proved as any other") {
  Machine machine;
  throttle::Limit permanent;
  permanent.fraction = 0;
  machine.start(permanent);
  CHECK(machine.after(100ms, Zero::awaited).state == State::shedding);
  CHECK(machine.after(100ms, Zero::proved).state == State::parked);
  CHECK(machine.after(100ms, Zero::released).state == State::released);
  CHECK(machine.after(100ms, Zero::failed).state == State::fault);
}

TEST_CASE("throttle service: an edited schedule counts within seconds, a broken edit does not") {
  Machine machine;
  machine.start();
  CHECK(machine.after(1s).state == State::full);
  const std::string window = R"(
[[schedule]]
name = "order"
cap = "0"
zone = "Asia/Almaty"
from = "2022-01-20T00:00"
reason = "an order"
)";
  machine.write_config(window);
  CHECK(machine.after(6s).limit.is_zero());
  machine.write_config("[[schedule]]\nnonsense = ");
  CHECK(machine.after(6s).limit.is_zero());
  CHECK(machine.log().find("the schedule stays as it was") != std::string::npos);
}

TEST_CASE("throttle service: a ledger that cannot be read holds at zero until a person releases") {
  Machine machine;
  std::filesystem::create_directories(machine.options.state_folder);
  std::ofstream(machine.options.state_folder / "ledger.db") << std::string(10'000, 'x');
  machine.start();
  CHECK(machine.service->decision().limit.is_zero());
  CHECK(machine.status().at("reasons").as_array().at(0).at("text").as_string().find(
            "ebb release") != std::string::npos);
  machine.kill();
  machine.start();  // the new ledger remembers that
  CHECK(machine.service->decision().limit.is_zero());
  REQUIRE(machine.ask(miner::ReleaseRequest{}));
  machine.after(100ms);
  CHECK(machine.after(2s).state == State::full);
}

TEST_CASE("throttle service: two miners never share a folder") {
  Machine machine;
  machine.start();
  spdlog::logger log("test");
  const auto second = ThrottleService::start(machine.options, {}, {}, log);
  REQUIRE_FALSE(second);
  CHECK(second.error().find("another ebb") != std::string::npos);
}

TEST_CASE("throttle service: an override needs a clock that is believed, or it would never end") {
  Machine machine;
  machine.options.policy.trust_clock = false;
  machine.start();
  machine.after(100ms);
  const auto refused =
      machine.ask(miner::OverrideRequest{throttle::Override{kBegin + 1h, "a test"}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().find("clock") != std::string::npos);
  CHECK(machine.ask(miner::OverrideRequest{}));
}

TEST_CASE("service: what a source said ends when the configuration knows it no more") {
  Machine machine;
  machine.options.policy.sources = {{.name = "dso"}, {.name = "plant"}};
  machine.start();
  throttle::Signal signal;
  signal.id = "cap";
  signal.cap = throttle::DutyCap{0.2};
  machine.hear("dso", sources::Said{signal});
  signal.cap = throttle::DutyCap{0.5};
  machine.hear("plant", sources::Said{signal});
  CHECK(machine.after(0ms).limit.fraction == 0.2);
  machine.kill();
  machine.start();
  CHECK(machine.after(0ms).limit.fraction == 0.2);
  machine.kill();
  machine.options.policy.sources = {{.name = "plant"}};
  machine.start();
  std::set<std::string> sources;
  for (const throttle::Reason& reason : machine.after(0ms).reasons)
    sources.insert(reason.source);
  CHECK(sources == std::set<std::string>{"plant", "policy"});
  CHECK(machine.log().find("'dso' is configured no more") != std::string::npos);
  machine.kill();
  machine.start();
  CHECK(machine.log().find("configured no more") == machine.log().rfind("configured no more"));
}
