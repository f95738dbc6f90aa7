// Flags of the benchmarks.

#include "tests/unit/miner/options_support.h"

using namespace ebb;
using namespace ebb::options_tests;
using namespace std::chrono_literals;

TEST_CASE("options: a benchmark of the throttle") {
  const auto options = [](std::vector<const char*> words) {
    words.insert(words.begin(), {"bench", "throttle"});
    const auto command = parse(words);
    INFO((command ? "" : command.error().text));
    REQUIRE(command);
    return std::get<bench::ThrottleBenchOptions>(*command);
  };
  CHECK(options({}).trials == 200);
  CHECK(options({}).caps.size() == 7);
  CHECK(options({}).window == 10s);
  CHECK(options({"--trials", "5", "--window", "2s"}).trials == 5);
  CHECK(options({"--window", "2s"}).window == 2s);
  CHECK(options({"--caps", "5%,0.5"}).caps == std::vector<double>{0.05, 0.5});
  CHECK(options({"--threads", "2"}).threads.threads == 2);
  const auto names = [](const char* flag, const char* value) {
    return mistake({"bench", "throttle", flag, value}).find(flag) != std::string::npos;
  };
  for (const char* bad : {"0", "-1", "100001", "x"})
    CHECK(names("--trials", bad));
  for (const char* bad : {"0%", "100%", "5%,", "x"})
    CHECK(names("--caps", bad));
  for (const char* bad : {"0s", "2h", "500ms", "10"})
    CHECK(names("--window", bad));
}

TEST_CASE("options: a benchmark takes lists of threads and of midstates") {
  const auto options = [](std::vector<const char*> words) {
    words.insert(words.begin(), {"bench", "hash"});
    return std::get<ebb::bench::HashBenchOptions>(*parse(words));
  };
  using Numbers = std::vector<unsigned>;
  CHECK(options({}).threads == Numbers{1});
  CHECK(options({}).midstates == Numbers{1, 32});
  CHECK(options({"--threads", "3"}).threads == Numbers{3});
  CHECK(options({"--threads", "1,all"}).threads == Numbers{1, ebb::bench::kAllThreads});
  CHECK(options({"--midstates", "8,1"}).midstates == Numbers{8, 1});
  CHECK(options({"--seconds", "0.25"}).duration.count() == 0.25);
  CHECK(options({"--repeats", "3"}).repeats == 3u);
  CHECK(options({"--plot", "a.svg"}).plot == "a.svg");
  const auto names = [](const char* flag, const char* value) {
    return mistake({"bench", "hash", flag, value}).find(flag) != std::string::npos;
  };
  for (const char* bad : {"some", "0", "1,,2", "1,1", "all,all", "1,", "-1"})
    CHECK(names("--threads", bad));
  for (const char* bad : {"0", "33", "all", "1,x", "3"})
    CHECK(names("--midstates", bad));
  for (const char* bad : {"0", "-1", "3601", "nan", "1s"})
    CHECK(names("--seconds", bad));
  for (const char* bad : {"0", "1.5", "10001"})
    CHECK(names("--repeats", bad));
}

TEST_CASE("options: a benchmark of cards") {
  const auto options = [](std::vector<const char*> words) {
    words.insert(words.begin(), {"bench", "hash"});
    return std::get<ebb::bench::HashBenchOptions>(*parse(words));
  };
  CHECK(options({}).devices == "cpu");
  CHECK(options({"--devices", "cuda:1,cpu"}).devices == "cuda:1,cpu");
  CHECK(options({"--devices", "cuda:1,cpu", "--threads", "2"}).devices == "cuda:1,cpu");
  CHECK(options({"--devices", "cuda", "--midstates", "32"}).devices == "cuda");
  CHECK(mistake({"bench", "hash", "--devices", "gpu"}).find("'gpu'") != std::string::npos);
  for (const char* flag : {"--backend", "--threads", "--plot"}) {
    const char* value = flag == std::string("--backend") ? "scalar" : "1";
    const std::string text = mistake({"bench", "hash", "--devices", "cuda", flag, value});
    CHECK(text == std::string(flag) + ": --devices names no cpu");
    CHECK(parse({"bench", "hash", "--devices", "auto", flag, value}).has_value());
  }
}

TEST_CASE("options: --retune wherever cards are opened") {
  using namespace ebb::miner;
  CHECK(std::get<MineOptions>(*parse({"mine", "--demo", "--retune"})).retune);
  CHECK(std::get<DevicesOptions>(*parse({"devices", "--retune"})).retune);
  CHECK(std::get<ebb::bench::HashBenchOptions>(*parse({"bench", "hash", "--retune"})).retune);
  CHECK_FALSE(std::get<MineOptions>(*parse({"mine", "--demo"})).retune);
  CHECK_FALSE(std::get<DevicesOptions>(*parse({"devices", "--json"})).retune);
  CHECK_FALSE(std::get<ebb::bench::HashBenchOptions>(*parse({"bench", "hash"})).retune);
}
