#include "miner/simulate_command.h"

#include <fstream>
#include <iterator>
#include <string>

#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb::miner;
using ebb::tests::TemporaryFolder;

namespace {

constexpr std::string_view kTimeline =
    "begin = 2026-05-04T08:00:00Z\nend = 2026-05-04T20:00:00Z\n"
    "[[step]]\nat = 2026-05-04T09:00:00Z\nsignal = { source = 'grid', cap = '0%', for = '1h' }\n";

SimulateOptions options_for(const TemporaryFolder& folder, std::string_view timeline) {
  SimulateOptions options;
  options.timeline = folder.path() / "timeline.toml";
  options.zone = "Asia/Almaty";
  std::ofstream(options.timeline) << timeline;
  return options;
}

std::string read(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("simulate: the picture is a page, or SVG by its name") {
  const TemporaryFolder folder;
  SimulateOptions options = options_for(folder, kTimeline);
  options.plot = folder.path() / "plot.html";
  CHECK(run_simulate(options) == 0);
  CHECK(read(options.plot).starts_with("<!doctype html>"));
  options.plot = folder.path() / "plot.svg";
  options.json = true;
  CHECK(run_simulate(options) == 0);
  CHECK(read(options.plot).starts_with("<svg "));
}

TEST_CASE("simulate: files that are missing or wrong are exit code 2") {
  const TemporaryFolder folder;
  SimulateOptions options = options_for(folder, "begin = today");
  CHECK(run_simulate(options) == 2);
  options.timeline = folder.path() / "none.toml";
  CHECK(run_simulate(options) == 2);
  options.timeline = folder.path();
  CHECK(run_simulate(options) == 2);
  options = options_for(folder, kTimeline);
  options.zone = "Asia/Nowhere";
  CHECK(run_simulate(options) == 2);
}

TEST_CASE("simulate: a picture that cannot be written is exit code 1") {
  const TemporaryFolder folder;
  SimulateOptions options = options_for(folder, kTimeline);
  options.plot = folder.path() / "none" / "plot.svg";
  CHECK(run_simulate(options) == 1);
}
