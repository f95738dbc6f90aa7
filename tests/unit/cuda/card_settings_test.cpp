#include "cuda/card_settings.h"

#include "tests/unit/catch.h"
#include "tests/unit/cuda/fake_nvml.h"

using namespace ebb;
using namespace ebb::testing;
using cuda::CardLimits;
using cuda::CardSettings;

namespace {

/// A rig whose second card differs from the first.
class Rig {
 public:
  Rig() : fake(EBB_FAKE_NVML) {
    fake->cards = {{.bus = 1}, {.bus = 2, .limit_mw = 450'000, .most_limit_mw = 500'000}};
  }

  auto apply(const CardLimits& limits) const { return CardSettings::apply(*nvml_, cards_, limits); }
  std::string refusal(const CardLimits& limits) const {
    const auto settings = apply(limits);
    REQUIRE_FALSE(settings);
    return settings.error();
  }
  /// As before any setting.
  bool untouched() {
    return fake->cards[0].limit_mw == 700'000 && fake->cards[1].limit_mw == 450'000 &&
           fake->cards[0].locked_mhz == 0 && fake->cards[1].locked_mhz == 0;
  }

  FakeNvmlControl fake;

 private:
  tl::expected<cuda::Nvml, std::string> nvml_ = cuda::Nvml::load(EBB_FAKE_NVML);
  std::vector<cuda::CardId> cards_{{"cuda:0", "A", "0000:01:00.0"},
                                   {"cuda:1", "B", "0000:02:00.0"}};
};

}  // namespace

TEST_CASE("card settings: act on every card and are put back") {
  Rig rig;
  {
    const auto settings = rig.apply({.power_w = 250, .clock_mhz = 1200});
    REQUIRE(settings);
    for (const FakeCard& card : rig.fake->cards) {
      CHECK(card.limit_mw == 250'000);
      CHECK(card.locked_mhz == 1200);
    }
  }
  CHECK(rig.untouched());
}

TEST_CASE("card settings: only what was asked for is set") {
  Rig rig;
  {
    const auto power = rig.apply({.power_w = 250, .clock_mhz = {}});
    CHECK(rig.fake->cards[0].locked_mhz == 0);
    rig.fake->cards[0].locked_mhz = 900;  // somebody else's
  }
  CHECK(rig.fake->cards[0].locked_mhz == 900);
  rig.fake->cards[0].locked_mhz = 0;
  {
    const auto clock = rig.apply({.power_w = {}, .clock_mhz = 1200});
    CHECK(rig.fake->cards[1].limit_mw == 450'000);
  }
  CHECK(rig.untouched());
}

TEST_CASE("card settings: what one card does not allow is set on none") {
  Rig rig;
  CHECK(rig.refusal({.power_w = 600, .clock_mhz = {}}) ==
        "cuda:1: its power limit can be 200 W to 500 W, not 600 W");
  CHECK(rig.refusal({.power_w = 199, .clock_mhz = {}}) ==
        "cuda:0: its power limit can be 200 W to 700 W, not 199 W");
  CHECK(rig.refusal({.power_w = {}, .clock_mhz = 1981}) ==
        "cuda:0: its clock can be up to 1980 MHz, not 1981 MHz");
  CHECK(rig.untouched());
}

TEST_CASE("card settings: without permission it says so, and nothing stays set") {
  Rig rig;
  rig.fake->answers["nvmlDeviceSetPowerManagementLimit"] = kNvmlNoPermission;
  CHECK(rig.refusal({.power_w = 250, .clock_mhz = {}}) ==
        "cuda:0: setting its power limit needs root");
  rig.fake->answers = {{"nvmlDeviceSetGpuLockedClocks", kNvmlNoPermission}};
  CHECK(rig.refusal({.power_w = 250, .clock_mhz = 1200}) == "cuda:0: setting its clock needs root");
  CHECK(rig.untouched());
}

TEST_CASE("card settings: a card that cannot be limited is one line") {
  Rig rig;
  rig.fake->answers["nvmlDeviceSetPowerManagementLimit"] = kNvmlNotSupported;
  CHECK(rig.refusal({.power_w = 250, .clock_mhz = {}}) ==
        "cuda:0: setting its power limit failed: Not Supported");
  rig.fake->answers = {{"nvmlDeviceGetPowerManagementLimit", kNvmlNotSupported}};
  CHECK(rig.refusal({.power_w = 250, .clock_mhz = {}}) ==
        "cuda:0: reading its power limit failed: Not Supported");
  rig.fake->cards.pop_back();
  CHECK(rig.refusal({.power_w = 250, .clock_mhz = {}}) ==
        "cuda:1: finding it by its PCI bus failed: Not Found");
}

TEST_CASE("card settings: what cannot be put back is told, a line each, once") {
  Rig rig;
  auto settings = rig.apply({.power_w = 250, .clock_mhz = 1200});
  REQUIRE(settings);
  rig.fake->answers["nvmlDeviceSetPowerManagementLimit"] = kNvmlGpuIsLost;
  CHECK(settings->restore() ==
        std::vector<std::string>{
            "cuda:0: putting its power limit of 700 W back failed: Unknown Error",
            "cuda:1: putting its power limit of 450 W back failed: Unknown Error"});
  CHECK(rig.fake->cards[1].locked_mhz == 0);
  CHECK(settings->restore().empty());
}
