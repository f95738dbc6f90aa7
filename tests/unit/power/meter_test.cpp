#include "throttle/power/meter.h"

#include "tests/unit/catch.h"
#include "throttle/power/energy_meter.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

namespace {

constexpr SteadyTime kNow{1000s};

/// Says what a test tells it to.
class ToldMeter final : public PowerMeter {
 public:
  ToldMeter(MeterKind kind, const std::optional<double>& watts) : kind_(kind), watts_(watts) {}
  MeterKind kind() const override { return kind_; }
  std::optional<PowerReading> read(SteadyTime now, double) override {
    if (!watts_) return std::nullopt;
    return PowerReading{*watts_, now, 1s, std::string(name(kind_)), false};
  }

 private:
  MeterKind kind_;
  const std::optional<double>& watts_;
};

struct Meters {
  Meters() {
    add(MeterKind::nameplate, nameplate);
    add(MeterKind::rapl, rapl);
    add(MeterKind::external, external);
    add(MeterKind::nvml, nvml);
    add(MeterKind::calibrated, calibrated);
  }
  void add(MeterKind kind, const std::optional<double>& watts) {
    best.add(std::make_unique<ToldMeter>(kind, watts));
  }
  std::optional<double> external = 1000, nvml = 300, rapl = 100, calibrated = 420, nameplate = 500;
  BestMeter best;
};

}  // namespace

TEST_CASE("best meter: the site's, then the sum of cards and packages, then models") {
  Meters meters;
  CHECK(meters.best.read(kNow, 1)->watts == 1000);
  meters.external.reset();
  CHECK(meters.best.read(kNow, 1)->watts == 400);
  CHECK(meters.best.read(kNow, 1)->meter == "NVML + RAPL");
  meters.rapl.reset();  // a part alone would read low
  CHECK(meters.best.read(kNow, 1)->watts == 420);
  meters.calibrated.reset();
  CHECK(meters.best.read(kNow, 1)->meter == "nameplate");
  meters.nameplate.reset();
  CHECK_FALSE(meters.best.read(kNow, 1));
}

TEST_CASE("best meter: none at all, and parts without a model") {
  BestMeter none;
  CHECK_FALSE(none.read(kNow, 1));
  const std::optional<double> watts = 80;
  BestMeter part;
  part.add(std::make_unique<ToldMeter>(MeterKind::rapl, watts));
  CHECK(part.read(kNow, 1)->watts == 80);
}

TEST_CASE("energy meter: joules of about a second are watts") {
  std::optional<double> joules = 50;
  EnergyMeter meter(MeterKind::nvml, "NVML", [&] { return joules; });
  CHECK_FALSE(meter.read(kNow, 1));
  joules = 90;
  CHECK_FALSE(meter.read(kNow + 500ms, 1));
  const auto reading = meter.read(kNow + 2s, 1);
  REQUIRE(reading);
  CHECK(reading->watts == Approx(20));
  CHECK(reading->averaged_over == 2s);
  CHECK_FALSE(reading->estimated);
  joules = 95;
  CHECK(meter.read(kNow + 2500ms, 1) == reading);  // until the next is due
}

TEST_CASE("energy meter: a counter that is gone, or begins anew, is no reading") {
  std::optional<double> joules = 50;
  EnergyMeter meter(MeterKind::rapl, "RAPL", [&] { return joules; });
  meter.read(kNow, 1);
  joules = 10;
  CHECK_FALSE(meter.read(kNow + 1s, 1));
  joules = 30;
  CHECK(meter.read(kNow + 2s, 1)->watts == Approx(20));
  joules.reset();
  CHECK_FALSE(meter.read(kNow + 3s, 1));
}
