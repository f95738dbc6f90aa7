#include "miner/options.h"

#include <cstdlib>

#include "miner/option_values.h"
#include "tests/unit/miner/options_support.h"

using namespace ebb;
using namespace ebb::options_tests;
using namespace std::chrono_literals;

TEST_CASE("options: a usual mining command") {
  const MineOptions options =
      mine({"-o", "stratum+tcp://pool.example.org:3333", "-u", "me.rig1", "-p", "x", "--threads",
            "3", "--max-hashrate", "20M", "--for", "90s", "--summary", "-"});
  CHECK(options.pools.at(0).url.at.host == "pool.example.org");
  CHECK(options.pools[0].user == "me.rig1");
  CHECK(options.threads.threads == 3);
  CHECK(options.limit.hps == 20e6);
  CHECK(options.run_for == 90s);
  CHECK(options.summary == "-");
}

TEST_CASE("options: at a node the user is an address") {
  const MineOptions options = mine({"-o", "https://node:8332", "--cookie-file", "/n/.cookie", "-u",
                                    "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"});
  CHECK(options.pools.at(0).url.is_node());
  CHECK(options.pools[0].cookie_file == "/n/.cookie");
  CHECK(options.pools[0].user.starts_with("bcrt1"));
}

TEST_CASE("options: several pools, each with its user") {
  const auto pools = mine({"-o", "stratum+tcp://a:1", "-u", "x", "-p", "1", "-o",
                           "stratum+tls://b:2", "-u", "y", "-p", "2", "-o", "stratum+tcp://c:3",
                           "--strategy", "rotate", "--suggest-difficulty", "16"});
  REQUIRE(pools.pools.size() == 3);
  CHECK(pools.pools[1].url.text() == "stratum+tls://b:2");
  CHECK(pools.pools[1].user == "y");
  CHECK(pools.pools[1].password == "2");
  CHECK(pools.pools[2].user == "y");
  CHECK(pools.pools[2].password == "2");
  CHECK(pools.pools[2].suggest_difficulty == 16);
  CHECK(pools.strategy.kind == stratum::PoolStrategy::Kind::rotate);
}

TEST_CASE("options: mistakes with several pools") {
  const char* const url = "stratum+tcp://a:1";
  CHECK(mistake({"mine", "-o", url, "-u", "x", "-u", "y"}).starts_with("--user: "));
  CHECK(mistake({"mine", "-o", url, "-u", "x", "-p", "1", "-p", "2"}).starts_with("--pass: "));
  CHECK(mistake({"mine", "-u", "x"}).starts_with("--user: "));
  CHECK(mistake({"mine", "-o", url}).starts_with("--user: "));
  CHECK(mistake({"mine", "-o", url, "-o", "htp://b:2", "-u", "x"}).starts_with("--url: "));
  CHECK(mistake({"mine", "-o", url, "-o", "", "-u", "x"}).find("empty") != std::string::npos);
  CHECK(mistake({"mine", "-o", url, "-u", "x", "--strategy", "luck"}).starts_with("--strategy: "));
  CHECK(mistake({"mine", "-o", url, "-u", "x", "--cookie-file", "c"}).starts_with("--cookie-file"));
  CHECK(mistake({"mine", "--demo", "-p", "x"}).starts_with("--demo: "));
  CHECK(mistake({"mine", "--demo", "--cookie-file", "x"}).starts_with("--demo: "));
  const char* const address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
  const auto at_node = [&](const char* node, const char* flag, const char* value) {
    return mistake({"mine", "-o", node, "-u", address, flag, value});
  };
  CHECK(at_node("http://h:1", "-p", "x").starts_with("--pass: "));
  CHECK(at_node("http://h:1", "--suggest-difficulty", "1").starts_with("--suggest-difficulty: "));
  CHECK(
      mistake({"mine", "-o", "http://a:1", "-o", "http://b:1", "-u", address, "--cookie-file", "c"})
          .starts_with("--cookie-file: would go"));
  CHECK(at_node("http://u:p@h:1", "--cookie-file", "c").starts_with("--cookie-file: "));
  std::vector<const char*> many{"mine", "-u", "x"};
  for (std::size_t i = 0; i <= kMaxPools; ++i)
    many.insert(many.end(), {"-o", url});
  CHECK(mistake(many).find("more than 16") != std::string::npos);
}

TEST_CASE("options: the demo needs no pool and no user") {
  CHECK(mine({"--demo"}).pools.empty());
  CHECK(mistake({"mine", "--demo", "-u", "me"}).find("--demo") != std::string::npos);
}

TEST_CASE("options: without a cap the limit is full, and several hold together") {
  CHECK(mine({"--demo"}).limit.is_full());
  const throttle::Limit limit =
      mine({"--demo", "--max-duty", "40%", "--max-power", "1.2kW", "--max-hashrate", "1G"}).limit;
  CHECK(limit.fraction == Approx(0.4));
  CHECK(limit.watts == 1200);
  CHECK(limit.hps == 1e9);
  CHECK(mine({"--demo", "--max-power", "0W"}).limit.is_zero());
}

TEST_CASE("options: the throttle of a mining run") {
  const ThrottleOptions plain = mine({"--demo", "--state", "here"}).throttle;
  CHECK(plain.state_folder == "here");
  CHECK_FALSE(plain.policy.recover_from_outages);
  CHECK_FALSE(plain.policy.trust_clock);
  CHECK(plain.policy.ramp_up == 600s);
  CHECK(plain.config_file.empty());
  const throttle::PolicySettings policy =
      mine({"--demo", "--ramp-up", "0s", "--random-return", "90s", "--trust-clock"})
          .throttle.policy;
  CHECK(policy.ramp_up == 0s);
  CHECK(policy.random_return == 90s);
  CHECK(policy.trust_clock);
}

TEST_CASE("options: what must be kept lies where the XDG specification says") {
  const auto variables = [](const char* state, const char* home) {
    state != nullptr ? ::setenv("XDG_STATE_HOME", state, 1) : ::unsetenv("XDG_STATE_HOME");
    home != nullptr ? ::setenv("HOME", home, 1) : ::unsetenv("HOME");
  };
  const auto kept = [](const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::optional<std::string>() : std::string(value);
  };
  const auto state = kept("XDG_STATE_HOME"), home = kept("HOME");
  variables("/var/state", "/home/me");
  CHECK(mine({"--demo"}).throttle.state_folder == "/var/state/ebb");
  variables("relative", "/home/me");
  CHECK(mine({"--demo"}).throttle.state_folder == "/home/me/.local/state/ebb");
  variables(nullptr, nullptr);
  CHECK(mistake({"mine", "--demo"}).find("--state: ") == 0);
  CHECK(mistake({"status"}).find("--state: ") == 0);
  CHECK(mine({"--demo", "--state", "s"}).throttle.state_folder == "s");
  variables(state ? state->c_str() : nullptr, home ? home->c_str() : nullptr);
}

TEST_CASE("options: a person's requests") {
  const auto request = [](std::vector<const char*> words) {
    words.insert(words.end(), {"--state", "s"});
    const auto command = parse(words);
    INFO((command ? "" : command.error().text));
    REQUIRE(command);
    const auto& options = std::get<ControlOptions>(*command);
    CHECK(options.state_folder == "s");
    return options;
  };
  const auto now = [] { return std::chrono::system_clock::now(); };

  const auto hold = std::get<HoldRequest>(request({"hold", "0", "--reason", "the grid"}).request);
  CHECK(hold.cap == throttle::Cap(throttle::DutyCap{0}));
  CHECK_FALSE(hold.until);
  CHECK(hold.reason == "the grid");
  const auto before = now();
  const auto timed =
      std::get<HoldRequest>(request({"hold", "250W", "--until", "2h", "--reason", "x"}).request);
  CHECK(timed.cap == throttle::Cap(throttle::PowerCap{250}));
  CHECK(*timed.until >= std::chrono::floor<std::chrono::milliseconds>(before) + 2h);
  CHECK(*timed.until <= now() + 2h);
  const auto dated = std::get<HoldRequest>(
      request({"hold", "0", "--until", "2200-02-01T00:00Z", "--reason", "x"}).request);
  using namespace std::chrono;
  CHECK(*dated.until == throttle::WallTime(sys_days(2200y / February / 1)));

  CHECK(std::holds_alternative<ReleaseRequest>(request({"release"}).request));
  CHECK(std::holds_alternative<StatusRequest>(request({"status"}).request));
  CHECK(request({"status", "--json"}).json);
  const auto forced = std::get<OverrideRequest>(
      request({"override", "--until", "10m", "--reason", "a test"}).request);
  CHECK(forced.override->reason == "a test");
  CHECK_FALSE(
      std::get<OverrideRequest>(request({"override", "--end"}).request).override.has_value());

  const std::string long_reason(501, 'x');
  const std::vector<std::pair<const char*, std::vector<const char*>>> mistakes{
      {"--reason", {"hold", "0"}},
      {"--reason", {"hold", "0", "--reason", ""}},
      {"--reason", {"hold", "0", "--reason", "a\nb"}},
      {"--reason", {"hold", "0", "--reason", long_reason.c_str()}},
      {"CAP", {"hold"}},
      {"CAP", {"hold", "120%", "--reason", "x"}},
      {"--until", {"hold", "0", "--reason", "x", "--until", "2020-01-01T00:00Z"}},
      {"--until", {"hold", "0", "--reason", "x", "--until", "soon"}},
      {"--until", {"override", "--reason", "x"}},
      {"--reason", {"override", "--until", "2h"}},
      {"--end", {"override", "--end", "--until", "2h"}},
      {"--nosuch", {"release", "--nosuch"}}};
  for (const auto& [flag, words] : mistakes) {
    const std::string text = mistake(words);
    CAPTURE(text, flag);
    CHECK(text.find(flag) != std::string::npos);
  }
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
  named("--max-power", {"--max-power", "250"});
  named("--ramp-up", {"--ramp-up", "10"});
  named("--ramp-up", {"--ramp-up", "500ms"});
  named("--random-return", {"--random-return", "-1s"});
  named("--config", {"--config", "/nonexistent/ebb.toml"});
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
  for (const char* address : {"alice", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
                              "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"})
    CHECK(mistake({"mine", "-o", "http://u:p@h:1", "-u", address}).find("--user: '") !=
          std::string::npos);
  CHECK(mistake({"mine", "-o", "stratum+tcp://h:1", "-u", "a", "--cookie-file", "c"})
            .find("--cookie-file") != std::string::npos);
  CHECK(mistake({"pool", "--node", "ftp://x"}).find("--node") != std::string::npos);
  CHECK(mistake({"pool", "--payout", "5"}).find("--payout") != std::string::npos);
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

TEST_CASE("options: flags win over the file") {
  const std::string config = std::string(EBB_TEST_DATA) + "/../../docs/ebb.toml";
  const auto with = [&](std::vector<const char*> more) {
    more.insert(more.begin(), {"--config", config.c_str(), "--state", "s"});
    return mine(more);
  };
  const MineOptions plain = with({});
  CHECK(plain.pools.at(0).url.at.host == "pool.example.org");
  CHECK(plain.pools[0].user == "bc1q-my-address.rig1");
  CHECK(plain.throttle.policy.recover_from_outages);
  CHECK(plain.throttle.power.nameplate_watts == 3250);
  CHECK(plain.throttle.config_file == config);
  const MineOptions changed = with({"-o", "stratum+tcp://h:1", "-u", "me", "--max-duty", "40%",
                                    "--max-temperature", "off", "--ramp-up", "0s"});
  CHECK(changed.pools.at(0).url.at.host == "h");
  CHECK(changed.pools[0].user == "me");
  CHECK(changed.limit.fraction == Approx(0.4));
  CHECK_FALSE(changed.cards.max_celsius);
  CHECK(changed.throttle.policy.ramp_up == 0s);
  const MineOptions demo = with({"--demo"});
  CHECK(demo.pools.empty());
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

TEST_CASE("options: waits may be zero, and some are in whole seconds") {
  CHECK(*parse_wait("0s") == 0ms);
  CHECK(*parse_wait("0ms") == 0ms);
  CHECK(*parse_wait("2.5s") == 2500ms);
  CHECK(*parse_wait_seconds("1.5m") == 90s);
  CHECK_FALSE(parse_wait_seconds("2.5s"));
  for (const char* bad : {"0", "", "-1s", "s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_wait(bad));
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
