#include "miner/options.h"

#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;

namespace {

tl::expected<Command, EarlyExit> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "ebb");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

MineOptions mine(std::vector<const char*> words) {
  words.insert(words.begin(), "mine");
  const auto command = parse(words);
  REQUIRE(command);
  return std::get<MineOptions>(*command);
}

std::string mistake(std::vector<const char*> words) {
  const auto command = parse(std::move(words));
  REQUIRE_FALSE(command);
  CHECK(command.error().code == 2);
  CHECK(command.error().text.find('\n') == std::string::npos);
  return command.error().text;
}

}  // namespace

TEST_CASE("options: a usual mining command") {
  const MineOptions options =
      mine({"-o", "stratum+tcp://pool.example.org:3333", "-u", "me.rig1", "-p", "x", "--threads",
            "3", "--max-hashrate", "20M", "--for", "90s", "--summary", "-"});
  CHECK(options.pool->host == "pool.example.org");
  CHECK(options.user == "me.rig1");
  CHECK(options.threads.threads == 3);
  CHECK(std::get<throttle::HashrateCap>(options.cap).hps == Approx(20e6));
  CHECK(options.run_for == 90s);
  CHECK(options.summary == "-");
}

TEST_CASE("options: the demo needs no pool and no user") {
  CHECK_FALSE(mine({"--demo"}).pool);
  CHECK(mistake({"mine", "--demo", "-u", "me"}).find("--demo") != std::string::npos);
}

TEST_CASE("options: without a cap the duty is full") {
  CHECK(std::get<throttle::DutyCap>(mine({"--demo"}).cap).fraction == 1);
}

TEST_CASE("options: pinning is automatic, forced or forbidden") {
  using core::Pinning;
  CHECK(mine({"--demo"}).threads.pinning == Pinning::automatic);
  CHECK(mine({"--demo", "--pin", "on"}).threads.pinning == Pinning::on);
  CHECK(mine({"--demo", "--pin", "off"}).threads.pinning == Pinning::off);
}

TEST_CASE("options: cards have a temperature limit by themselves, and settings only when asked") {
  const CardOptions plain = mine({"--demo"}).cards;
  CHECK(plain.max_celsius == 90u);
  CHECK_FALSE(plain.limits.any());
  CHECK(mine({"--demo", "--max-temperature", "85"}).cards.max_celsius == 85u);
  CHECK(mine({"--demo", "--max-temperature", "40C"}).cards.max_celsius == 40u);
  CHECK_FALSE(mine({"--demo", "--max-temperature", "off"}).cards.max_celsius);
  CHECK(mine({"--demo", "--card-power-limit", "250W"}).cards.limits.power_w == 250u);
  CHECK(mine({"--demo", "--card-power-limit", "250"}).cards.limits.power_w == 250u);
  CHECK(mine({"--demo", "--card-clock", "1200MHz"}).cards.limits.clock_mhz == 1200u);
}

TEST_CASE("options: every mistake is one line that names the flag") {
  const auto named = [](const char* flag, std::vector<const char*> rest) {
    std::vector<const char*> words{"mine", "--demo"};
    words.insert(words.end(), rest.begin(), rest.end());
    const std::string text = mistake(words);
    CAPTURE(text);
    CHECK(text.find(flag) != std::string::npos);
  };
  named("--threads", {"--threads", "0"});
  named("--threads", {"--threads", "-1"});
  named("--threads", {"--threads", "x"});
  named("--threads", {"--threads", "5000"});
  named("--max-duty", {"--max-duty", "140%"});
  named("--max-hashrate", {"--max-hashrate", "12Q"});
  named("--max-duty", {"--max-duty", "10%", "--max-hashrate", "1M"});
  named("--backend", {"--backend", "nosuch"});
  named("--devices", {"--devices", "fpga"});
  named("--devices", {"--devices", "cuda:x"});
  named("--devices", {"--devices", "cpu,"});
  named("--for", {"--for", "5"});
  named("--for", {"--for", "-1s"});
  named("--for", {"--for", "nans"});
  for (const char* bad : {"39", "111C", "85F", "hot", "85.5", "C", "-50", ""})
    named("--max-temperature", {"--max-temperature", bad});
  for (const char* bad : {"0", "0W", "250V", "W", "10001W", "-1"})
    named("--card-power-limit", {"--card-power-limit", bad});
  for (const char* bad : {"0", "1.2GHz", "1200 MHz", "10001"})
    named("--card-clock", {"--card-clock", bad});
  named("--cpu-affinity", {"--cpu-affinity", "9999"});
  named("--cpu-affinity", {"--cpu-affinity", "1-"});
  named("--pin", {"--pin", "maybe"});
  named("--cpu-affinity", {"--cpu-affinity", "0", "--pin", "off"});
  named("--suggest-difficulty", {"--suggest-difficulty", "nan"});
  named("--suggest-difficulty", {"--suggest-difficulty", "0"});
  named("--nosuch", {"--nosuch"});

  CHECK(mistake({"mine", "-o", "foo", "-u", "a"}).find("--url") != std::string::npos);
  CHECK(mistake({"mine", "-o", "stratum+tcp://h:1"}).find("--user") != std::string::npos);
  CHECK(mistake({"mine", "-o", "stratum+tcp://h:1", "-u", "a\nb"}).find("--user") !=
        std::string::npos);
  CHECK(mistake({"mine", "-o", "stratum+tcp://h:1", "-u", "a\xff"}).find("--user") !=
        std::string::npos);
  CHECK(mistake({"pool", "--node", "ftp://x"}).find("--node") != std::string::npos);
  CHECK(mistake({"pool", "--payout-script", "5"}).find("--payout-script") != std::string::npos);
  named("--max-duty", {"--max-duty", ""});
  named("--backend", {"--backend", ""});
  named("--summary", {"--summary", ""});
  mistake({});
  CHECK(mistake({"nosuch"}).find("nosuch") != std::string::npos);
  CHECK(mistake({"--nosuch"}).find("nosuch") != std::string::npos);
  CHECK(mistake({"bench", "nosuch"}).find("nosuch") != std::string::npos);
  mistake({"mine"});
  mistake({"bench"});
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

TEST_CASE("options: a password never appears in an error") {
  CHECK(mistake({"mine", "-o", "stratum+tcp://h:1", "-u", "a", "-p", "hunter2\x01"})
            .find("hunter2") == std::string::npos);
  CHECK(mistake({"pool", "--node", "ftp://u:hunter2@h"}).find("hunter2") == std::string::npos);
}

TEST_CASE("options: help and version end the program well") {
  for (const char* flag : {"--help", "--version"}) {
    const auto command = parse({flag});
    REQUIRE_FALSE(command);
    CHECK(command.error().code == 0);
    CHECK_FALSE(command.error().text.empty());
  }
}

TEST_CASE("options: durations") {
  CHECK(*parse_duration("500ms") == 500ms);
  CHECK(*parse_duration("20s") == 20s);
  CHECK(*parse_duration("1.5m") == 90s);
  CHECK(*parse_duration("2h") == 2h);
  for (const char* bad : {"", "s", "5", "0s", "-1s", "5d", "5 s", "nans", "infs", "1e99h"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("options: CPU lists name CPUs this process may use") {
  const auto first = parse_cpu_list("0");
  if (first) {
    CHECK(*first == std::vector<unsigned>{0});
    CHECK(parse_cpu_list("0,0-0")->size() == 2);
  } else {
    WARN("skipped: CPU 0 is not usable here");
  }
  for (const char* bad : {"", ",", "x", "3-1", "0-", "-1", "0,,0"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_cpu_list(bad));
  }
}
