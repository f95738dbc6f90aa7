#include "sources/openadr/openadr_text.h"

#include "tests/unit/sources/openadr_support.h"

namespace ebb::sources::openadr {
namespace {

using std::chrono::days;

Duration read(std::string_view text) {
  INFO(text);
  const auto duration = parse_duration(text);
  REQUIRE(duration);
  return *duration;
}

TEST_CASE("OpenADR durations are read as the standard writes them", "[openadr]") {
  CHECK(read("PT1H") == Duration{0, hours(1)});
  CHECK(read("PT0S").is_zero());
  CHECK(read("P1DT2H3M4S") == Duration{0, days(1) + hours(2) + minutes(3) + seconds(4)});
  CHECK(read("PT0.25S") == Duration{0, milliseconds(250)});
  CHECK(read("P1Y2M") == Duration{14, milliseconds(0)});
  CHECK(read("P2W") == Duration{0, days(14)});
}

TEST_CASE("OpenADR durations that the pattern refuses and the guide writes", "[openadr]") {
  CHECK(read("P0S").is_zero());
  CHECK(read("P12H") == Duration{0, hours(12)});
  CHECK(read("P12H30M") == Duration{0, hours(12) + minutes(30)});
  CHECK(read("P1DT") == Duration{0, days(1)});
  CHECK(read("P1W2D") == Duration{0, days(9)});
  CHECK(read("PT0H").is_zero());
}

TEST_CASE("What is no duration", "[openadr]") {
  for (const char* text : {"", "P", "PT", "1H", "PT1", "PTH", "P1X", "PT1H ", "-PT1H", "PT1HT1M",
                           "PT1e5S", "P\xc3\xa9"}) {
    INFO(text);
    CHECK_FALSE(parse_duration(text));
  }
  CHECK_FALSE(parse_duration("PT" + std::string(100, '1') + "S"));
  CHECK(parse_duration("-PT5M", true) == Duration{0, minutes(5)});
}

TEST_CASE("A month is the calendar's, and 9999 years are for ever", "[openadr]") {
  const WallTime end_of_january{std::chrono::sys_days(std::chrono::year(2027) / 1 / 31)};
  CHECK(later(end_of_january, read("P1M")) ==
        WallTime(std::chrono::sys_days(std::chrono::year(2027) / 2 / 28)));
  CHECK(later(end_of_january, read("P13M")) ==
        WallTime(std::chrono::sys_days(std::chrono::year(2028) / 2 / 29)));
  CHECK(later(kDay, read("P9999Y")) == kForever);
  CHECK(later(kDay, read("P999999999999999D")) == kForever);
  CHECK(later(kDay, read("PT99999999999999999999H")) == kForever);
  CHECK(later(kForever, read("PT1H")) == kForever);
  CHECK(at_most(read("P9999Y")) > hours(24 * 365 * 9000));
}

TEST_CASE("OpenADR times, with the forms of the guide's examples", "[openadr]") {
  const auto at = [](std::string_view text) {
    INFO(text);
    const auto time = parse_date_time(text);
    REQUIRE(time);
    return *time;
  };
  const WallTime seven{std::chrono::sys_days(std::chrono::year(2025) / 2 / 13) + hours(19)};
  CHECK(at("2025-02-13T19:00:00.000Z") == seven);
  CHECK(at("2025-02-13 19:00:00.000Z") == seven);
  CHECK(at("2025-02-13T20:00:00+01:00") == seven);
  CHECK(at("2025-02-13T13:30:00-0530") == seven);
  CHECK(at("2025-02-13T19:00Z") == seven);
  CHECK(at("2025-02-13t19:00:00.5z") == seven + milliseconds(500));
  CHECK(at("2025-02-13") == seven - hours(19));
  CHECK(at("2025-02-13T24:00:00Z") == seven + hours(5));
  CHECK(date_time_text(seven + milliseconds(7)) == "2025-02-13T19:00:00.007Z");
}

TEST_CASE("The year 1 says now, and a time of day alone says nothing", "[openadr]") {
  for (const char* text : {"0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z"}) {
    INFO(text);
    const auto start = parse_start(text);
    REQUIRE(start);
    CHECK_FALSE(start->at);
    CHECK_FALSE(parse_date_time(text));
  }
  for (const char* text :
       {"12:22:12", "", "2025", "2025-02-30", "2025-13-01", "2025-02-13T", "2025-02-13T25:00:00Z",
        "2025-02-13T19:60:00Z", "2025-02-13T19:00:61Z", "2025-02-13T19:00:00+24:00",
        "2025-02-13T19:00:00ZZ", "0000-01-01", "2025-02-13T24:00:01Z", "2025-2-13", "+025-02-13"}) {
    INFO(text);
    CHECK_FALSE(parse_start(text));
  }
}

TEST_CASE("OpenADR durations are written", "[openadr]") {
  CHECK(duration_text(hours(1)) == "PT3600S");
  CHECK(duration_text(milliseconds(1500)) == "PT1.500S");
  CHECK(duration_text(milliseconds(-5)) == "PT0S");
}

}  // namespace
}  // namespace ebb::sources::openadr
