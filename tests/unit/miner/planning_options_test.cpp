// Flags of simulate, check, report and calibrate.

#include "tests/unit/miner/options_support.h"

using namespace ebb;
using namespace ebb::options_tests;
using namespace std::chrono_literals;

TEST_CASE("options: a simulation and a check need their files") {
  const std::string config = std::string(EBB_TEST_DATA) + "/../../docs/ebb.toml";
  const auto command = parse({"simulate", "--config", config.c_str(), "--timeline", "t.toml",
                              "--seed", "7", "--zone", "Asia/Almaty", "--plot", "a.svg"});
  REQUIRE(command);
  const auto& options = std::get<SimulateOptions>(*command);
  CHECK(options.throttle.windows.size() == 2);
  CHECK(options.timeline == "t.toml");
  CHECK(options.seed == 7);
  CHECK(options.zone == "Asia/Almaty");
  CHECK(options.plot == "a.svg");
  CHECK(mistake({"simulate", "--timeline", "t"}).find("--config") != std::string::npos);
  CHECK(mistake({"simulate", "--config", config.c_str()}).find("--timeline") != std::string::npos);
  const auto names = [&](const char* flag, const char* value) {
    return mistake({"simulate", "--config", config.c_str(), "--timeline", "t", flag, value})
               .find(flag) != std::string::npos;
  };
  CHECK(names("--seed", "-1"));
  CHECK(names("--zone", "Mars/Base"));
  CHECK(std::get<CheckOptions>(*parse({"check", "--config", "c.toml"})).config == "c.toml");
  CHECK(mistake({"check"}).find("--config") != std::string::npos);
}

TEST_CASE("options: a report of a span of time") {
  using namespace std::chrono;
  const auto report = [](std::vector<const char*> words) {
    words.insert(words.begin(), {"report", "--state", "s"});
    const auto command = parse(words);
    INFO((command ? "" : command.error().text));
    REQUIRE(command);
    return std::get<ReportOptions>(*command);
  };
  const ReportOptions plain = report({});
  CHECK(plain.state_folder == "s");
  CHECK_FALSE(plain.from);
  CHECK_FALSE(plain.to);
  CHECK(plain.format == ReportOptions::Format::csv);
  const ReportOptions january = report({"--from", "2022-01-01T00:00", "--to", "2022-02-01T00:00Z",
                                        "--zone", "Asia/Almaty", "--format", "html"});
  CHECK(january.from == throttle::WallTime(sys_days(2021y / December / 31) + 18h));
  CHECK(january.to == throttle::WallTime(sys_days(2022y / February / 1)));
  CHECK(january.zone == "Asia/Almaty");
  CHECK(january.format == ReportOptions::Format::html);
  CHECK(report({"--format", "json"}).format == ReportOptions::Format::json);
  for (const auto& [flag, value] :
       {std::pair{"--from", "soon"}, std::pair{"--to", ""}, std::pair{"--format", "xml"},
        std::pair{"--zone", "Mars/Base"}}) {
    CHECK(mistake({"report", "--state", "s", flag, value}).find(flag) != std::string::npos);
  }
  CHECK(
      mistake({"report", "--from", "2022-01-01T00:00", "--to", "2022-01-01T00:00"}).find("--to") !=
      std::string::npos);
}

TEST_CASE("options: a calibration takes devices and meters from the file") {
  const std::string config = std::string(EBB_TEST_DATA) + "/../../docs/ebb.toml";
  const auto calibrate = [](std::vector<const char*> words) {
    words.insert(words.begin(), {"calibrate", "--state", "s"});
    return std::get<CalibrateOptions>(*parse(words));
  };
  CHECK(calibrate({}).step == 15s);
  CHECK(calibrate({}).devices == "auto");
  CHECK(calibrate({"--step", "1m", "--devices", "cpu"}).step == 60s);
  CHECK(calibrate({"--config", config.c_str()}).power.nameplate_watts == 3250);
  for (const char* bad : {"1s", "0s", "11m", "2500ms", "15"})
    CHECK(mistake({"calibrate", "--step", bad}).find("--step") != std::string::npos);
}
