#include <cstdlib>
#include <fstream>

#include "sources/kind.h"
#include "sources/price/mining_strike.h"
#include "sources/series/origin.h"
#include "tests/unit/catch.h"
#include "tests/unit/sources/toml.h"
#include "tests/unit/temporary_folder.h"
#include "throttle/schedule/table_reader.h"

using namespace ebb::sources;
using namespace std::chrono;
using ebb::tests::toml_table;
using ebb::throttle::Cap;
using ebb::throttle::DutyCap;
using ebb::throttle::Now;
using ebb::throttle::SignalClass;
using ebb::throttle::TableReader;
using ebb::throttle::WallTime;

namespace {

std::string fault(std::string_view text) {
  const toml::table table = toml_table(text);
  TableReader reader(table);
  read_source(reader, "/etc/ebb");
  const auto finished = reader.finish();
  return finished ? "" : finished.error();
}

/// Of a table that begins with what all prices need, in one line.
std::string price_fault(std::string_view more) {
  return fault("name = 'p'\ntype = 'price'\n" + std::string(more));
}

const std::string kOctopus = "format = 'octopus'\nurl = 'https://api.octopus.energy/x'\n";
const std::string kStrike = "off_above = '80 EUR/MWh'\n";
const std::string kMining =
    "format = 'entsoe'\nurl = 'https://x/y'\nstrike = 'mining'\ncurrency = 'EUR'\n";

MiningTerms terms() {
  MiningTerms terms;
  terms.difficulty = 1e14;
  terms.reward = 3.125;
  terms.btc_price = 100'000;
  terms.joules_per_terahash = 20;
  return terms;
}

}  // namespace

TEST_CASE("kind: what all sources have") {
  const toml::table table = toml_table(R"(
name = "agile"
type = "price"
class = "mandatory"
feed = false
stale_after = "30s"
fallback = "20%"
floor = "10%"
format = "octopus"
url = "https://api.octopus.energy/v1/x"
off_above = "20 p/kWh")");
  TableReader reader(table);
  const SourceOptions source = read_source(reader, "/etc/ebb");
  REQUIRE(reader.finish());
  CHECK(source.type == "price");
  CHECK(source.rule.name == "agile");
  CHECK(source.rule.signal_class == SignalClass::mandatory);
  CHECK_FALSE(source.rule.feed);
  CHECK(source.rule.stale_after == 30s);
  CHECK(source.rule.grace == 30s);  // as stale_after
  CHECK(source.rule.fallback == Cap(DutyCap{0.2}));
  CHECK(source.rule.floor == Approx(0.1));
  CHECK(source.open);
}

TEST_CASE("kind: a type brings its own class and stale time, and is a feed") {
  const toml::table table = toml_table("name = 'p'\ntype = 'price'\n" + kOctopus +
                                       "off_above = '20 p/kWh'\ngrace = '0s'");
  TableReader reader(table);
  const SourceOptions source = read_source(reader, "/etc/ebb");
  REQUIRE(reader.finish());
  CHECK(source.rule.signal_class == SignalClass::economic);
  CHECK(source.rule.feed);
  CHECK(source.rule.stale_after == 240s);
  CHECK(source.rule.grace == 0s);

  const toml::table fuse = toml_table("name = 'f'\ntype = 'contact'\nmodbus = 'plc'\ninputs = [0]");
  TableReader fuse_reader(fuse);
  const SourceOptions contact = read_source(fuse_reader, "/etc/ebb");
  REQUIRE(fuse_reader.finish());
  CHECK(contact.rule.signal_class == SignalClass::mandatory);
  CHECK(contact.rule.stale_after == 10s);
  CHECK(contact.rule.grace == 10s);
}

TEST_CASE("kind: a source without a type can only be spoken for") {
  const toml::table table = toml_table("name = 'grid'");
  TableReader reader(table);
  const SourceOptions source = read_source(reader, "/etc/ebb");
  REQUIRE(reader.finish());
  CHECK_FALSE(source.open);
}

TEST_CASE("kind: faults have their line") {
  CHECK(fault("type = 'price'").find("name: is missing") != std::string::npos);
  CHECK(fault("name = 'schedule'") == "line 1:8: name: stands for something else: choose another");
  CHECK(fault("name = \"a\\nb\"") == "line 1:8: name: must be one line of text");
  CHECK(fault("name = '" + std::string(101, 'x') + "'") ==
        "line 1:8: name: is longer than 100 bytes");
  CHECK(fault("name = 'x'\ntype = 'prise'").starts_with("line 2:8: type: must be one of "));
  CHECK(fault("name = 'x'\ntype = 'prise'").find("price") != std::string::npos);
  CHECK(fault("name = 'x'\nclass = 'grid'").starts_with("line 2:9: class: "));
  CHECK(fault("name = 'x'\nunknown = 1") == "line 2:11: unknown: unknown key");
}

TEST_CASE("price: settings that are right") {
  for (const std::string& right : std::vector<std::string>{
           kOctopus + "off_above = '20 p/kWh'\non_below = '150 GBP/MWh'\nvat = true\n"
                      "payment_method = 'NON_DIRECT_DEBIT'\noff_at_once_above = '1 GBP/kWh'",
           "format = 'entsoe'\nurl = 'https://web-api.tp.entsoe.eu/api?securityToken={token}"
           "&periodStart={from}&periodEnd={to}'\ntoken_env = 'T'\nsequence = 2\n"
           "resolution = 'PT60M'\n" +
               kStrike,
           "format = 'nordpool'\narea = 'SE3'\nurl = 'https://x/?date={date}'\npoll = '10m'\n"
           "off_above = '-5 SEK/MWh'",
           "format = 'awattar'\nfile = 'prices.json'\noff_after = 2\non_after = 4\ncap = '40%'\n" +
               kStrike,
           "format = 'ercot'\npoint = 'HB_WEST'\nurl = 'https://x/?a={from}'\nuser = 'u'\n"
           "password_file = 'p'\nkey_header = 'Ocp-Apim-Subscription-Key'\nkey_env = 'K'\n"
           "bearer_file = 'b'\nheaders = ['Accept: application/json']\ncarry = '30m'\n"
           "off_above = '80 USD/MWh'",
           std::string("format = 'json'\nurl = 'http://127.0.0.1:1/x'\nunit = 'ct/kWh'\n"
                       "items = 'data.prices'\nstart = 'from'\nend = 'to'\nvalue = 'price'\n"
                       "zone = 'Europe/Berlin'\noff_above = '8 ct/kWh'"),
           "format = 'json'\nurl = 'http://example.org/x'\nallow_http = true\nunit = 'EUR/MWh'\n"
           "value = 'now'\nlength = '5m'\nca_file = 'ca.pem'\n" +
               kStrike,
           "format = 'csv'\nfile = 'prices.csv'\nunit = 'EUR/MWh'\n" + kStrike,
           kMining + "btc_price = 90000\ndifficulty_url = 'https://x/d'\n"
                     "difficulty_path = 'difficulty'\nmargin = 0.95\non_margin = 0.9\n"
                     "pool_fee = 0.02\nreward = 3.2\njoules_per_terahash = 18.5"}) {
    CAPTURE(right);
    CHECK(price_fault(right) == "");
  }
}

TEST_CASE("price: faults have their line") {
  const std::pair<std::string, std::string> wrong[]{
      {"", "format: must be entsoe, nordpool, octopus, awattar, ercot, json or csv"},
      {"format = 'epex'", "format: must be entsoe,"},
      {"format = 'octopus'", "url: needs a url or a file"},
      {kOctopus, "off_above: is missing: '80 EUR/MWh'; or strike = 'mining'"},
      {kOctopus + kStrike, "line 5:13: off_above: is in EUR, and the prices are in GBP"},
      {kOctopus + "off_above = 20", "line 5:13: off_above: must be a string in quotes"},
      {kOctopus + "off_above = '20'", "line 5:13: off_above: '' is no unit such as"},
      {kOctopus + "off_above = '20 p/kWh'\non_below = '25 p/kWh'",
       "line 6:12: on_below: is above off_above"},
      {kOctopus + "off_above = '20 p/kWh'\non_below = '15 ct/kWh'",
       "line 6:12: on_below: is in EUR, and the prices are in GBP"},
      {kOctopus + "off_above = '20 p/kWh'\noff_at_once_above = '1 p/kWh'",
       "line 6:21: off_at_once_above: is below off_above"},
      {kOctopus + "off_above = '20 p/kWh'\noff_after = 0",
       "line 6:13: off_after: must be 1 to 1000"},
      {kOctopus + "off_above = '20 p/kWh'\narea = 'SE3'", "line 6:8: area: unknown key"},
      {kOctopus + "file = 'x'\noff_above = '20 p/kWh'", "line 4:7: url: there is a file already"},
      {"format = 'nordpool'\nfile = 'x'\n" + kStrike, "area: is missing: 'SE3'"},
      {"format = 'ercot'\nfile = 'x'\noff_above = '8 USD/MWh'", "point: is missing: 'HB_HOUSTON'"},
      {"format = 'awattar'\nurl = 'http://api.awattar.de/x'\n" + kStrike,
       "line 4:7: url: is read and changed by whoever is in between: use https, or say allow_http"},
      {"format = 'awattar'\nurl = 'http://127.0.0.1.example.org/x'\n" + kStrike,
       "line 4:7: url: is read and changed"},
      {"format = 'awattar'\nurl = 'http://127.0.0.1@example.org/x'\n" + kStrike,
       "line 4:7: url: is read and changed"},
      {"format = 'awattar'\nurl = 'ftp://x'\n" + kStrike,
       "line 4:7: url: must begin with https://"},
      {"format = 'awattar'\nurl = 'https://x/a b'\n" + kStrike, "line 4:7: url: is not a URL"},
      {"format = 'awattar'\nurl = 'https://x/{day}'\n" + kStrike,
       "line 4:7: url: knows {from}, {to}, {date} and {token} only"},
      {"format = 'awattar'\nurl = 'https://x/{token}'\n" + kStrike,
       "line 4:7: url: {token} goes with token_file or token_env"},
      {"format = 'awattar'\nurl = 'https://x/'\ntoken_env = 'T'\n" + kStrike,
       "line 4:7: url: {token} goes with"},
      {"format = 'awattar'\nurl = 'https://x/'\nkey_env = 'T'\n" + kStrike,
       "key_header: goes with key_file or key_env"},
      {"format = 'awattar'\nurl = 'https://x/'\nuser = 'u'\n" + kStrike,
       "line 5:8: user: goes with password_file or password_env"},
      {"format = 'awattar'\nurl = 'https://x/'\nheaders = ['Accept']\n" + kStrike,
       "line 5:11: headers: must be like"},
      {"format = 'awattar'\nurl = 'https://x/'\nheaders = [\"A: b\\nC: d\"]\n" + kStrike,
       "line 5:11: headers: must be like"},
      {"format = 'awattar'\nurl = 'https://x/'\nheaders = 'A: b'\n" + kStrike,
       "line 5:11: headers: must be a list"},
      {"format = 'entsoe'\nfile = 'x'\nresolution = 'PT5M'\n" + kStrike,
       "line 5:14: resolution: must be PT15M"},
      {"format = 'json'\nfile = 'x'\n" + kStrike, "unit: is missing: 'EUR/MWh'"},
      {"format = 'json'\nfile = 'x'\nunit = 'EUR'\n" + kStrike, "line 5:8: unit: 'EUR' is no unit"},
      {"format = 'json'\nfile = 'x'\nunit = 'SEK/MWh'\n" + kStrike,
       "line 6:13: off_above: is in EUR, and the prices are in SEK"},
      {"format = 'json'\nfile = 'x'\nunit = 'EUR/MWh'\nvalue = 'a..b'\n" + kStrike,
       "line 6:9: value: must be a path such as"},
      {"format = 'json'\nfile = 'x'\nunit = 'EUR/MWh'\nend = 'a'\n" + kStrike,
       "line 6:7: end: goes with start"},
      {"format = 'json'\nfile = 'x'\nunit = 'EUR/MWh'\nzone = 'Mars'\n" + kStrike,
       "line 6:8: zone: is no time zone"},
      {"format = 'csv'\nfile = 'x'\nunit = 'EUR/MWh'\nitems = 'a'\n" + kStrike,
       "line 6:9: items: unknown key"},
      {"format = 'csv'\nfile = 'x'\nunit = 'EUR/MWh'\npoll = '5'\n" + kStrike, "line 6:8: poll: "},
      {kOctopus + "strike = 'auto'", "line 5:10: strike: must be 'mining'; or say off_above"},
      {kMining + "difficulty = 1e14", "btc_price: is missing: a number, or btc_price_url"},
      {kMining + "difficulty = 1e14\nbtc_price = -5", "line 8:13: btc_price: must be above zero"},
      {kMining + "difficulty = 1e14\nbtc_price = '5'", "line 8:13: btc_price: must be a number"},
      {kMining + "difficulty = 1e14\nbtc_price = 5\nbtc_price_file = 'x'",
       "line 8:13: btc_price: there is a btc_price_url or _file, too"},
      {kMining + "difficulty = 1e14\nbtc_price_url = 'http://x/'",
       "line 8:17: btc_price_url: is read"},
      {kMining + "difficulty = 1e14\nbtc_price = 5\npool_fee = 2",
       "line 9:12: pool_fee: must be a fraction"},
      {kMining + "difficulty = 1e14\nbtc_price = 5\nmargin = 0.9\non_margin = 1",
       "line 10:13: on_margin: is above margin"},
      {kMining + "difficulty = 1e14\nbtc_price = 5\n" + kStrike,
       "line 9:13: off_above: unknown key"}};
  for (const auto& [text, error] : wrong) {
    CAPTURE(text);
    const std::string is = price_fault(text);
    CAPTURE(is);
    CHECK(is.find(error) != std::string::npos);
  }
}

TEST_CASE("price: a secret that is missing is told when the source is opened") {
  ::unsetenv("EBB_TEST_TOKEN");
  const toml::table table = toml_table(
      "name = 'p'\ntype = 'price'\nformat = 'awattar'\n"
      "url = 'https://x/{token}'\ntoken_env = 'EBB_TEST_TOKEN'\n" +
      kStrike);
  TableReader reader(table);
  const SourceOptions source = read_source(reader, "/etc/ebb");
  REQUIRE(reader.finish());
  CHECK(source.open(source.rule, {}).error() == "there is no environment variable EBB_TEST_TOKEN");
}

TEST_CASE("url: the days of its zone, 23 and 25 hours long") {
  OriginSettings settings;
  settings.url = "https://x/?from={from}&to={to}&d={date}&t={token}";
  settings.zone = "Europe/Berlin";
  const WallTime spring = sys_days(2026y / March / 29) + 10h;
  CHECK(
      expanded_url(settings, "a&b", spring, days(0)) ==
      "https://x/?from=2026-03-28T23%3A00%3A00Z&to=2026-03-30T22%3A00%3A00Z&d=2026-03-29&t=a%26b");
  CHECK(expanded_url(settings, "", spring, days(1))->find("d=2026-03-30") != std::string::npos);
  settings.url_time = UrlTime::compact;
  settings.url = "{from}-{to}";
  const WallTime autumn = sys_days(2025y / October / 25) + 22h;  // its first moment
  CHECK(expanded_url(settings, "", autumn, days(0)) == "202510252200-202510272300");
  settings.url_time = UrlTime::milliseconds;
  settings.url = "{from}";
  CHECK(expanded_url(settings, "", autumn, days(0)) == "1761429600000");
  settings.url_time = UrlTime::date;
  settings.url = "{from}..{to}";
  settings.back = days(1);
  CHECK(expanded_url(settings, "", autumn, days(0)) == "2025-10-25..2025-10-27");
}

TEST_CASE("mining: the price of a MWh at which it just pays, by hand") {
  // A MWh is 3.6e9 J, at 20 J/TH 1.8e20 hashes; a block takes 1e14 x 2^32 = 4.294967296e23.
  CHECK(break_even_per_mwh(terms()) == Approx(130.967 * 1.0).epsilon(1e-4));
  MiningTerms half = terms();
  half.joules_per_terahash = 40;
  CHECK(break_even_per_mwh(half) == Approx(break_even_per_mwh(terms()) / 2));
  half = terms();
  half.difficulty *= 2;
  CHECK(break_even_per_mwh(half) == Approx(break_even_per_mwh(terms()) / 2));
  MiningTerms fee = terms();
  fee.pool_fee = 0.02;
  CHECK(break_even_per_mwh(fee) == Approx(break_even_per_mwh(terms()) * 0.98));
}

TEST_CASE("mining: efficiency as measured, at half of the work or more") {
  MeasuredEfficiency measured;
  Telemetry telemetry;
  telemetry.hps = 1e12;
  measured.take(telemetry);
  CHECK(measured.joules_per_terahash() == 0);  // no meter
  telemetry.power.emplace();
  telemetry.power->watts = 30;
  telemetry.fraction = 0.4;
  measured.take(telemetry);
  CHECK(measured.joules_per_terahash() == 0);
  telemetry.fraction = 1;
  measured.take(telemetry);
  CHECK(measured.joules_per_terahash() == Approx(30));
  telemetry.hps = 0;
  measured.take(telemetry);
  CHECK(measured.joules_per_terahash() == Approx(30));
  telemetry.hps = 1e12;
  telemetry.power->watts = 90;
  measured.take(telemetry);
  CHECK(measured.joules_per_terahash() == Approx(31));
}

TEST_CASE("mining: numbers from files, kept for a day when they are gone") {
  const ebb::tests::TemporaryFolder folder;
  const auto write = [&](std::string_view text) {
    std::ofstream(folder.path() / "btc.json") << text;
  };
  MiningSettings settings;
  settings.terms = terms();
  settings.difficulty.fixed = 1e14;
  settings.btc_price.name = "btc_price";
  settings.btc_price.origin.file = folder.path() / "btc.json";
  settings.btc_price.path = *JsonPath::parse("bitcoin.eur");
  auto strike = MiningStrike::open(settings, std::make_shared<MeasuredEfficiency>());
  REQUIRE(strike);
  Now now{{}, WallTime(sys_days(2026y / February / 1)), true};
  const auto after = [&](minutes time) {
    now.steady += time;
    now.wall += time;
    return (*strike)->per_mwh(now, {});
  };
  CHECK(after(0min).error().starts_with("btc_price: " + (folder.path() / "btc.json").string()));
  write("{\"bitcoin\": {\"eur\": \"100000\"}}");
  CHECK(after(2min) == Approx(130.967).epsilon(1e-4));
  write("{\"bitcoin\": {\"eur\": 50000}}");
  CHECK(after(5min) == Approx(130.967).epsilon(1e-4));  // asked every ten minutes
  CHECK(after(6min) == Approx(65.4836).epsilon(1e-4));
  write("{\"bitcoin\": {\"eur\": 50400}}");
  CHECK(after(11min) == Approx(65.4836).epsilon(1e-4));  // less than 1 %
  write("garbage");
  CHECK(after(11min) == Approx(65.4836).epsilon(1e-4));
  CHECK(after(23h) == Approx(65.4836).epsilon(1e-4));
  CHECK(after(2h).error().starts_with("btc_price: not JSON"));
  write("{\"bitcoin\": {\"eur\": 0}}");
  CHECK(after(2min).error() == "btc_price: no number above zero is there");
}

TEST_CASE("mining: without an efficiency there is no strike") {
  MiningSettings settings;
  settings.terms = terms();
  settings.terms.joules_per_terahash = 0;
  settings.difficulty.fixed = 1e14;
  settings.btc_price.fixed = 100'000;
  const auto measured = std::make_shared<MeasuredEfficiency>();
  auto strike = MiningStrike::open(settings, measured);
  REQUIRE(strike);
  CHECK((*strike)->per_mwh({}, {}).error() == "the efficiency has not been measured yet");
  Telemetry telemetry;
  telemetry.hps = 1e12;
  telemetry.power.emplace();
  telemetry.power->watts = 20;
  measured->take(telemetry);
  CHECK((*strike)->per_mwh({}, {}) == Approx(130.967).epsilon(1e-4));
}
