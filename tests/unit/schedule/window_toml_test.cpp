#include "throttle/schedule/window_toml.h"

#include "tests/unit/catch.h"

using namespace ebb::throttle;
using namespace std::chrono;

namespace {

toml::table table(std::string_view text) {
  auto parsed = toml::parse(text);
  REQUIRE(parsed.succeeded());
  return std::move(parsed).table();
}

ScheduleWindow window(std::string_view text) {
  const auto read = read_window(table(text));
  INFO(text << ": " << (read ? "" : read.error()));
  REQUIRE(read);
  return *read;
}

std::string fault(std::string_view text) {
  const auto read = read_window(table(text));
  REQUIRE_FALSE(read);
  return read.error();
}

const std::string kHead = "name = 'kegoc'\ncap = '0%'\nzone = 'Asia/Almaty'\n";

}  // namespace

TEST_CASE("window: from one moment to another, the end of a day written as 24:00") {
  const auto it = window(kHead + "from = 2022-01-24T00:00:00\nuntil = '2022-01-31T24:00'\n" +
                         "class = 'mandatory'\nreason = 'KEGOC, letter of 21 January'");
  CHECK(it.name == "kegoc");
  CHECK(it.cap == Cap(DutyCap{0}));
  CHECK(it.signal_class == SignalClass::mandatory);
  CHECK(it.zone == "Asia/Almaty");
  CHECK(it.reason == "KEGOC, letter of 21 January");
  const auto& span = std::get<DatedSpan>(it.span);
  CHECK(span.from == LocalTime{2022y / January / 24, 0min});
  CHECK(span.until == LocalTime{2022y / January / 31, 24h});
}

TEST_CASE("window: without until the end is open") {
  const auto it = window(kHead + "from = '2022-01-24 08:30'");
  const auto& span = std::get<DatedSpan>(it.span);
  CHECK(span.from == LocalTime{2022y / January / 24, 8h + 30min});
  CHECK_FALSE(span.until);
}

TEST_CASE("window: the same hours of chosen weekdays") {
  const auto it = window(kHead +
                         "days = ['mon', 'sun', 'mon']\nhours = '22:00-06:00'\nfirst = 2026-01-01\n"
                         "last = '2026-12-31'\nexcept = [2026-05-01, '2026-05-09']");
  const auto& span = std::get<WeeklySpan>(it.span);
  CHECK(span.days == std::vector<weekday>{Monday, Sunday});
  CHECK(span.from == 22h);
  CHECK(span.until == 6h);
  CHECK(span.first == 2026y / January / 1);
  CHECK(span.last == 2026y / December / 31);
  CHECK(span.except == std::vector<year_month_day>{2026y / May / 1, 2026y / May / 9});
}

TEST_CASE("window: whole days without hours, every day without days") {
  const auto days = std::get<WeeklySpan>(window(kHead + "days = ['sat']").span);
  CHECK(days.from == 0h);
  CHECK(days.until == 24h);
  const auto hours = std::get<WeeklySpan>(window(kHead + "hours = '00:00-24:00'").span);
  CHECK(hours.days.empty());
  CHECK(hours.until == 24h);
}

TEST_CASE("window: caps of every unit, and a plain zero") {
  const std::string rest = "\nname = 'x'\nzone = 'UTC'\nfrom = '2026-01-01T00:00'";
  CHECK(window("cap = 0" + rest).cap == Cap(DutyCap{0}));
  CHECK(window("cap = '250W'" + rest).cap == Cap(PowerCap{250}));
  CHECK(window("cap = '20MH/s'" + rest).cap == Cap(HashrateCap{20e6}));
}

TEST_CASE("window: a zone from outside serves where none is named") {
  const auto text = table("name = 'x'\ncap = 0\nfrom = '2026-01-01T00:00'");
  CHECK(read_window(text, "Europe/Paris")->zone == "Europe/Paris");
  CHECK(read_window(text).error() == "line 1:1: zone: is missing, such as \"Asia/Almaty\"");
}

TEST_CASE("window: errors name the line and the key") {
  CHECK(fault(kHead + "from = '2022-01-24T24:01'") ==
        "line 4:8: from: '2022-01-24T24:01' is not a date and time in whole minutes such as "
        "2022-01-31T24:00");
  CHECK(fault(kHead + "\nhours = '6-8'") ==
        "line 5:9: hours: '6-8' is not a span of hours such as 22:00-06:00");
  CHECK(fault(kHead + "hours = '06:00-08:00'\nclas = 'economic'") == "line 5:8: clas: unknown key");
}

TEST_CASE("window: what is wrong is refused") {
  for (const char* bad : {"",                                  // no span
                          "until = '2026-01-01T00:00'",        // no beginning
                          "from = 2026-01-01",                 // no time of day
                          "from = 2026-01-01T00:00:30",        // no whole minute
                          "from = 2026-01-01T00:00:00+06:00",  // an offset
                          "from = '2026-02-30T00:00'",         // no such day
                          "from = '2026-01-01T25:00'",
                          "from = '2026-01-01T-1:00'",
                          "from = 2026",
                          "from = '2026-01-01T00:00'\nuntil = '2026-01-01T00:00'",
                          "from = '2026-01-01T00:00'\nuntil = 'never'",
                          "from = '2026-01-01T00:00'\nhours = '06:00-08:00'",  // both kinds
                          "days = []",
                          "days = ['monday']",
                          "days = 'mon'",
                          "days = [1]",
                          "hours = '24:00-06:00'",
                          "hours = '06:00'",
                          "hours = '06:60-07:00'",
                          "hours = 6",
                          "first = 2026-01-02\nlast = 2026-01-01",
                          "first = '2026-1-1'",
                          "except = 2026-01-01",
                          "except = ['x']",
                          "hours = '06:00-08:00'\nreason = 1",
                          "hours = '06:00-08:00'\nclass = 'law'"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_window(table(kHead + bad)));
  }
  CHECK_FALSE(read_window(table("name = ''\ncap = 0\nzone = 'UTC'\nhours = '06:00-08:00'")));
  CHECK_FALSE(read_window(table("name = 'x'\ncap = 40\nzone = 'UTC'\nhours = '06:00-08:00'")));
  CHECK_FALSE(read_window(table("name = 'x'\nzone = 'UTC'\nhours = '06:00-08:00'")));
}

TEST_CASE("window: an error stays one short line whatever the file holds") {
  const std::string error = fault(kHead + "hours = \"a\\n" + std::string(100'000, 'x') + "\"");
  CHECK(error.find('\n') == std::string::npos);
  CHECK(error.size() < 400);
}
