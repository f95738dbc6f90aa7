#include "cuda/nvml.h"

#include "tests/unit/catch.h"
#include "tests/unit/cuda/fake_nvml.h"

using namespace ebb;
using namespace ebb::testing;
using cuda::CardReading;
using cuda::Nvml;
using cuda::NvmlCard;
using Words = std::vector<std::string>;

namespace {

constexpr const char* kBusId = "0000:3b:00.0";

/// Two cards, in the order of their buses, which is not CUDA's.
std::vector<FakeCard> two_cards() {
  return {{.bus = 0x1a, .average_mw = 60'000, .celsius = 33}, {.bus = 0x3b}};
}

NvmlCard card(const char* library = EBB_FAKE_NVML, const char* bus_id = kBusId) {
  const auto nvml = Nvml::load(library);
  REQUIRE(nvml);
  const auto found = nvml->card(bus_id);
  REQUIRE(found);
  return *found;
}

}  // namespace

TEST_CASE("nvml: a card is found by its PCI bus, however it is spelt") {
  FakeNvmlControl fake(EBB_FAKE_NVML);
  fake->cards = two_cards();
  for (const char* spelling : {"0000:3b:00.0", "00000000:3B:00.0"}) {
    CHECK(card(EBB_FAKE_NVML, spelling).read().celsius == 71);
  }
  CHECK(card(EBB_FAKE_NVML, "0000:1A:00.0").read().celsius == 33);
  const auto missing = Nvml::load(EBB_FAKE_NVML)->card("0000:99:00.0");
  REQUIRE_FALSE(missing);
  CHECK(missing.error() == "failed: Not Found");
}

TEST_CASE("nvml: everything that a card tells is read in its unit") {
  FakeNvmlControl fake(EBB_FAKE_NVML);
  fake->cards = two_cards();
  const CardReading reading = card().read();
  CHECK(*reading.watts == Approx(412.5));
  CHECK(*reading.joules == Approx(5000));
  CHECK(*reading.celsius == 71);
  CHECK(*reading.sm_mhz == 1980);
  CHECK(*reading.memory_mhz == 2619);
  CHECK(reading.held_back_by.empty());
}

TEST_CASE("nvml: power is the average where the driver does not know the moment's") {
  FakeNvmlControl fake(EBB_FAKE_NVML);
  fake->cards = two_cards();
  const char* missing = GENERATE("POWER_INSTANT", "nvmlDeviceGetFieldValues");
  fake->answers[missing] = kNvmlNotSupported;
  CHECK(*card().read().watts == Approx(350));
}

TEST_CASE("nvml: what a card does not tell is absent, and the rest is there") {
  FakeNvmlControl fake(EBB_FAKE_NVML);
  fake->cards = two_cards();
  fake->answers["nvmlDeviceGetTotalEnergyConsumption"] = kNvmlNotSupported;
  fake->answers["nvmlDeviceGetTemperature"] = kNvmlNotSupported;
  const CardReading reading = card().read();
  CHECK_FALSE(reading.joules);
  CHECK_FALSE(reading.celsius);
  CHECK(reading.watts);
  CHECK(reading.sm_mhz);
}

TEST_CASE("nvml: a lost card tells nothing") {
  FakeNvmlControl fake(EBB_FAKE_NVML);
  fake->cards = two_cards();
  const NvmlCard lost = card();
  for (const char* function :
       {"nvmlDeviceGetFieldValues", "nvmlDeviceGetPowerUsage", "nvmlDeviceGetTemperature",
        "nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetClockInfo",
        "nvmlDeviceGetCurrentClocksEventReasons"}) {
    fake->answers[function] = kNvmlGpuIsLost;
  }
  fake->cards[1].clock_reasons = 0x4;
  const CardReading reading = lost.read();
  CHECK_FALSE(reading.watts);
  CHECK_FALSE(reading.joules);
  CHECK_FALSE(reading.celsius);
  CHECK_FALSE(reading.sm_mhz);
  CHECK_FALSE(reading.memory_mhz);
  CHECK(reading.held_back_by.empty());
}

TEST_CASE("nvml: what holds clocks back is said in words") {
  FakeNvmlControl fake(EBB_FAKE_NVML);
  fake->cards = two_cards();
  const NvmlCard held = card();
  const auto words = [&](unsigned long long reasons) {
    fake->cards[1].clock_reasons = reasons;
    return held.read().held_back_by;
  };
  CHECK(words(0x1).empty());  // idle
  CHECK(words(0x2).empty());  // clocks that somebody has set
  CHECK(words(0x4) == Words{"power cap"});
  CHECK(words(0x8) == Words{"hardware slowdown"});
  CHECK(words(0x20) == Words{"thermal slowdown (software)"});
  CHECK(words(0x48) == Words{"thermal slowdown (hardware)"});
  CHECK(words(0x88) == Words{"power brake"});
  CHECK(words(0x24) == Words{"power cap", "thermal slowdown (software)"});
  CHECK(words(0x10000).empty());  // of a driver to come
}

TEST_CASE("nvml: an old driver has less to tell, under older names") {
  FakeNvmlControl fake(EBB_FAKE_OLD_NVML);
  fake->cards = two_cards();
  fake->cards[1].clock_reasons = 0x4;
  const NvmlCard old = card(EBB_FAKE_OLD_NVML);
  const CardReading reading = old.read();
  CHECK(*reading.watts == Approx(350));
  CHECK_FALSE(reading.joules);
  CHECK(reading.held_back_by == Words{"power cap"});
  CHECK_FALSE(old.highest_clock_mhz());
  CHECK(old.lock_clock_mhz(1200).error() == "needs a newer driver");
  CHECK(Nvml::load(EBB_FAKE_OLD_NVML)->card("0000:99:00.0").error() == "failed: NVML error 6");
}

TEST_CASE("nvml: without the library, its functions or the driver there is one reason") {
  const auto missing = Nvml::load("libnosuch-ml.so.1");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().find("libnosuch-ml.so.1") != std::string::npos);

  const auto other = Nvml::load("libm.so.6");
  REQUIRE_FALSE(other);
  CHECK(other.error().find("libm.so.6 is not NVML") != std::string::npos);

  FakeNvmlControl fake(EBB_FAKE_NVML);
  fake->answers["nvmlInit_v2"] = kNvmlDriverNotLoaded;
  const auto dead = Nvml::load(EBB_FAKE_NVML);
  REQUIRE_FALSE(dead);
  CHECK(dead.error() == "Driver Not Loaded");
  CHECK(fake->open == 0);
}

TEST_CASE("nvml: stays open as long as a card is in use") {
  FakeNvmlControl fake(EBB_FAKE_NVML);
  fake->cards = two_cards();
  {
    const NvmlCard last = card();
    CHECK(fake->open == 1);
    CHECK(last.read().watts);
  }
  CHECK(fake->open == 0);
}
