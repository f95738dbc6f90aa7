#include <fstream>
#include <iterator>

#include "sources/carbon/carbon_intensity.h"
#include "sources/kind.h"
#include "tests/unit/catch.h"
#include "tests/unit/sources/toml.h"
#include "throttle/schedule/table_reader.h"

using namespace ebb::sources;
using namespace std::chrono;
using ebb::throttle::SignalClass;
using ebb::throttle::TableReader;
using ebb::throttle::WallTime;

namespace {

const WallTime kDay = sys_days(2026y / February / 1);

std::string fixture(const std::string& name) {
  std::ifstream file(EBB_TEST_DATA "/price/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string fault(std::string_view more) {
  const toml::table table =
      ebb::tests::toml_table("name = 'c'\ntype = 'carbon'\n" + std::string(more));
  TableReader reader(table);
  const SourceOptions source = read_source(reader, "/etc/ebb");
  const auto finished = reader.finish();
  if (finished) {
    CHECK(source.rule.signal_class == SignalClass::economic);
    CHECK(source.rule.feed);
  }
  return finished ? "" : finished.error();
}

}  // namespace

TEST_CASE("carbon: what was measured before what was forecast") {
  const auto intervals = parse_carbon_intensity(fixture("carbon_national.json"));
  REQUIRE(intervals);
  REQUIRE(intervals->size() == 12);
  CHECK(intervals->at(0) == Interval{kDay, kDay + 30min, 190});
  CHECK(intervals->at(2).value == 200);
  CHECK(intervals->at(3).value == 195);
  CHECK(intervals->back().until == kDay + 6h);
}

TEST_CASE("carbon: of one region") {
  const auto intervals = parse_carbon_intensity(fixture("carbon_region.json"));
  REQUIRE(intervals);
  REQUIRE(intervals->size() == 4);
  CHECK(intervals->at(3) == Interval{kDay + 90min, kDay + 2h, 103});
  const auto listed = parse_carbon_intensity(
      R"({"data": [{"regionid": 3, "data": [{"from": "2026-02-01T00:00Z",
          "to": "2026-02-01T00:30Z", "intensity": {"forecast": 5, "index": "low"}}]}]})");
  REQUIRE(listed);
  CHECK(listed->size() == 1);
}

TEST_CASE("carbon: neither measured nor forecast is a gap") {
  const auto intervals = parse_carbon_intensity(
      R"({"data": [{"from": "2026-02-01T00:00Z", "to": "2026-02-01T00:30Z",
          "intensity": {"forecast": null, "actual": null, "index": "low"}}]})");
  REQUIRE(intervals);
  CHECK(intervals->empty());
}

TEST_CASE("carbon: what is no answer") {
  CHECK(parse_carbon_intensity(fixture("carbon_error.json"))
            .error()
            .starts_with("Please enter a valid date"));
  for (const char* text :
       {"", "{", "[]", "{}", R"({"data": 5})", R"({"data": [5]})", R"({"data": [{}]})",
        R"({"error": {"message": 5}})",
        R"({"data": [{"from": "x", "to": "y", "intensity": {"actual": 5}}]})",
        R"({"data": [{"from": 5, "to": 5, "intensity": {"actual": 5}}]})",
        R"({"data": [{"from": 5, "to": 6, "intensity": {"actual": "high"}}]})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_carbon_intensity(text));
  }
}

TEST_CASE("carbon: settings") {
  const std::string url = "url = 'https://api.carbonintensity.org.uk/intensity/{from}/fw48h'\n";
  CHECK(fault(url + "off_above = 200\non_below = 150.5\noff_at_once_above = 300") == "");
  CHECK(fault("format = 'json'\nfile = 'x'\nvalue = 'a'\noff_above = 200\ncap = '50%'") == "");
  CHECK(fault(url).find("off_above: is missing: grams a kWh") != std::string::npos);
  CHECK(fault(url + "off_above = '200'") == "line 4:13: off_above: must be a number");
  CHECK(fault(url + "off_above = 200\non_below = 201") ==
        "line 5:12: on_below: is above off_above");
  CHECK(fault(url + "off_above = 200\noff_at_once_above = 100") ==
        "line 5:21: off_at_once_above: is below off_above");
  CHECK(fault(url + "format = 'x'\noff_above = 2") ==
        "line 4:10: format: must be carbonintensity or json");
  CHECK(fault("off_above = 200").find("url: needs a url or a file") != std::string::npos);
}
