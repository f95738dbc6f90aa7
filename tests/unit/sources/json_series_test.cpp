#include "sources/series/json_series.h"

#include <boost/json.hpp>

#include "tests/unit/catch.h"

using namespace ebb::sources;
using namespace std::chrono;
using ebb::throttle::WallTime;

namespace {

const WallTime kNoon = sys_days(2026y / February / 1) + 12h;

JsonPath path(std::string_view text) {
  const auto parsed = JsonPath::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

/// What is there, as JSON; "-": nothing.
std::string found(std::string_view where, std::string_view document) {
  const auto value = parse_json(document);
  REQUIRE(value);
  const auto* it = path(where).find(*value);
  return it == nullptr ? "-" : boost::json::serialize(*it);
}

SeriesShape shape(std::string_view items, std::string_view start, std::string_view end,
                  std::string_view value) {
  SeriesShape shape;
  shape.items = path(items);
  shape.start = path(start);
  shape.end = path(end);
  shape.value = path(value);
  shape.has_start = !start.empty();
  shape.has_end = !end.empty();
  return shape;
}

SeriesShape full_shape() {
  return shape("data.prices", "from", "to", "price");
}

Intervals full(std::string_view items) {
  return parse_json_series("{\"data\": {\"prices\": " + std::string(items) + "}}", full_shape(),
                           kNoon);
}

}  // namespace

TEST_CASE("json path: members, elements, quoted names, the end of a list") {
  const std::string_view document = R"({"a": {"b": [1, 2, {"c.d": 3}]}, "": 4, "x y": 5})";
  CHECK(found("a.b[0]", document) == "1");
  CHECK(found("a.b[-2]", document) == "2");
  CHECK(found("a.b[-1]['c.d']", document) == "3");
  CHECK(found("a.b[2][\"c.d\"]", document) == "3");
  CHECK(found("x y", document) == "5");
  CHECK(found("", "7") == "7");
  CHECK(found("[1]", "[1,2]") == "2");
  for (const char* nothing : {"b", "a.c", "a.b[3]", "a.b[-4]", "a.b.c", "a[0]", "a.b[0].c",
                              "a.b[-2147483648]", "a.b[2147483647]"}) {
    CAPTURE(nothing);
    CHECK(found(nothing, document) == "-");
  }
}

TEST_CASE("json path: texts that are none") {
  for (const char* text : {".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[1", "a[1]b", "a.[1]",
                           "a['']", "a['b]", "a[1.5]", "a[99999999999]"}) {
    CAPTURE(text);
    CHECK_FALSE(JsonPath::parse(text));
  }
  std::string deep = "a";
  for (int i = 0; i < 40; ++i)
    deep += ".a";
  CHECK_FALSE(JsonPath::parse(deep));
}

TEST_CASE("json series: starts and ends as text, in seconds or in milliseconds") {
  const auto intervals = full(R"([
    {"from": "2026-02-01T12:00:00Z", "to": "2026-02-01T13:15:00+01:00", "price": 45.5},
    {"from": 1769948100, "to": 1769949000000, "price": "-3"},
    {"from": "2026-02-01T12:30", "to": "2026-02-01T12:45", "price": null}])");
  REQUIRE(intervals);
  CHECK(*intervals ==
        std::vector<Interval>{{kNoon, kNoon + 15min, 45.5}, {kNoon + 15min, kNoon + 30min, -3}});
}

TEST_CASE("json series: what is wrong with an item") {
  CHECK(full("[{}]").error() == "item 0: no value");
  CHECK(full(R"([{"price": 1}])").error() == "item 0: no start");
  CHECK(full(R"([{"from": 0, "price": 1}])").error() == "item 0: no end");
  CHECK(full(R"([{"from": 5, "to": 5, "price": 1}])").error() ==
        "item 0: an interval ends before it begins");
  CHECK(full(R"([{"from": -1, "to": 5, "price": 1}])").error() == "item 0: start: not a time");
  CHECK(full(R"([{"from": 1e300, "to": 5, "price": 1}])").error() == "item 0: start: not a time");
  CHECK(full(R"([{"from": 0, "to": 5, "price": true}])").error() ==
        "item 0: the value is not a number");
  CHECK(full(R"([{"from": 0, "to": 5, "price": "inf"}])").error() ==
        "item 0: the value is not a number");
  CHECK(full("5").error() == "item 0: no value");
  CHECK(parse_json_series("{}", full_shape(), kNoon).error() ==
        "nothing is where the items should be");
  CHECK(parse_json_series("{", full_shape(), kNoon).error().starts_with("not JSON: "));
  CHECK(full("[]")->empty());
}

TEST_CASE("json series: intervals that last to the next one, or for a length") {
  SeriesShape until_next = shape("", "t", "", "v");
  const std::string_view text = R"([{"t": 1769949000, "v": 2}, {"t": 1769947200, "v": 1}])";
  CHECK(*parse_json_series(text, until_next, kNoon) ==
        std::vector<Interval>{{kNoon, kNoon + 30min, 1}, {kNoon + 30min, kNoon + 60min, 2}});
  CHECK_FALSE(parse_json_series(R"([{"t": 1, "v": 2}])", until_next, kNoon));
  CHECK_FALSE(parse_json_series(R"([{"t": 1, "v": 2}, {"t": 1, "v": 3}])", until_next, kNoon));
  until_next.length = 15min;
  until_next.factor = 10;
  CHECK(parse_json_series(text, until_next, kNoon)->at(1) == Interval{kNoon, kNoon + 15min, 10});
}

TEST_CASE("json series: one value is of now") {
  SeriesShape single = shape("", "", "", "result.price");
  single.length = 15min;
  CHECK(*parse_json_series(R"({"result": {"price": 7}})", single, kNoon) ==
        std::vector<Interval>{{kNoon, kNoon + 15min, 7}});
  CHECK_FALSE(parse_json_series("[7]", single, kNoon));
}

TEST_CASE("json series: local times of a zone") {
  SeriesShape local = full_shape();
  local.zone = "Europe/Berlin";
  const auto intervals = parse_json_series(
      R"({"data": {"prices": [{"from": "2026-02-01T13:00", "to": "2026-02-01T14:00", "price": 1}]}})",
      local, kNoon);
  CHECK(intervals->at(0).from == kNoon);
}

TEST_CASE("csv: with ends or without, headings and comments") {
  SeriesShape shape;
  const std::vector<Interval> two{{kNoon, kNoon + 15min, 1.5}, {kNoon + 15min, kNoon + 30min, -2}};
  CHECK(*parse_csv_series("start,end,price\r\n# made by hand\n\n"
                          "2026-02-01T12:00Z, 2026-02-01T12:15Z ,1.5\r\n"
                          "2026-02-01T12:15Z,2026-02-01T12:30Z,-2",
                          shape) == two);
  CHECK(*parse_csv_series("2026-02-01T12:15Z,-2\n2026-02-01T12:00Z,1.5\n", shape) == two);
  shape.length = 15min;
  CHECK(parse_csv_series("2026-02-01T12:00Z,1.5\n", shape)->size() == 1);
  CHECK(parse_csv_series("", shape)->empty());
}

TEST_CASE("csv: faults have a line") {
  const SeriesShape shape;
  const std::string good = "2026-02-01T12:00Z,2026-02-01T12:15Z,1\n";
  CHECK(parse_csv_series(good + "2026-02-01T12:15Z\n", shape).error() ==
        "line 2: not start,end,value or start,value");
  CHECK(parse_csv_series(good + "2026-02-01T12:15Z,1\n", shape).error() ==
        "line 2: has other columns");
  CHECK(parse_csv_series(good + "2026-02-01T12:15Z,2026-02-01T12:15Z,1\n", shape).error() ==
        "line 2: an interval ends before it begins");
  CHECK(parse_csv_series(good + "2026-02-01T12:15Z,2026-02-01T12:30Z,x\n", shape).error() ==
        "line 2: the value is not a number");
  CHECK(parse_csv_series(good + good + "today,2026-02-01T12:30Z,1\n", shape)
            .error()
            .starts_with("line 3: "));
}

TEST_CASE("json series, csv: a time that is none is quoted on one line") {
  const std::string json = full(R"([{"from": "soon\n\u001b[31m", "to": 5, "price": 1}])").error();
  const std::string csv =
      parse_csv_series("2026-02-01T12:00Z,1\nsoon\x1b[31m,1\n", SeriesShape()).error();
  for (const std::string& error : {json, csv}) {
    CAPTURE(error);
    CHECK(error.find("soon") != std::string::npos);
    CHECK(error.find_first_of("\n\x1b") == std::string::npos);
  }
}
