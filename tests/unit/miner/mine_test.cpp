#include "miner/mine.h"

#include <fmt/format.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): POSIX mkstemp
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/unit/catch.h"
#include "tests/unit/miner/blocking_device.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;

namespace {

constexpr const char* kSummaryVariable = "EBB_TEST_SUMMARY";

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// An empty file that is gone with this.
struct TemporaryFile {
  TemporaryFile() { close(mkstemp(path.data())); }
  ~TemporaryFile() { unlink(path.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path = (std::filesystem::temp_directory_path() / "ebb-mine-XXXXXX").string();
};

}  // namespace

// Hidden, for it ends the process: the test below runs it in one of its own.
TEST_CASE("mining with a hung device", "[.]") {
  const char* summary_path = std::getenv(kSummaryVariable);
  REQUIRE(summary_path != nullptr);
  const tests::TemporaryFolder state;
  MineOptions options;
  options.throttle.state_folder = state.path();
  Console console;
  auto summary = SummaryFile::open(summary_path);
  REQUIRE(summary);
  auto driver = std::make_shared<test::DriverLock>();
  std::vector<OpenedDevice> devices;
  devices.push_back({std::make_unique<test::BlockingDevice>("cuda:1", driver), {}});
  const std::jthread user([&] {
    driver->wait_for_entries(1);
    kill(getpid(), SIGTERM);
  });
  mine_on(std::move(devices), options, console, *summary, 50ms);
  std::_Exit(99);  // it came back, and must not
}

TEST_CASE("mine: a hung device does not keep the process, and the summary is written") {
  const TemporaryFile summary, log;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const int status = std::system(fmt::format("{}='{}' timeout 60 '{}' 'mining with a hung device' "
                                             ">/dev/null 2>'{}'",
                                             kSummaryVariable, summary.path, program, log.path)
                                     .c_str());
  INFO(read_file(log.path));
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(read_file(log.path).find("cuda:1 does not answer: left behind") != std::string::npos);
  boost::json::error_code error;
  const auto json = boost::json::parse(read_file(summary.path), error);
  REQUIRE_FALSE(error);
  const auto& device = json.at("devices").at(0).as_object();
  CHECK(device.at("name") == "cuda:1");
  CHECK(device.at("quarantined") == true);
  CHECK(device.at("last_failure") == "it did not answer the stop");
}
