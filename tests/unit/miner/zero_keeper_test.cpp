// Real workers and real CPU time: what is asked of devices that do not obey.

#include "miner/zero_keeper.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/unit/catch.h"
#include "tests/unit/miner/blocking_device.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;
using throttle::Escalation;
using throttle::Zero;

namespace {

/// What the devices of a test share with it; it outlives those that are left behind.
struct Driver {
  std::atomic<bool> deaf = false;    ///< scans no longer end by themselves
  std::atomic<bool> let_go = false;  ///< everything ends
  std::atomic<unsigned> interrupts = 0;
  std::atomic<unsigned> releases = 0;
  std::atomic<unsigned> deaf_scans = 0;
  std::atomic<int> devices = 0;
};

class TestDevice : public core::Device {
 public:
  TestDevice(std::string name, std::shared_ptr<Driver> driver)
      : driver_(std::move(driver)), info_{std::move(name), "test", 1} {
    ++driver_->devices;
  }
  ~TestDevice() override { --driver_->devices; }
  TestDevice(const TestDevice&) = delete;
  TestDevice& operator=(const TestDevice&) = delete;

  const core::DeviceInfo& info() const override { return info_; }
  void prepare(const core::ScanInput&) override {}
  core::ScanReport scan(std::uint32_t, std::uint64_t count, std::span<core::Candidate>) override {
    std::this_thread::sleep_for(1ms);
    return {.scanned = count, .busy = 1ms};
  }
  void interrupt() override { ++driver_->interrupts; }
  void release() override { ++driver_->releases; }

 protected:
  std::shared_ptr<Driver> driver_;

 private:
  core::DeviceInfo info_;
};

/// Once deaf, its scan burns CPU time until it has been interrupted so often.
class SpinningDevice final : public TestDevice {
 public:
  SpinningDevice(std::shared_ptr<Driver> driver, unsigned interrupts)
      : TestDevice("spinning", std::move(driver)), interrupts_(interrupts) {}

  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override {
    if (!driver_->deaf) return TestDevice::scan(first, count, out);
    const unsigned heard = driver_->interrupts;
    ++driver_->deaf_scans;
    while (!driver_->let_go && driver_->interrupts - heard < interrupts_) {
    }
    return {.scanned = count, .busy = 1ms, .interrupted = true};
  }

 private:
  unsigned interrupts_;
};

/// Once deaf, it burns CPU time on a thread of its own, whatever its scans do.
class BackgroundDevice final : public TestDevice {
 public:
  BackgroundDevice(std::shared_ptr<Driver> driver, bool heeds_release)
      : TestDevice("background", std::move(driver)), heeds_release_(heeds_release) {}

  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override {
    if (driver_->deaf && !thread_.joinable()) {
      ++driver_->deaf_scans;
      thread_ = std::jthread([driver = driver_](const std::stop_token& stop) {
        while (!driver->let_go && !stop.stop_requested()) {
        }
      });
    }
    return TestDevice::scan(first, count, out);
  }
  void release() override {
    TestDevice::release();
    if (heeds_release_) thread_ = {};
  }

 private:
  bool heeds_release_;
  std::jthread thread_;
};

throttle::ZeroProofSettings short_times() {
  throttle::ZeroProofSettings settings;
  settings.engine = 400ms;
  settings.meter = 400ms;
  settings.step = 300ms;
  settings.quiet = 100ms;
  settings.idle_cpu = 0.1;
  return settings;
}

/// A crew at full duty, and its keeper.
struct Rig {
  template <typename... Devices>
  explicit Rig(std::shared_ptr<Driver> the_driver, std::unique_ptr<Devices>... devices)
      : driver(std::move(the_driver)) {
    std::filesystem::remove(hook_file);
    std::vector<OpenedDevice> opened;
    (opened.push_back({std::move(devices), {}}), ...);
    crew.emplace(std::move(opened), [](std::vector<core::Share>&) { return true; });
    duties = crew->take_duty_writers();
    keeper.emplace(*crew, log, short_times(),
                   "echo \"$EBB_LIMIT $EBB_REASON\" > " + hook_file.string());
    crew->start();
    crew->board().publish(test::easy_job());
    set_duty(core::Duty{});
  }
  ~Rig() {
    driver->let_go = true;
    crew.reset();
    std::filesystem::remove(hook_file);
    // What was left behind must be gone before the program is.
    wait_for([this] { return driver->devices == 0; });
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  /// At most 20 s.
  template <typename Condition>
  void wait_for(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    CHECK(condition());
  }

  void set_duty(core::Duty duty) {
    for (core::DutyWriter& writer : duties)
      writer.store(duty);
  }
  void make_deaf() {
    driver->deaf = true;
    wait_for([this] { return driver->deaf_scans > 0; });
  }

  Zero tick(bool limit_is_zero) {
    std::this_thread::sleep_for(10ms);
    const Zero zero =
        keeper->tick(std::chrono::steady_clock::now() + ahead, limit_is_zero, std::nullopt, {});
    for (ZeroNews& news : keeper->news()) {
      if (news.step) steps.push_back(*news.step);
      if (news.zero == Zero::proved || news.zero == Zero::released) ever_proved = true;
    }
    return zero;
  }
  /// Ticks at a limit of zero until it is so far, at most 20 s.
  bool tick_until(Zero wanted) {
    set_duty(core::Duty{0});
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (tick(true) != wanted) {
      if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
  }
  void tick_for(std::chrono::milliseconds time) {
    for (const auto end = std::chrono::steady_clock::now() + time;
         std::chrono::steady_clock::now() < end;)
      tick(true);
  }
  /// Lifts the limit. Whether the device hashes again within 20 s.
  bool hashes_again(std::size_t device) {
    const std::uint64_t before = hashes(device);
    set_duty(core::Duty{});
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (hashes(device) <= before) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      tick(false);
    }
    return true;
  }
  DeviceFigures figures(std::size_t device) const { return crew->figures().at(device); }
  std::uint64_t hashes(std::size_t device) const { return figures(device).work.hashes; }
  std::string hook_output() const {
    std::ifstream file(hook_file);
    std::string line;
    std::getline(file, line);
    return line;
  }

  std::shared_ptr<Driver> driver;
  std::ostringstream lines;
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines)};
  std::filesystem::path hook_file =
      std::filesystem::temp_directory_path() / ("ebb-hook-" + std::to_string(::getpid()) + ".txt");
  std::optional<Crew> crew;
  std::vector<core::DutyWriter> duties;
  std::optional<ZeroKeeper> keeper;
  std::vector<Escalation> steps;
  bool ever_proved = false;
  std::chrono::seconds ahead{0};  ///< of the keeper's clock
};

using Steps = std::vector<Escalation>;
const Steps kAll{Escalation::stop_launches, Escalation::end_workers, Escalation::release_contexts,
                 Escalation::run_hook, Escalation::raise_alarm};

}  // namespace

TEST_CASE("zero keeper: a device that obeys is proved, without a step, and hashes again") {
  auto driver = std::make_shared<Driver>();
  Rig rig(driver, std::make_unique<TestDevice>("obedient", driver));
  rig.wait_for([&] { return rig.hashes(0) > 0; });
  CHECK(rig.tick(false) == Zero::not_asked);
  CHECK(rig.tick_until(Zero::proved));
  CHECK(rig.steps.empty());
  CHECK(rig.keeper->time_to_zero() < 20s);
  CHECK(rig.hashes_again(0));
  CHECK(rig.keeper->zero() == Zero::not_asked);
  CHECK(driver->releases == 0);
}

TEST_CASE("zero keeper: a deaf device is escalated up to the hook and the alarm, never proved") {
  auto driver = std::make_shared<Driver>();
  std::unique_ptr<core::Device> deaf;
  bool hangs = false;
  SECTION("its scan burns CPU time for good") {
    deaf = std::make_unique<SpinningDevice>(driver, 1'000'000);
    hangs = true;
  }
  SECTION("it burns CPU time beside its scans") {
    deaf = std::make_unique<BackgroundDevice>(driver, false);
  }
  Rig rig(driver, std::move(deaf), std::make_unique<TestDevice>("obedient", driver));
  rig.make_deaf();
  CHECK(rig.tick_until(Zero::failed));
  CHECK(rig.steps == kAll);
  rig.wait_for([&] { return !rig.hook_output().empty(); });
  CHECK(rig.hook_output().starts_with("0% zero is awaited: "));
  CHECK(rig.figures(0).left_behind == hangs);
  CHECK(rig.figures(0).health.quarantined == hangs);
  CHECK_FALSE(rig.figures(1).left_behind);
  rig.tick_for(500ms);
  CHECK(rig.keeper->zero() == Zero::failed);
  CHECK_FALSE(rig.ever_proved);
  CHECK(rig.lines.str().find("ALARM: zero cannot be reached: ") != std::string::npos);
  CHECK(rig.lines.str().find("the hook ended with exit code 0") != std::string::npos);

  // The others go on once they may.
  const std::uint64_t before = rig.hashes(0);
  CHECK(rig.hashes_again(1));
  CHECK(rig.figures(0).left_behind == hangs);
  if (hangs) {
    CHECK(rig.hashes(0) == before);
  } else {
    CHECK(rig.hashes_again(0));
  }
}

TEST_CASE("zero keeper: a device that obeys once its worker ends is proved late, and mines again") {
  auto driver = std::make_shared<Driver>();
  // Of the duty, of the work held back, and of the worker's end.
  Rig rig(driver, std::make_unique<SpinningDevice>(driver, 3));
  rig.make_deaf();
  CHECK(rig.tick_until(Zero::proved));
  CHECK(rig.steps == Steps{Escalation::stop_launches, Escalation::end_workers});
  CHECK(rig.keeper->text().find("it took: stop launches, end workers") != std::string::npos);
  CHECK(rig.keeper->time_to_zero() >= short_times().engine);
  CHECK_FALSE(rig.figures(0).left_behind);
  CHECK(driver->releases == 0);
  rig.ahead = 60s;  // as a parked worker would
  CHECK(rig.tick_until(Zero::released));
  CHECK(driver->releases == 1);
  driver->deaf = false;
  CHECK(rig.hashes_again(0));

  driver->deaf = true;  // and once more
  CHECK(rig.tick_until(Zero::proved));
  driver->deaf = false;
  CHECK(rig.hashes_again(0));
}

TEST_CASE("zero keeper: a device that obeys once released is proved, released, and mines again") {
  auto driver = std::make_shared<Driver>();
  Rig rig(driver, std::make_unique<BackgroundDevice>(driver, true));
  rig.make_deaf();
  CHECK(rig.tick_until(Zero::released));
  CHECK(rig.steps == Steps(kAll.begin(), kAll.begin() + 3));
  CHECK(driver->releases == 1);
  CHECK(rig.figures(0).released);
  driver->deaf = false;
  CHECK(rig.hashes_again(0));
  CHECK_FALSE(rig.figures(0).released);
  CHECK(rig.tick_until(Zero::proved));
}

TEST_CASE("zero keeper: a device that obeys after the alarm is proved late") {
  auto driver = std::make_shared<Driver>();
  Rig rig(driver, std::make_unique<BackgroundDevice>(driver, false));
  rig.make_deaf();
  REQUIRE(rig.tick_until(Zero::failed));
  driver->let_go = true;
  CHECK(rig.tick_until(Zero::released));
  CHECK(rig.keeper->text().find("; late, after the alarm") != std::string::npos);
}

TEST_CASE("zero keeper: a limit lifted amid the escalation brings back a worker that ends late") {
  auto driver = std::make_shared<Driver>();
  Rig rig(driver, std::make_unique<SpinningDevice>(driver, 1'000'000));
  rig.make_deaf();
  rig.set_duty(core::Duty{0});
  rig.wait_for([&] {
    rig.tick(true);
    return rig.steps.size() >= 2;
  });
  REQUIRE(rig.steps == Steps{Escalation::stop_launches, Escalation::end_workers});
  const std::uint64_t before = rig.hashes(0);
  CHECK(rig.tick(false) == Zero::not_asked);
  driver->deaf = false;
  driver->let_go = true;
  CHECK(rig.hashes_again(0));
  CHECK(rig.hashes(0) > before);
  CHECK_FALSE(rig.figures(0).left_behind);
}

TEST_CASE("zero keeper: a worker stuck in a driver that does nothing is zero, and comes back") {
  auto driver = std::make_shared<Driver>();
  auto lock = std::make_shared<test::DriverLock>();
  Rig rig(driver, std::make_unique<test::BlockingDevice>("stuck", lock));
  REQUIRE(lock->wait_for_entries(1));
  CHECK(rig.tick_until(Zero::proved));
  CHECK(rig.steps.empty());
  CHECK(rig.figures(0).scanning);
  lock->open();
  CHECK(rig.hashes_again(0));
}

TEST_CASE("zero keeper: a stop amid the escalation finds what is left") {
  auto driver = std::make_shared<Driver>();
  Rig rig(driver, std::make_unique<SpinningDevice>(driver, 1'000'000),
          std::make_unique<TestDevice>("obedient", driver));
  rig.make_deaf();
  rig.set_duty(core::Duty{0});
  SECTION("before the device is left behind") {
    rig.wait_for([&] {
      rig.tick(true);
      return rig.steps.size() >= 2;
    });
    CHECK(rig.crew->stop(100ms) == std::vector<std::string>{"spinning"});
  }
  SECTION("after that") {
    CHECK(rig.tick_until(Zero::failed));
    CHECK(rig.crew->stop(1h).empty());
  }
  CHECK(rig.figures(0).left_behind);
}

TEST_CASE("zero keeper: an estimate of watts and an old reading are passed over, a meter is not") {
  auto driver = std::make_shared<Driver>();
  Rig rig(driver, std::make_unique<TestDevice>("obedient", driver));
  rig.set_duty(core::Duty{0});
  const throttle::Plant plant{.full_watts = 200, .idle_watts = 20, .full_hps = {}};
  throttle::PowerReading reading;
  reading.watts = 200;
  bool is_old = false, counts = false;
  SECTION("an estimate") {
    reading.estimated = true;
  }
  SECTION("an old reading") {
    is_old = true;
  }
  SECTION("a meter") {
    counts = true;
  }
  Zero zero = Zero::awaited;
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (zero == Zero::awaited && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(10ms);
    const auto now = std::chrono::steady_clock::now();
    reading.at = is_old ? now - 1h : now;
    zero = rig.keeper->tick(now, true, reading, plant);
  }
  CHECK(zero == (counts ? Zero::failed : Zero::proved));
}
