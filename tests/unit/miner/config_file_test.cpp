#include "miner/config_file.h"

#include <fstream>
#include <iterator>

#include "miner/pool_config.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;

namespace {

MineOptions config(std::string_view text, ConfigUse use = ConfigUse::mine) {
  const auto options = parse_config(text, "conf/ebb.toml", use);
  INFO(text << "\n" << (options ? "" : options.error()));
  REQUIRE(options);
  return *options;
}

std::string fault(std::string_view text, ConfigUse use = ConfigUse::mine) {
  const auto options = parse_config(text, "ebb.toml", use);
  CAPTURE(text);
  REQUIRE_FALSE(options);
  CHECK(options.error().find('\n') == std::string::npos);
  CHECK(options.error().starts_with("ebb.toml:"));
  CHECK(options.error().size() < 500);
  return options.error();
}

std::string pool(const std::string& keys, const std::string& url = "stratum+tcp://h:1",
                 const std::string& user = "me") {
  return "[[pool]]\nurl = '" + url + "'\nuser = '" + user + "'\n" + keys + "\n";
}

const std::string kAddress = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const std::string kWindow = "cap = '0%'\nzone = 'Asia/Almaty'\nhours = '22:00-06:00'\n";

}  // namespace

TEST_CASE("config: an empty file changes nothing but the recovery from outages") {
  const MineOptions options = config("");
  CHECK(options.pools.empty());
  CHECK(options.devices == "auto");
  CHECK(options.limit.is_full());
  CHECK(options.throttle.policy.recover_from_outages);
  CHECK(options.throttle.policy.ramp_up == 600s);
  CHECK(options.throttle.config_file == "conf/ebb.toml");
}

TEST_CASE("config: the pool, the devices, the limits and the cards") {
  const MineOptions options = config(R"(
    [[pool]]
    url = "stratum+tcp://pool.example.org:3333"
    user = "me.rig1"
    password = "hunter2"
    suggest_difficulty = 1024
    [devices]
    use = "cpu,cuda:1"
    threads = 3
    backend = "scalar"
    pin = "on"
    [limits]
    max_duty = "40%"
    max_hashrate = "20G"
    max_power = "1.2kW"
    [cards]
    max_temperature = "85C"
    power_limit = "250W"
    clock = "1200MHz")");
  CHECK(options.pools.at(0).url.at.host == "pool.example.org");
  CHECK(options.pools[0].user == "me.rig1");
  CHECK(options.pools[0].password == "hunter2");
  CHECK(options.pools[0].password_file == "conf/ebb.toml");
  CHECK(options.pools[0].suggest_difficulty == 1024);
  CHECK(options.devices == "cpu,cuda:1");
  CHECK(options.threads.threads == 3);
  CHECK(options.threads.pinning == core::Pinning::on);
  CHECK(options.backend == "scalar");
  CHECK(options.limit.fraction == Approx(0.4));
  CHECK(options.limit.hps == 20e9);
  CHECK(options.limit.watts == 1200);
  CHECK(options.cards.max_celsius == 85u);
  CHECK(options.cards.limits.power_w == 250u);
  CHECK(options.cards.limits.clock_mhz == 1200u);
  CHECK_FALSE(config("[cards]\nmax_temperature = 'off'").cards.max_celsius);
}

TEST_CASE("config: many pools and how one is chosen") {
  const MineOptions options =
      config("[pools]\nstrategy = 'quota'\n" + pool("weight = 7") + pool("", "stratum+tls://h:2") +
             pool("cookie_file = '.cookie'", "http://node:8332", kAddress));
  CHECK(options.strategy.kind == stratum::PoolStrategy::Kind::quota);
  REQUIRE(options.pools.size() == 3);
  CHECK(options.pools[0].weight == 7);
  CHECK(options.pools[1].weight == 1);
  CHECK(options.pools[1].url.text() == "stratum+tls://h:2");
  CHECK(options.pools[2].cookie_file == "conf/.cookie");
  const auto rotate = config("[pools]\nstrategy = 'rotate'\nrotate_every = '20m'").strategy;
  CHECK(rotate.kind == stratum::PoolStrategy::Kind::rotate);
  CHECK(rotate.rotate_every == 20min);
}

TEST_CASE("config: a pool's keys fit its address and the strategy") {
  const auto names = [](const std::string& text, std::string_view words) {
    CHECK(fault(text).find(words) != std::string::npos);
  };
  names(pool("weight = 2"), "4:10: pool: weight: is of strategy");
  names(pool("cookie_file = 'c'"), "cookie_file: only a node");
  names(pool("", "http://node:1"), "pool: user:");
  for (const char* const key : {"password = 'x'", "proxy = 'socks5://h:1'", "submit_stale = true",
                                "suggest_difficulty = 5", "follow_reconnect = false"}) {
    names(pool(key, "http://node:1", kAddress), "a node has none");
  }
  names(pool("cookie_file = 'c'", "http://u:hunter2@node:1", kAddress), "already");
  std::string many;
  for (std::size_t i = 0; i <= kMaxPools; ++i)
    many += pool("");
  names(many, "more than 16");
  CHECK(fault("[[pool]]\nurl = \"http://u:hunter2@\\x:1\"").find("hunter") == std::string::npos);
}

TEST_CASE("config: the throttle and its meters") {
  const ThrottleOptions options = config(R"(
    [throttle]
    trust_clock = true
    ramp_up = "0s"
    ramp_watts_per_minute = 1500
    economic_ramp_down = "30s"
    random_return = "5m"
    debounce = "6s"
    mains_good = "7s"
    ride_through = "1500ms"
    dwell_off = "8s"
    dwell_on = "9s"
    clock_settle = "10s"
    recover_from_outages = false
    hook = "logger ebb"
    zero_engine = "3s"
    zero_meter = "4s"
    [power]
    meter_file = "meter/watts"
    nameplate = "3.25kW"
    nameplate_idle = "50W")")
                                      .throttle;
  const throttle::PolicySettings& policy = options.policy;
  CHECK(policy.trust_clock);
  CHECK(policy.ramp_up == 0s);
  CHECK(policy.ramp_watts_per_minute == 1500);
  CHECK(policy.economic_ramp_down == 30s);
  CHECK(policy.random_return == 300s);
  CHECK(policy.debounce == 6s);
  CHECK(policy.mains_good == 7s);
  CHECK(policy.ride_through == 1500ms);
  CHECK(policy.economic_dwell_off == 8s);
  CHECK(policy.economic_dwell_on == 9s);
  CHECK(policy.clock_settle == 10s);
  CHECK_FALSE(policy.recover_from_outages);
  CHECK(options.hook == "logger ebb");
  CHECK(options.zero.engine == 3s);
  CHECK(options.zero.meter == 4s);
  CHECK(options.power.meter_file == "conf/meter/watts");
  CHECK(options.power.nameplate_watts == 3250);
  CHECK(options.power.nameplate_idle_watts == 50);
  CHECK(config("[power]\nmeter_file = '/run/watts'").throttle.power.meter_file == "/run/watts");
}

TEST_CASE("config: schedules and calendars") {
  const ThrottleOptions options = config(R"(
    [[schedule]]
    name = "kegoc"
    cap = 0
    zone = "Asia/Almaty"
    from = 2022-01-24T00:00:00
    [[schedule]]
    name = "night"
    cap = "40%"
    class = "economic"
    zone = "Europe/Paris"
    hours = "22:00-06:00"
    [[calendar]]
    name = "grid"
    file = "grid.ics"
    zone = "Asia/Almaty"
    [[calendar]]
    name = "heat"
    file = "/etc/heat.ics"
    cap = "250W"
    class = "protective"
    zone = "UTC")")
                                      .throttle;
  REQUIRE(options.windows.size() == 2);
  CHECK(options.windows[0].name == "kegoc");
  CHECK(options.windows[1].signal_class == throttle::SignalClass::economic);
  REQUIRE(options.calendars.size() == 2);
  CHECK(options.calendars[0].path == "conf/grid.ics");
  CHECK(options.calendars[0].cap == throttle::Cap(throttle::DutyCap{0}));
  CHECK(options.calendars[0].signal_class == throttle::SignalClass::mandatory);
  CHECK(options.calendars[1].path == "/etc/heat.ics");
  CHECK(options.calendars[1].cap == throttle::Cap(throttle::PowerCap{250}));
  CHECK(options.calendars[1].signal_class == throttle::SignalClass::protective);
}

TEST_CASE("config: rules of sources are for simulations alone") {
  const std::string text = R"(
    [[source]]
    name = "dso"
    class = "protective"
    feed = true
    stale_after = "3m"
    grace = "0s"
    fallback = "25%"
    floor = "10%")";
  const auto sources = config(text, ConfigUse::simulate).throttle.policy.sources;
  REQUIRE(sources.size() == 1);
  CHECK(sources[0].name == "dso");
  CHECK(sources[0].signal_class == throttle::SignalClass::protective);
  CHECK(sources[0].feed);
  CHECK(sources[0].stale_after == 180s);
  CHECK(sources[0].grace == 0s);
  CHECK(sources[0].fallback == throttle::Cap(throttle::DutyCap{0.25}));
  CHECK(sources[0].floor == Approx(0.1));
  CHECK(fault(text).find("type is missing") != std::string::npos);
  CHECK(fault(text + "\n[[source]]\nname = 'dso'", ConfigUse::simulate).find("twice") !=
        std::string::npos);
}

TEST_CASE("config: errors name the file, the line, the column, the place and the key") {
  CHECK(fault("[throttle]\nramp_up = 'fast'") ==
        "ebb.toml:2:11: throttle: ramp_up: 'fast' is not a duration such as 500ms, 20s, 5m or 1h");
  CHECK(fault("[[schedule]]\nname = 'night'\n" + kWindow + "form = 1") ==
        "ebb.toml:6:8: schedule 'night': form: unknown key");
  CHECK(fault("[poool]") == "ebb.toml:1:1: poool: unknown key");
  CHECK(fault("\n[[pool]]\nuser = 'a\nb'").starts_with("ebb.toml:3:"));
}

TEST_CASE("config: what is wrong is refused") {
  const std::string windows = "[[schedule]]\nname = 'a'\n" + kWindow;
  for (const std::string& bad : {
           std::string("x = "),
           std::string("pool = 1"),
           std::string("schedule = 1"),
           std::string("schedule = [1]"),
           std::string("[schedule]\nname = 'a'"),
           std::string("[pool]\nurl = 'stratum+tcp://h:1'\nuser = 'me'"),
           std::string("[[pool]]"),
           std::string("[[pool]]\nurl = 'stratum+tcp://h:1'"),
           std::string("[pools]\nstrategy = 'luck'"),
           std::string("[pools]\nrotate_every = '1h'"),
           std::string("[[pool]]\nuser = 'me'\nurl = 'htp://h:1'"),
           std::string("[[pool]]\nuser = 'me'\nurl = 1"),
           std::string("[[pool]]\nurl = 'stratum+tcp://h:1'\nuser = \"a\\u0001\""),
           pool("password = 1"),
           pool("password = 'x'\npassword_file = 'y'"),
           pool("password_file = ''"),
           pool("suggest_difficulty = 0"),
           pool("suggest_difficulty = '1'"),
           pool("suggest_difficulty = nan"),
           std::string("[devices]\nuse = 'fpga'"),
           std::string("[devices]\nthreads = 0"),
           std::string("[devices]\nthreads = 1.5"),
           std::string("[devices]\nthreads = 5000"),
           std::string("[devices]\nbackend = 'nosuch'"),
           std::string("[devices]\ncpu_affinity = '9999'"),
           std::string("[devices]\npin = 'maybe'"),
           std::string("[limits]\nmax_duty = '140%'"),
           std::string("[limits]\nmax_power = '250'"),
           std::string("[limits]\nmax_power = 250"),
           std::string("[cards]\nmax_temperature = '30C'"),
           std::string("[cards]\nmax_temperature = 85"),
           std::string("[throttle]\ntrust_clock = 1"),
           std::string("[throttle]\nramp_up = 10"),
           std::string("[throttle]\nramp_up = '1500ms'"),
           std::string("[throttle]\nramp_watts_per_minute = -1"),
           std::string("[throttle]\nramp_watts_per_minute = inf"),
           std::string("[throttle]\nzero_engine = '0s'"),
           std::string("[throttle]\nhook = \"a\\u0000b\""),
           "[throttle]\nhook = '" + std::string(5000, 'x') + "'",
           std::string("[power]\nnameplate = 3250"),
           std::string("[power]\nnameplate_idle = '50W'"),
           std::string("[power]\nnameplate = '50W'\nnameplate_idle = '50W'"),
           windows + windows,
           windows + "[[calendar]]\nname = 'a'\nfile = 'x'\nzone = 'UTC'",
           std::string("[[calendar]]\nfile = 'x'\nzone = 'UTC'"),
           std::string("[[calendar]]\nname = 'a'\nzone = 'UTC'"),
           std::string("[[calendar]]\nname = 'a'\nfile = 'x'"),
           std::string("[[calendar]]\nname = 'a'\nfile = 'x'\nzone = 'UTC'\nclass = 'law'"),
       }) {
    fault(bad);
  }
}

TEST_CASE("config: a password never comes out in an error") {
  for (const char* bad : {"[[pool]]\npassword = hunter2", "[[pool]]\npassword = 'hunter2",
                          "[[pool]]\npassword = \"hunter2\\x\"", "[[pool]]\npassword = ['hunter2']",
                          "[[pool]]\npassword = \"hunter2\\u0001\"", "[[pool]]\npassword 'hunter2'",
                          "[[pool]]\npassword = 'x'\npassword = 'hunter2'"}) {
    CHECK(fault(bad).find("hunter") == std::string::npos);
  }
}

TEST_CASE("config: a password from a file of its own") {
  const tests::TemporaryFolder folder;
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder.path() / name) << text;
  };
  write("ebb.toml", pool("password_file = 'secret'"));
  const auto read = [&]() -> tl::expected<MineOptions, std::string> {
    auto options = read_config_file(folder.path() / "ebb.toml");
    REQUIRE(options);  // which reads no other file: an edit of a schedule needs no pool's secrets
    auto opened = open_pools(options->pools, folder.path() / "ebb.toml");
    if (!opened) return tl::unexpected(opened.error());
    return options;
  };
  CHECK_FALSE(read());
  write("secret", "hunter2\n");
  REQUIRE(read());
  CHECK(read()->pools.at(0).password == "hunter2");
  CHECK(read()->pools.at(0).password_file == folder.path() / "secret");
  write("secret", "hunter2\nhunter3\n");
  const auto two_lines = read();
  REQUIRE_FALSE(two_lines);
  CHECK(two_lines.error().find("hunter") == std::string::npos);
}

TEST_CASE("config: a file that is not there, is a folder or is too large") {
  const tests::TemporaryFolder folder;
  CHECK_FALSE(read_config_file(folder.path() / "none.toml"));
  CHECK_FALSE(read_config_file(folder.path()));
  const auto large = folder.path() / "large.toml";
  std::ofstream(large) << "#" << std::string((1 << 20) - 1, ' ');
  CHECK(read_config_file(large));
  std::ofstream(large, std::ios::app) << " ";
  CHECK(read_config_file(large).error().find("larger than") != std::string::npos);
}

TEST_CASE("config: the example file shows what there is") {
  const std::string path = std::string(EBB_TEST_DATA) + "/../../docs/ebb.toml";
  const auto plain = read_config_file(path);
  INFO((plain ? "" : plain.error()));
  REQUIRE(plain);
  CHECK(plain->throttle.windows.size() == 2);

  // Its commented settings are right, too, and are the defaults that it says.
  std::ifstream file(path);
  std::string all;
  for (std::string line; std::getline(file, line);) {
    const bool is_setting = line.starts_with("# [") || line.find(" = ") < line.find('.');
    const bool is_choice = line.find("cpu_affinity") != std::string::npos ||
                           line.find("password_file") != std::string::npos ||
                           line.find("weight") != std::string::npos ||
                           line.find("rotate_every") != std::string::npos ||
                           line.starts_with("# meter") || line.find("backend") != std::string::npos;
    all += (line.starts_with("# ") && is_setting && !is_choice ? line.substr(2) : line) + "\n";
  }
  const auto options = parse_config(all, path, ConfigUse::simulate);
  INFO(all << (options ? "" : options.error()));
  REQUIRE(options);
  CHECK(options->throttle.calendars.size() == 1);
  REQUIRE(options->throttle.policy.sources.size() == 1);
  const throttle::PolicySettings& policy = options->throttle.policy;
  const throttle::PolicySettings defaults;
  CHECK(policy.ramp_up == defaults.ramp_up);
  CHECK(policy.economic_ramp_down == defaults.economic_ramp_down);
  CHECK(policy.random_return == defaults.random_return);
  CHECK(policy.debounce == defaults.debounce);
  CHECK(policy.mains_good == defaults.mains_good);
  CHECK(policy.ride_through == defaults.ride_through);
  CHECK(policy.economic_dwell_off == defaults.economic_dwell_off);
  CHECK(policy.economic_dwell_on == defaults.economic_dwell_on);
  CHECK(policy.clock_settle == defaults.clock_settle);
  CHECK(policy.trust_clock == defaults.trust_clock);
  CHECK(policy.recover_from_outages == defaults.recover_from_outages);
  const throttle::SourceRule rule;
  CHECK(policy.sources[0].stale_after == 30s);
  CHECK(policy.sources[0].grace == 30s);
  CHECK(policy.sources[0].fallback == rule.fallback);
  CHECK(policy.sources[0].floor == rule.floor);
  const throttle::ZeroProofSettings zero;
  CHECK(options->throttle.zero.engine == zero.engine);
  CHECK(options->throttle.zero.meter == zero.meter);
  CHECK(options->cards.max_celsius == CardOptions().max_celsius);
}
