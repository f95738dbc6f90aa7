#include "throttle/schedule/time_zone.h"

#include <cstdlib>

#include "tests/unit/catch.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;
using std::chrono::year;

namespace {

/// What a local time is in UTC, or the error.
std::string utc(std::string_view local, std::string_view zone) {
  const auto time = parse_time(local, zone);
  return time ? utc_text(*time) : time.error();
}

std::string in(std::string_view zone, std::string_view utc_time) {
  return text(*parse_time(utc_time), zone);
}

/// Sets TZ for as long as it lives.
class Tz {
 public:
  explicit Tz(const char* value) { set(value); }
  ~Tz() { set(before_ ? before_->c_str() : nullptr); }
  Tz(const Tz&) = delete;
  Tz& operator=(const Tz&) = delete;

 private:
  static void set(const char* value) { value ? setenv("TZ", value, 1) : unsetenv("TZ"); }
  static std::optional<std::string> now() {
    const char* value = std::getenv("TZ");
    return value ? std::optional<std::string>(value) : std::nullopt;
  }
  std::optional<std::string> before_ = now();
};

}  // namespace

TEST_CASE("time zone: Almaty was six hours ahead in 2022 and is five since March 2024") {
  CHECK(utc("2022-01-24T00:00", "Asia/Almaty") == "2022-01-23T18:00:00Z");
  CHECK(utc("2022-01-31T23:59", "Asia/Almaty") == "2022-01-31T17:59:00Z");
  CHECK(utc("2024-02-29T23:00", "Asia/Almaty") == "2024-02-29T17:00:00Z");  // the first of two
  CHECK(utc("2024-03-01T00:00", "Asia/Almaty") == "2024-02-29T19:00:00Z");
  CHECK(utc("2026-01-24T00:00", "Asia/Almaty") == "2026-01-23T19:00:00Z");
  CHECK(in("Asia/Almaty", "2022-01-31T17:59:00Z") == "2022-01-31 23:59:00+06:00");
  CHECK(in("Asia/Almaty", "2024-03-01T00:00Z") == "2024-03-01 05:00:00+05:00");
}

TEST_CASE("time zone: a skipped time is the moment of the change, a repeated one the first") {
  // Berlin, 27 March 2022: 02:00 to 03:00 at 01:00 UTC; 30 October: 03:00 to 02:00 at 01:00 UTC.
  CHECK(utc("2022-03-27T01:59", "Europe/Berlin") == "2022-03-27T00:59:00Z");
  CHECK(utc("2022-03-27T02:00", "Europe/Berlin") == "2022-03-27T01:00:00Z");
  CHECK(utc("2022-03-27T02:30", "Europe/Berlin") == "2022-03-27T01:00:00Z");
  CHECK(utc("2022-03-27T02:59:59", "Europe/Berlin") == "2022-03-27T01:00:00Z");
  CHECK(utc("2022-03-27T03:00", "Europe/Berlin") == "2022-03-27T01:00:00Z");
  CHECK(utc("2022-10-30T02:00", "Europe/Berlin") == "2022-10-30T00:00:00Z");
  CHECK(utc("2022-10-30T02:59", "Europe/Berlin") == "2022-10-30T00:59:00Z");
  CHECK(utc("2022-10-30T03:00", "Europe/Berlin") == "2022-10-30T02:00:00Z");
  // New York, 13 March and 6 November 2022.
  CHECK(utc("2022-03-13T02:30", "America/New_York") == "2022-03-13T07:00:00Z");
  CHECK(utc("2022-11-06T01:30", "America/New_York") == "2022-11-06T05:30:00Z");
  CHECK(utc("2022-11-06T02:00", "America/New_York") == "2022-11-06T07:00:00Z");
  // Lord Howe, half an hour: 3 April 2022, 02:00 to 01:30; 2 October, 02:00 to 02:30.
  CHECK(utc("2022-04-03T01:45", "Australia/Lord_Howe") == "2022-04-02T14:45:00Z");
  CHECK(utc("2022-04-03T02:00", "Australia/Lord_Howe") == "2022-04-02T15:30:00Z");
  CHECK(utc("2022-10-02T02:15", "Australia/Lord_Howe") == "2022-10-01T15:30:00Z");
  CHECK(utc("2022-10-02T02:30", "Australia/Lord_Howe") == "2022-10-01T15:30:00Z");
  // Apia had no 30 December 2011.
  CHECK(utc("2011-12-30T12:00", "Pacific/Apia") == "2011-12-30T10:00:00Z");
}

TEST_CASE("time zone: forms of a time") {
  CHECK(utc("2022-01-31T23:59Z", "Asia/Almaty") == "2022-01-31T23:59:00Z");
  CHECK(utc("2022-01-31T23:59:07Z", "") == "2022-01-31T23:59:07Z");
  CHECK(utc("2022-01-31T23:59+06:00", "Europe/Berlin") == "2022-01-31T17:59:00Z");
  CHECK(utc("2022-01-31T23:59:07-03:30", "") == "2022-02-01T03:29:07Z");
  CHECK(utc("2022-01-31T23:59:00-0330", "") == "2022-02-01T03:29:00Z");
  CHECK(utc("2022-01-31 23:59:00+06:00", "") == "2022-01-31T17:59:00Z");  // as text() has it
  CHECK(utc("2022-01-31", "Asia/Almaty") == "2022-01-30T18:00:00Z");
  CHECK(utc("2022-01-31T24:00", "Asia/Almaty") == "2022-01-31T18:00:00Z");
  CHECK(utc("2024-02-29T12:00", "UTC") == "2024-02-29T12:00:00Z");

  for (const char* bad : {"",
                          "2022",
                          "2022-01",
                          "2022-1-31",
                          "22-01-31",
                          "2022-01-31T",
                          "2022-01-31T23",
                          "2022-01-31T23:5",
                          "2022-01-31T23:60",
                          "2022-01-31T24:01",
                          "2022-01-31T25:00",
                          "2022-01-31T23:59:60",
                          "2022-01-31T23:59:",
                          "2022-01-31T23:59z",
                          "2022-01-31T23:59ZZ",
                          "2022-01-31T23:59+6:00",
                          "2022-01-31T23:59+06",
                          "2022-01-31T23:59+24:00",
                          "2022-01-31Z",
                          "2022-01-31T23:59 +06:00",
                          " 2022-01-31",
                          "2022-01-31 ",
                          "tomorrow",
                          "-022-01-31"}) {
    CAPTURE(bad);
    CHECK(utc(bad, "UTC") == "'" + std::string(bad) + "' is not a time such as 2022-01-31T23:59");
  }
  for (const char* none : {"2022-02-29", "2022-13-01", "2022-00-10", "2022-04-31", "2022-01-00"}) {
    CHECK(utc(none, "UTC") == "'" + std::string(none) + "': no such date");
  }
}

TEST_CASE("time zone: what is no zone") {
  CHECK(utc("2022-01-31", "Asia/Almata") == "no time zone 'Asia/Almata'");
  for (const char* none : {"../../etc/passwd", "europe/berlin", "zone.tab", "CET-1CEST", " UTC"}) {
    CAPTURE(none);
    CHECK(utc("2022-01-31", none) == "no time zone '" + std::string(none) + "'");
  }
  CHECK(text(WallTime(0ms), "Mars/Olympus") == "1970-01-01 00:00:00+00:00");
}

TEST_CASE("time zone: local times and their bounds") {
  const auto time = [](year y, unsigned month, unsigned day, std::chrono::minutes of_day) {
    return to_wall_time({y / std::chrono::month(month) / std::chrono::day(day), of_day},
                        "Asia/Almaty");
  };
  CHECK(utc_text(*time(year(2022), 1, 31, 24h)) == "2022-01-31T18:00:00Z");
  CHECK(time(year(2022), 1, 31, 24h) == time(year(2022), 2, 1, 0h));
  CHECK(time(year(2022), 2, 30, 0h).error() == "no such date");
  CHECK(time(year(2022), 1, 31, 24h + 1min).error() == "no such time of day");
  CHECK(time(year(2022), 1, 31, -1min).error() == "no such time of day");
  CHECK(to_wall_time({year(2022) / 1 / 31, 0h}, "Nowhere").error() == "no time zone 'Nowhere'");
}

TEST_CASE("time zone: this machine's is that of TZ") {
  {
    const Tz tz("Asia/Almaty");
    CHECK(utc("2022-01-31", "") == "2022-01-30T18:00:00Z");
    CHECK(text(WallTime(0ms)) == "1970-01-01 06:00:00+06:00");
  }
  {
    const Tz tz(":America/New_York");
    CHECK(utc("2022-01-31", "") == "2022-01-31T05:00:00Z");
  }
  {
    const Tz tz("");
    CHECK(utc("2022-01-31", "") == "2022-01-31T00:00:00Z");
  }
  const Tz tz("Almaty");
  CHECK(utc("2022-01-31", "") == "TZ does not name a time zone");
  CHECK(utc("2022-01-31Z", "").starts_with("'2022-01-31Z' is not a time"));
}

TEST_CASE("time zone: text, to the second, in a zone") {
  CHECK(text(WallTime(1'643'651'940'999ms), "UTC") == "2022-01-31 17:59:00+00:00");
  CHECK(in("America/New_York", "2022-01-31T17:59:00Z") == "2022-01-31 12:59:00-05:00");
  CHECK(in("Asia/Kathmandu", "2022-01-31T18:59:07Z") == "2022-02-01 00:44:07+05:45");
  CHECK(in("America/St_Johns", "2022-07-01T00:00Z") == "2022-06-30 21:30:00-02:30");
  CHECK(text(WallTime(-1ms), "UTC") == "1969-12-31 23:59:59+00:00");
}
