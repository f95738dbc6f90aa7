#include "throttle/power/calibration.h"

#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb::throttle;

namespace {

const Calibration kCalibration{"NVML", {{0, 60, 0}, {0.25, 200, 25e6}, {1, 450, 100e6}}};

}  // namespace

TEST_CASE("calibration: straight lines between the points") {
  CHECK(kCalibration.watts_at(0) == 60);
  CHECK(kCalibration.watts_at(0.125) == Approx(130));
  CHECK(kCalibration.watts_at(0.25) == 200);
  CHECK(kCalibration.watts_at(0.625) == Approx(325));
  CHECK(kCalibration.watts_at(1) == 450);
  const Calibration part{"NVML", {{0.2, 100, 0}, {0.8, 400, 0}}};
  CHECK(part.watts_at(0) == 100);
  CHECK(part.watts_at(1) == 400);
}

TEST_CASE("calibration: a file keeps it, another in its place or none is an error") {
  const ebb::tests::TemporaryFolder folder;
  const auto file = folder.path() / "calibration.json";
  CHECK_FALSE(load_calibration(file));
  REQUIRE(save(kCalibration, file));
  CHECK(load_calibration(file) == kCalibration);
  CHECK_FALSE(save(kCalibration, folder.path() / "no" / "folder"));
}

TEST_CASE("calibration: a text that makes no sense is refused") {
  for (
      const char* bad :
      {"", "[]", R"({"meter":"x"})", R"({"meter":"x","points":[]})",
       R"({"meter":"x","points":[{"fraction":0,"watts":1,"hps":0}]})",
       R"({"meter":"x","points":[{"fraction":0,"watts":2,"hps":0},{"fraction":1,"watts":1,"hps":0}]})",
       R"({"meter":"x","points":[{"fraction":0,"watts":2,"hps":0},{"fraction":0,"watts":3,"hps":0}]})",
       R"({"meter":"x","points":[{"fraction":0,"watts":2,"hps":0},{"fraction":2,"watts":3,"hps":0}]})",
       R"({"meter":"x","points":[{"fraction":0,"watts":-2,"hps":0},{"fraction":1,"watts":3,"hps":0}]})"}) {
    INFO(bad);
    CHECK_FALSE(parse_calibration(bad));
  }
}

TEST_CASE("model meter: estimates from the work that is allowed, and says so") {
  ModelMeter meter = ModelMeter::nameplate(50, 1250);
  CHECK(meter.kind() == MeterKind::nameplate);
  const auto reading = meter.read({}, 0.5);
  REQUIRE(reading);
  CHECK(reading->watts == Approx(650));
  CHECK(reading->estimated);
  CHECK(reading->meter == "nameplate");
}
