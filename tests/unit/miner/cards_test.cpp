#include "miner/cards.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <sstream>

#include "tests/unit/catch.h"
#include "tests/unit/cuda/fake_nvml.h"

using namespace ebb;
using namespace ebb::testing;
using namespace std::chrono_literals;
using miner::CardInUse;
using miner::CardOptions;
using miner::Cards;

namespace {

constexpr miner::CardMonitor::Timing kQuick{.period = 1ms, .patience = 10s};

/// A CPU, then two cards; a controller of their duties, and a log.
class Rig {
 public:
  Rig() : fake(EBB_FAKE_NVML) {
    fake->cards = {{.bus = 1}, {.bus = 2}};
    std::vector<core::DutyWriter> writers;
    for (int i = 0; i < 3; ++i) {
      writers.emplace_back(core::Duty{0}, std::make_shared<core::Gate>());
      duties_.push_back(writers.back().reader());
    }
    controller.emplace(throttle::Limit{}, std::move(writers));
  }

  tl::expected<Cards, std::string> open(const CardOptions& options,
                                        const char* library = EBB_FAKE_NVML) {
    const std::vector<CardInUse> in_use{{1, {"cuda:0", "A", "0000:01:00.0"}},
                                        {2, {"cuda:1", "B", "0000:02:00.0"}}};
    return Cards::open(in_use, options, logger, library, kQuick);
  }
  std::vector<double> duties() const {
    std::vector<double> all;
    for (const auto& duty : duties_)
      all.push_back(duty.load().fraction());
    return all;
  }
  /// Sets the second card's temperature and waits until its monitor has read it.
  void heat(const Cards& cards, unsigned celsius) {
    fake->cards[1].celsius = celsius;
    while (cards.figures(Cards::Clock::now()).at("cuda:1").reading.celsius != celsius)
      std::this_thread::yield();
  }
  std::string logged() { return std::exchange(text_, {}).str(); }

  FakeNvmlControl fake;
  std::optional<throttle::Controller> controller;

 private:
  std::ostringstream text_;
  std::vector<core::DutyReader> duties_;

 public:
  spdlog::logger logger{"test", std::make_shared<spdlog::sinks::ostream_sink_st>(text_)};
};

using Duties = std::vector<double>;

}  // namespace

TEST_CASE("cards: one that is too hot is held, says so, and goes on when it has cooled") {
  Rig rig;
  auto cards = rig.open({.limits = {}, .max_celsius = 85});
  REQUIRE(cards);
  const auto hold = [&] { cards->hold_hot(Cards::Clock::now(), *rig.controller); };
  rig.heat(*cards, 84);
  hold();
  CHECK(rig.duties() == Duties{1, 1, 1});
  CHECK(rig.logged().empty());

  rig.heat(*cards, 85);
  hold();
  CHECK(rig.duties() == Duties{1, 1, 0});
  CHECK(rig.logged().find("cuda:1 is held at 85 °C until it has cooled to 75 °C") !=
        std::string::npos);
  CHECK(cards->figures(Cards::Clock::now()).at("cuda:1").reading.held_back_by ==
        std::vector<std::string>{"temperature limit"});
  rig.heat(*cards, 76);
  hold();
  CHECK(rig.duties() == Duties{1, 1, 0});
  CHECK(rig.logged().empty());

  rig.heat(*cards, 75);
  hold();
  CHECK(rig.duties() == Duties{1, 1, 1});
  CHECK(rig.logged().find("cuda:1 goes on at 75 °C") != std::string::npos);
}

TEST_CASE("cards: those whose meters fall silent are held") {
  Rig rig;
  auto cards = rig.open({});
  REQUIRE(cards);
  rig.heat(*cards, 60);
  const auto now = Cards::Clock::now();
  cards->hold_hot(now, *rig.controller);
  cards->stop();
  cards->hold_hot(now + 29s, *rig.controller);
  CHECK(rig.duties() == Duties{1, 1, 1});
  cards->hold_hot(now + 30s, *rig.controller);
  CHECK(rig.duties()[2] == 0);
  CHECK(rig.logged().find("cuda:1 is held: its temperature can no longer be read") !=
        std::string::npos);
}

TEST_CASE("cards: without a limit none is held") {
  Rig rig;
  auto cards = rig.open({.limits = {}, .max_celsius = {}});
  REQUIRE(cards);
  rig.heat(*cards, 150);
  cards->hold_hot(Cards::Clock::now(), *rig.controller);
  CHECK(rig.duties() == Duties{1, 1, 1});
}

TEST_CASE("cards: settings last as long as the run") {
  Rig rig;
  {
    const auto cards = rig.open({.limits = {.power_w = 250, .clock_mhz = 1200}});
    REQUIRE(cards);
    CHECK(rig.fake->cards[1].limit_mw == 250'000);
    CHECK(rig.fake->cards[1].locked_mhz == 1200);
    CHECK(rig.logged().find("power limit 250 W, clock 1200 MHz") != std::string::npos);
  }
  CHECK(rig.fake->cards[1].limit_mw == 700'000);
  CHECK(rig.fake->cards[1].locked_mhz == 0);
}

TEST_CASE("cards: without a setting nothing is set") {
  Rig rig;
  for (const char* setter : {"nvmlDeviceSetPowerManagementLimit", "nvmlDeviceSetGpuLockedClocks",
                             "nvmlDeviceResetGpuLockedClocks"}) {
    rig.fake->answers[setter] = kNvmlNoPermission;
  }
  { REQUIRE(rig.open({})); }
  CHECK(rig.logged().empty());  // nothing was put back either
}

TEST_CASE("cards: a setting that cannot be made is one line that names its flag") {
  Rig rig;
  const auto refusal = [&](const cuda::CardLimits& limits, const char* library = EBB_FAKE_NVML) {
    const auto cards = rig.open({.limits = limits}, library);
    REQUIRE_FALSE(cards);
    return cards.error();
  };
  rig.fake->answers["nvmlDeviceSetPowerManagementLimit"] = kNvmlNoPermission;
  CHECK(refusal({.power_w = 250, .clock_mhz = {}}) ==
        "--card-power-limit: cuda:0: setting its power limit needs root");
  CHECK(refusal({.power_w = {}, .clock_mhz = 5000}) ==
        "--card-clock: cuda:0: its clock can be up to 1980 MHz, not 5000 MHz");
  CHECK(refusal({.power_w = 250, .clock_mhz = {}}, "libnosuch.so")
            .find("--card-power-limit: NVML is missing: libnosuch.so") == 0);
  const auto no_cards =
      Cards::open({}, {.limits = {.power_w = {}, .clock_mhz = 900}}, rig.logger, EBB_FAKE_NVML);
  CHECK(no_cards.error() == "--card-clock: no CUDA card is in use");
}

TEST_CASE("cards: without NVML they mine unread, and one line says so") {
  Rig rig;
  auto cards = rig.open({}, "libnosuch.so");
  REQUIRE(cards);
  const std::string line = rig.logged();
  CHECK(line.find("no power and temperature of the cards") != std::string::npos);
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(cards->figures(Cards::Clock::now()).empty());
  cards->hold_hot(Cards::Clock::now(), *rig.controller);
  CHECK(rig.duties() == Duties{1, 1, 1});
}

TEST_CASE("cards: without cards there is nothing to say") {
  Rig rig;
  REQUIRE(Cards::open({}, {}, rig.logger, "libnosuch.so"));
  CHECK(rig.logged().empty());
}

TEST_CASE("cards: one that NVML does not know is not read, the other is") {
  Rig rig;
  rig.fake->cards.pop_back();
  const auto cards = rig.open({});
  REQUIRE(cards);
  CHECK(rig.logged().find("cuda:1: no power and temperature") != std::string::npos);
  CHECK(cards->figures(Cards::Clock::now()).size() == 1u);
}

TEST_CASE("cards: one reading of each, for a list of devices") {
  FakeNvmlControl fake(EBB_FAKE_NVML);
  fake->cards = {{.bus = 1, .celsius = 40}, {.bus = 2, .celsius = 50}};
  const std::vector<cuda::CardId> ids{{"cuda:0", "B", "0000:02:00.0"},
                                      {"cuda:1", "A", "0000:01:00.0"},
                                      {"cuda:2", "C", "0000:03:00.0"}};
  const auto readings = miner::read_cards(ids, EBB_FAKE_NVML);
  REQUIRE(readings.size() == 2u);
  CHECK(*readings.at("cuda:0").celsius == 50);
  CHECK(*readings.at("cuda:1").celsius == 40);
  CHECK(miner::read_cards(ids, "libnosuch.so").empty());
}
