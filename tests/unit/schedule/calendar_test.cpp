#include "throttle/schedule/calendar.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_calendar.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

namespace {

using Strings = std::vector<std::string>;

const CalendarFile kFile{"grid", "/etc/grid.ics", DutyCap{0.1}, SignalClass::economic,
                         "Europe/Berlin"};

std::string calendar(const std::string& inside) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" + inside + "END:VCALENDAR\r\n";
}

std::string event(const std::string& lines, const std::string& uid = "a@b") {
  return "BEGIN:VEVENT\r\nUID:" + uid + "\r\n" + lines + "END:VEVENT\r\n";
}

WallTime utc(std::string_view time) {
  return *parse_time(time, "UTC");
}

std::vector<Signal> signals_of(const std::string& text, std::string_view from = "2000-01-01",
                               std::string_view to = "2100-01-01", std::size_t most = 12) {
  const auto read = Calendar::parse(text, kFile);
  if (!read) FAIL(read.error());
  FirstSignals first(utc(from), utc(to), most);
  read->add_to(first);
  return first.take();
}

/// "2022-01-24T18:00:00Z 2022-01-25T06:00:00Z", one for each signal.
Strings spans(const std::vector<Signal>& signals) {
  Strings result;
  for (const Signal& signal : signals)
    result.push_back(utc_text(signal.valid_from) + " " + utc_text(*signal.valid_until));
  return result;
}

/// When the occurrences of an event begin, in local time of UTC.
Strings begins(const std::string& lines, std::string_view from = "2000-01-01",
               std::string_view to = "2100-01-01", std::size_t most = 12) {
  Strings result;
  for (const Signal& signal : signals_of(calendar(event(lines)), from, to, most))
    result.push_back(utc_text(signal.valid_from).substr(0, 16));
  return result;
}

/// The same of a rule, by their days, at 09:00 UTC from `first` on.
Strings days(const std::string& rule, const std::string& first, std::size_t most = 6) {
  Strings result =
      begins("DTSTART:" + first + "T090000Z\r\nDURATION:PT1H\r\nRRULE:" + rule + "\r\n",
             "1990-01-01", "2400-01-01", most);
  for (std::string& day : result) {
    if (day.substr(10) != "T09:00") FAIL(day);
    day.resize(10);
  }
  return result;
}

/// Without the file's name.
std::string error_of(const std::string& text) {
  const auto read = Calendar::parse(text, kFile);
  if (read) return "none";
  const std::string file = "calendar 'grid' (/etc/grid.ics): ";
  REQUIRE(read.error().starts_with(file));
  return read.error().substr(file.size());
}

/// Of an event that begins in line 4.
std::string event_error(const std::string& lines) {
  return error_of(calendar(event(lines)));
}

const std::string kStart = "DTSTART:20220124T090000Z\r\n";
const std::string kHour = "DTSTART:20220124T090000Z\r\nDTEND:20220124T100000Z\r\n";

}  // namespace

TEST_CASE("calendar: an event is a signal") {
  const auto signals = signals_of(
      calendar(event("DTSTART;TZID=Asia/Almaty:20220124T000000\r\n"
                     "DTEND;TZID=Asia/Almaty:20220201T000000\r\n"
                     "SUMMARY:KEGOC\\, order\\n12\r\nX-EBB-CAP:250W\r\nX-EBB-CLASS:mandatory\r\n",
                     "k-1@kegoc")));
  REQUIRE(signals.size() == 1);
  CHECK(signals[0].source == "schedule");
  CHECK(signals[0].id == "grid/k-1@kegoc/2022-01-23T18:00:00Z");
  CHECK(signals[0].cap == Cap(PowerCap{250}));
  CHECK(signals[0].signal_class == SignalClass::mandatory);
  CHECK(signals[0].valid_from == utc("2022-01-23T18:00"));
  CHECK(signals[0].valid_until == utc("2022-01-31T18:00"));
  CHECK(signals[0].reason == "KEGOC, order 12");
  CHECK(signals[0].sequence == 0);
  CHECK(signals[0].received_at == WallTime());
}

TEST_CASE("calendar: the cap is the event's own, else its summary's, else the file's") {
  const auto cap = [](const std::string& lines) {
    return text(signals_of(calendar(event(kHour + lines))).at(0).cap);
  };
  CHECK(cap("") == "10%");
  CHECK(cap("SUMMARY:\r\n") == "10%");
  CHECK(cap("SUMMARY:ebb 40%\r\n") == "40%");
  CHECK(cap("SUMMARY: Ebb 250W \r\n") == "250W");
  CHECK(cap("SUMMARY:ebb 0\r\n") == "0%");
  CHECK(cap("SUMMARY:ebb 20MH/s\r\n") == "20MH/s");
  CHECK(cap("SUMMARY:ebbing 40%\r\n") == "10%");
  CHECK(cap("SUMMARY:ebb tide\r\n") == "10%");
  CHECK(cap("SUMMARY:ebb 40%\r\nX-EBB-CAP: 0 \r\n") == "0%");
  CHECK(cap("X-EBB-CAP:75%\r\nSUMMARY:ebb 140%\r\n") == "75%");
  CHECK(event_error(kHour + "SUMMARY:ebb 140%\r\n") == "line 8: SUMMARY '140%' is above 100%");
  CHECK(event_error(kHour + "SUMMARY:ebb 40 %\r\n") ==
        "line 8: SUMMARY '40 %' is not a percentage such as 40%");
  CHECK(event_error(kHour + "X-EBB-CAP:half\r\n") ==
        "line 8: X-EBB-CAP 'half' is not a cap such as 40%, 250W or 20MH/s");
  CHECK(event_error(kHour + "X-EBB-CAP:4\t0%\r\n") ==
        "line 8: X-EBB-CAP '4 0%' is not a percentage such as 40%");
  CHECK(event_error(kHour + "X-EBB-CLASS:order\r\n") ==
        "line 8: X-EBB-CLASS 'order' is not a class");
}

TEST_CASE("calendar: what is cancelled or transparent does not count") {
  CHECK(signals_of(calendar(event(kHour + "STATUS:CANCELLED\r\n"))).empty());
  CHECK(signals_of(calendar(event(kHour + "STATUS:cancelled\r\nTRANSP:OPAQUE\r\n"))).empty());
  CHECK(signals_of(calendar(event(kHour + "TRANSP:TRANSPARENT\r\n"))).empty());
  CHECK(signals_of(calendar(event(kHour + "STATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\n"))).size() == 1);
}

TEST_CASE("calendar: zones of times") {
  const auto begin = [](const std::string& start) {
    return begins("DTSTART" + start + "\r\nDURATION:PT1H\r\n").at(0);
  };
  CHECK(begin(":20220701T120000Z") == "2022-07-01T12:00");
  CHECK(begin(":20220701T120000") == "2022-07-01T10:00");  // the file's, Berlin
  CHECK(begin(";TZID=America/New_York:20220701T120000") == "2022-07-01T16:00");
  CHECK(begin(";TZID=\"Asia/Almaty\":20220701T120000") == "2022-07-01T06:00");
  CHECK(begin(";TZID=Asia/Almaty:20250701T120000") == "2025-07-01T07:00");
  CHECK(begin(";TZID=/freeassociation.sourceforge.net/Asia/Almaty:20220701T120000") ==
        "2022-07-01T06:00");
  CHECK(begin(";TZID=/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires:"
              "20220701T120000") == "2022-07-01T15:00");
  CHECK(event_error("DTSTART;TZID=Asia/Almata:20220701T120000\r\nDURATION:PT1H\r\n") ==
        "line 6: DTSTART no time zone 'Asia/Almata'");
  CHECK(event_error("DTSTART;TZID=:20220701T120000\r\nDURATION:PT1H\r\n") ==
        "line 6: DTSTART no time zone ''");
}

TEST_CASE("calendar: a zone that only the file knows") {
  const std::string zone =
      "BEGIN:VTIMEZONE\r\nTZID:Central Asia Standard Time\r\n"
      "BEGIN:STANDARD\r\nDTSTART:16010101T000000\r\n"
      "TZOFFSETFROM:+0600\r\nTZOFFSETTO:+0600\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
  CHECK(spans(signals_of(
            calendar(zone + event("DTSTART;TZID=Central Asia Standard Time:20220124T000000\r\n"
                                  "DTEND;TZID=Central Asia Standard Time:20220201T000000\r\n")))) ==
        Strings{"2022-01-23T18:00:00Z 2022-01-31T18:00:00Z"});

  // As Outlook writes it; the zone's own times have the zone as a parameter, which says nothing.
  const std::string berlin =
      "BEGIN:VTIMEZONE\r\nTZID:W. Europe\r\n"
      "BEGIN:STANDARD\r\nDTSTART;TZID=W. Europe:16010101T030000\r\nTZOFFSETFROM:+0200\r\n"
      "TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
      "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
      "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";
  const auto nights = [&](const std::string& tzid) {
    return spans(signals_of(calendar(berlin + event("DTSTART;TZID=" + tzid +
                                                    ":20210103T023000\r\n"
                                                    "DTEND;TZID=" +
                                                    tzid +
                                                    ":20210103T060000\r\n"
                                                    "RRULE:FREQ=DAILY\r\n")),
                            "2021-01-03", "2031-01-01", 4000));
  };
  const auto own = nights("W. Europe");
  CHECK(own.size() == 3650);
  CHECK(own == nights("Europe/Berlin"));
}

TEST_CASE("calendar: a zone of the file that changed once, and one that names its place") {
  const std::string almaty =
      "BEGIN:VTIMEZONE\r\nTZID:Almaty\r\n"
      "BEGIN:STANDARD\r\nDTSTART:20041031T030000\r\nTZOFFSETFROM:+0700\r\nTZOFFSETTO:+0600\r\n"
      "END:STANDARD\r\n"
      "BEGIN:STANDARD\r\nDTSTART:20240301T000000\r\nTZOFFSETFROM:+0600\r\nTZOFFSETTO:+0500\r\n"
      "END:STANDARD\r\nEND:VTIMEZONE\r\n";
  const auto begin = [&](const std::string& zone, const std::string& time) {
    return spans(signals_of(calendar(
                     zone + event("DTSTART;TZID=Almaty:" + time + "\r\nDURATION:PT1H\r\n"))))
        .at(0)
        .substr(0, 16);
  };
  CHECK(begin(almaty, "20040701T120000") == "2004-07-01T05:00");
  CHECK(begin(almaty, "20220124T000000") == "2022-01-23T18:00");
  CHECK(begin(almaty, "20240229T233000") == "2024-02-29T17:30");  // the first of two
  CHECK(begin(almaty, "20260124T000000") == "2026-01-23T19:00");
  const std::string placed =
      "BEGIN:VTIMEZONE\r\nTZID:Almaty\r\nX-LIC-LOCATION:Asia/Almaty\r\nEND:VTIMEZONE\r\n";
  CHECK(begin(placed, "20240301T000000") == "2024-02-29T19:00");
}

TEST_CASE("calendar: zones that are refused") {
  const auto zone_error = [](const std::string& observance) {
    return error_of(calendar("BEGIN:VTIMEZONE\r\nTZID:Own\r\n" + observance + "END:VTIMEZONE\r\n" +
                             event("DTSTART;TZID=Own:20220124T000000\r\nDURATION:PT1H\r\n")));
  };
  const std::string offsets = "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n";
  CHECK(zone_error("").ends_with("line 4: VTIMEZONE without STANDARD or DAYLIGHT"));
  CHECK(zone_error("BEGIN:STANDARD\r\n" + offsets + "END:STANDARD\r\n")
            .ends_with("line 6: STANDARD without DTSTART"));
  CHECK(zone_error("BEGIN:STANDARD\r\nTZOFFSETFROM:+2\r\nEND:STANDARD\r\n")
            .ends_with("line 7: TZOFFSETFROM is not an offset such as +0600"));
  CHECK(zone_error("BEGIN:STANDARD\r\n" + offsets +
                   "DTSTART:19700101T000000\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\n")
            .ends_with("line 10: RRULE recurs too often"));
}

TEST_CASE("calendar: whole days, in the file's zone") {
  CHECK(spans(signals_of(calendar(event("DTSTART;VALUE=DATE:20220326\r\n")))) ==
        Strings{"2022-03-25T23:00:00Z 2022-03-26T23:00:00Z"});
  // The day of the change has 23 hours.
  CHECK(spans(signals_of(calendar(event("DTSTART;VALUE=DATE:20220327\r\n")))) ==
        Strings{"2022-03-26T23:00:00Z 2022-03-27T22:00:00Z"});
  CHECK(spans(signals_of(
            calendar(event("DTSTART;VALUE=DATE:20220124\r\nDTEND;VALUE=DATE:20220201\r\n")))) ==
        Strings{"2022-01-23T23:00:00Z 2022-01-31T23:00:00Z"});
  CHECK(spans(signals_of(
            calendar(event("DTSTART;VALUE=DATE:20220326\r\nDURATION:P2D\r\n"
                           "RRULE:FREQ=WEEKLY;COUNT=2\r\nEXDATE;VALUE=DATE:20220326\r\n")))) ==
        Strings{"2022-04-01T22:00:00Z 2022-04-03T22:00:00Z"});
  CHECK(spans(signals_of(calendar(event("DTSTART;VALUE=DATE:20220124\r\n"
                                        "RRULE:FREQ=DAILY;UNTIL=20220125;BYHOUR=9\r\n"
                                        "RDATE;VALUE=DATE:20220301\r\n")))) ==
        Strings{"2022-01-23T23:00:00Z 2022-01-24T23:00:00Z",
                "2022-01-24T23:00:00Z 2022-01-25T23:00:00Z",
                "2022-02-28T23:00:00Z 2022-03-01T23:00:00Z"});
}

TEST_CASE("calendar: DTEND is a time of the clock, hours of DURATION are exact") {
  const auto nights = [](const std::string& end) {
    return spans(signals_of(calendar(event("DTSTART;TZID=Europe/Berlin:20220325T220000\r\n" + end +
                                           "\r\nRRULE:FREQ=DAILY;COUNT=3\r\n"))));
  };
  CHECK(nights("DTEND;TZID=Europe/Berlin:20220326T060000") ==
        Strings{"2022-03-25T21:00:00Z 2022-03-26T05:00:00Z",
                "2022-03-26T21:00:00Z 2022-03-27T04:00:00Z",
                "2022-03-27T20:00:00Z 2022-03-28T04:00:00Z"});
  CHECK(nights("DURATION:PT8H") == Strings{"2022-03-25T21:00:00Z 2022-03-26T05:00:00Z",
                                           "2022-03-26T21:00:00Z 2022-03-27T05:00:00Z",
                                           "2022-03-27T20:00:00Z 2022-03-28T04:00:00Z"});
  CHECK(nights("DURATION:P1DT30M").at(1) == "2022-03-26T21:00:00Z 2022-03-27T20:30:00Z");
  CHECK(nights("DURATION:P1W").at(0) == "2022-03-25T21:00:00Z 2022-04-01T20:00:00Z");
  // An end in another zone: by time that passes.
  CHECK(nights("DTEND:20220326T050000Z").at(1) == "2022-03-26T21:00:00Z 2022-03-27T05:00:00Z");
}

TEST_CASE("calendar: COUNT and INTERVAL") {
  CHECK(days("FREQ=DAILY;COUNT=3", "20220130") ==
        Strings{"2022-01-30", "2022-01-31", "2022-02-01"});
  CHECK(days("FREQ=DAILY;COUNT=1", "20220130") == Strings{"2022-01-30"});
  CHECK(days("FREQ=DAILY;INTERVAL=10;COUNT=3", "20220125") ==
        Strings{"2022-01-25", "2022-02-04", "2022-02-14"});
  CHECK(days("FREQ=WEEKLY;INTERVAL=2;COUNT=3", "20220125") ==
        Strings{"2022-01-25", "2022-02-08", "2022-02-22"});
  CHECK(days("FREQ=MONTHLY;INTERVAL=5;COUNT=3", "20220115") ==
        Strings{"2022-01-15", "2022-06-15", "2022-11-15"});
  CHECK(days("FREQ=YEARLY;INTERVAL=3;COUNT=3", "20220115") ==
        Strings{"2022-01-15", "2025-01-15", "2028-01-15"});
  CHECK(begins("DTSTART:20220124T220000Z\r\nDURATION:PT10M\r\nRRULE:FREQ=HOURLY;INTERVAL=3;COUNT=3"
               "\r\n") == Strings{"2022-01-24T22:00", "2022-01-25T01:00", "2022-01-25T04:00"});
}

TEST_CASE("calendar: UNTIL, in UTC, in local time and as a day, is the last beginning") {
  const auto last = [](const std::string& until) {
    return begins(
               "DTSTART;TZID=America/New_York:20220124T210000\r\nDURATION:PT1H\r\n"
               "RRULE:FREQ=DAILY;UNTIL=" +
               until + "\r\n")
        .back();
  };
  CHECK(last("20220127T020000Z") == "2022-01-27T02:00");
  CHECK(last("20220127T015959Z") == "2022-01-26T02:00");
  CHECK(last("20220127T210000") == "2022-01-28T02:00");
  CHECK(last("20220127T205959") == "2022-01-27T02:00");
  CHECK(last("20220127") == "2022-01-28T02:00");
}

TEST_CASE("calendar: weekdays, months and days of rules") {
  CHECK(days("FREQ=WEEKLY;BYDAY=MO,WE,FR", "20220124") == Strings{"2022-01-24", "2022-01-26",
                                                                  "2022-01-28", "2022-01-31",
                                                                  "2022-02-02", "2022-02-04"});
  CHECK(days("FREQ=DAILY;BYDAY=SA,SU", "20220129") == Strings{"2022-01-29", "2022-01-30",
                                                              "2022-02-05", "2022-02-06",
                                                              "2022-02-12", "2022-02-13"});
  CHECK(days("FREQ=DAILY;BYMONTH=1", "20220130") == Strings{"2022-01-30", "2022-01-31",
                                                            "2023-01-01", "2023-01-02",
                                                            "2023-01-03", "2023-01-04"});
  CHECK(days("FREQ=DAILY;BYMONTHDAY=-1", "20220131", 3) ==
        Strings{"2022-01-31", "2022-02-28", "2022-03-31"});
  CHECK(days("FREQ=MONTHLY;BYDAY=1MO", "20220103", 3) ==
        Strings{"2022-01-03", "2022-02-07", "2022-03-07"});
  CHECK(days("FREQ=MONTHLY;BYDAY=-1FR", "20220128", 3) ==
        Strings{"2022-01-28", "2022-02-25", "2022-03-25"});
  CHECK(days("FREQ=MONTHLY;BYMONTHDAY=31", "20220131", 4) ==
        Strings{"2022-01-31", "2022-03-31", "2022-05-31", "2022-07-31"});
  CHECK(days("FREQ=MONTHLY", "20220130", 3) == Strings{"2022-01-30", "2022-03-30", "2022-04-30"});
  CHECK(days("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "20220513", 3) ==
        Strings{"2022-05-13", "2023-01-13", "2023-10-13"});
  CHECK(days("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "20220131", 3) ==
        Strings{"2022-01-31", "2022-02-28", "2022-03-31"});
  CHECK(days("FREQ=WEEKLY;BYDAY=MO,TU,WE;BYSETPOS=1", "20220124", 3) ==
        Strings{"2022-01-24", "2022-01-31", "2022-02-07"});
  CHECK(days("FREQ=YEARLY", "20200229", 3) == Strings{"2020-02-29", "2024-02-29", "2028-02-29"});
  CHECK(days("FREQ=YEARLY;BYMONTHDAY=4", "20220104", 3) ==
        Strings{"2022-01-04", "2022-02-04", "2022-03-04"});
  CHECK(days("FREQ=YEARLY;BYMONTH=1,7", "20220104", 3) ==
        Strings{"2022-01-04", "2022-07-04", "2023-01-04"});
  CHECK(days("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "20221124", 3) ==
        Strings{"2022-11-24", "2023-11-23", "2024-11-28"});
  CHECK(days("FREQ=YEARLY;BYDAY=20MO", "20220516", 3) ==
        Strings{"2022-05-16", "2023-05-15", "2024-05-13"});
  CHECK(days("FREQ=YEARLY;BYYEARDAY=1,-1", "20220101", 3) ==
        Strings{"2022-01-01", "2022-12-31", "2023-01-01"});
  CHECK(days("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "20220103", 4) ==
        Strings{"2022-01-03", "2023-01-02", "2024-01-01", "2024-12-30"});
  CHECK(days("FREQ=YEARLY;BYWEEKNO=53", "20201229", 2) == Strings{"2020-12-29", "2026-12-29"});
  CHECK(days("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "20201103",
             3) == Strings{"2020-11-03", "2024-11-05", "2028-11-07"});
}

TEST_CASE("calendar: the week's first day matters to every other week") {
  // RFC 5545's own example.
  CHECK(days("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805") ==
        Strings{"1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"});
  CHECK(days("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805") ==
        Strings{"1997-08-05", "1997-08-17", "1997-08-19", "1997-08-31"});
}

TEST_CASE("calendar: hours and minutes of rules") {
  CHECK(begins(kStart + "DURATION:PT5M\r\nRRULE:FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0,30\r\n",
               "2022-01-24", "2022-01-25T12:00") ==
        Strings{"2022-01-24T09:00", "2022-01-24T09:30", "2022-01-24T17:00", "2022-01-24T17:30",
                "2022-01-25T09:00", "2022-01-25T09:30"});
  CHECK(begins(kStart + "DURATION:PT5M\r\nRRULE:FREQ=HOURLY;BYHOUR=9,10;BYMINUTE=15;BYDAY=MO\r\n",
               "2022-01-24T09:10", "2022-02-01") ==
        Strings{"2022-01-24T09:15", "2022-01-24T10:15", "2022-01-31T09:15", "2022-01-31T10:15"});
  CHECK(begins(kStart + "DURATION:PT5M\r\nRRULE:FREQ=DAILY;BYHOUR=9,17;BYSETPOS=2;COUNT=2\r\n") ==
        Strings{"2022-01-24T09:00", "2022-01-24T17:00", "2022-01-25T17:00"});
}

TEST_CASE("calendar: RDATE adds, EXDATE takes away, and a beginning counts once") {
  CHECK(begins(kHour + "RRULE:FREQ=DAILY;COUNT=4\r\n"
                       "EXDATE:20220125T090000Z,20220127T090000Z\r\n"
                       "EXDATE;TZID=Asia/Almaty:20220124T150000\r\n"
                       "EXDATE:20220126T090001Z\r\n"
                       "RDATE:20220301T120000Z,20220126T090000Z\r\n"
                       "RDATE;TZID=Asia/Almaty:20220302T120000\r\n") ==
        Strings{"2022-01-26T09:00", "2022-03-01T12:00", "2022-03-02T06:00"});
  CHECK(begins(kHour + "RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE;VALUE=DATE:20220125\r\n") ==
        Strings{"2022-01-24T09:00", "2022-01-26T09:00"});
  CHECK(spans(signals_of(
            calendar(event(kHour + "RDATE;VALUE=PERIOD:20220124T090000Z/20220124T120000Z,"
                                   "20220125T000000Z/PT30M\r\n")))) ==
        Strings{"2022-01-24T09:00:00Z 2022-01-24T12:00:00Z",
                "2022-01-25T00:00:00Z 2022-01-25T00:30:00Z"});
}

TEST_CASE("calendar: one occurrence is moved, one is extended, one is cancelled") {
  const std::string series = event(kHour +
                                   "RRULE:FREQ=DAILY;COUNT=5\r\nX-EBB-CAP:0\r\n"
                                   "X-EBB-CLASS:mandatory\r\n");
  const std::string moved = event(
      "RECURRENCE-ID:20220125T090000Z\r\n"
      "DTSTART:20220126T080000Z\r\nDTEND:20220126T083000Z\r\n");
  const std::string extended = event(
      "RECURRENCE-ID;TZID=Asia/Almaty:20220127T150000\r\n"
      "DTSTART:20220127T090000Z\r\nDTEND:20220127T120000Z\r\n"
      "SUMMARY:ebb 5%\r\n");
  const std::string cancelled = event(
      "RECURRENCE-ID:20220128T090000Z\r\nSTATUS:CANCELLED\r\n"
      "DTSTART:20220128T090000Z\r\n");
  const auto signals = signals_of(calendar(moved + series + extended + cancelled));
  CHECK(spans(signals) == Strings{"2022-01-24T09:00:00Z 2022-01-24T10:00:00Z",
                                  "2022-01-26T08:00:00Z 2022-01-26T08:30:00Z",
                                  "2022-01-26T09:00:00Z 2022-01-26T10:00:00Z",
                                  "2022-01-27T09:00:00Z 2022-01-27T12:00:00Z"});
  // What is moved has the series' cap and class where it names none.
  CHECK(signals[1].cap == Cap(DutyCap{0}));
  CHECK(signals[1].signal_class == SignalClass::mandatory);
  CHECK(signals[3].cap == Cap(DutyCap{0.05}));
  // An extension keeps the id; what is moved cannot be taken for another that begins then.
  CHECK(signals[3].id == "grid/a@b/2022-01-27T09:00:00Z");
  CHECK(signals[1].id == "grid/a@b/2022-01-26T08:00:00Z/2022-01-25T09:00:00Z");
}

TEST_CASE("calendar: an occurrence of whole days is replaced by its date") {
  CHECK(spans(signals_of(
            calendar(event("DTSTART;VALUE=DATE:20220124\r\nRRULE:FREQ=DAILY;COUNT=2\r\n") +
                     event("RECURRENCE-ID;VALUE=DATE:20220125\r\nDTSTART:20220125T120000Z\r\n"
                           "DTEND:20220125T130000Z\r\n")))) ==
        Strings{"2022-01-23T23:00:00Z 2022-01-24T23:00:00Z",
                "2022-01-25T12:00:00Z 2022-01-25T13:00:00Z"});
}

TEST_CASE("calendar: an old rule is asked for its occurrences of now") {
  CHECK(begins("DTSTART:19700101T090000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=HOURLY;INTERVAL=5\r\n",
               "2022-01-24", "2022-01-24T12:00") ==
        Strings{"2022-01-24T00:00", "2022-01-24T05:00", "2022-01-24T10:00"});
  CHECK(begins("DTSTART:19700105T090000Z\r\nDURATION:P5D\r\nRRULE:FREQ=WEEKLY;INTERVAL=3\r\n",
               "2022-01-20", "2022-02-10") == Strings{"2022-01-17T09:00", "2022-02-07T09:00"});
  // One that lasts so long that many stand at once.
  CHECK(begins("DTSTART:19700101T000000Z\r\nDURATION:P4D\r\nRRULE:FREQ=DAILY\r\n", "2022-01-24",
               "2022-01-25") ==
        Strings{"2022-01-21T00:00", "2022-01-22T00:00", "2022-01-23T00:00", "2022-01-24T00:00"});
}

TEST_CASE("calendar: a rule without occurrences ends") {
  CHECK(days("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", "20220124") == Strings{"2022-01-24"});
  CHECK(days("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5", "20220124") == Strings{"2022-01-24"});
  CHECK(days("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "20220124") == Strings{"2022-01-24"});
}

TEST_CASE("calendar: rules that are refused") {
  const auto rule_error = [](const std::string& rule) {
    return event_error(kHour + "RRULE:" + rule + "\r\n");
  };
  CHECK(rule_error("FREQ=SECONDLY") == "line 8: RRULE recurs too often");
  CHECK(rule_error("FREQ=MINUTELY;INTERVAL=30") == "line 8: RRULE recurs too often");
  CHECK(rule_error("FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10,"
                   "11,12,13,14,15,16,17,18,19,20,21,22,23") == "line 8: RRULE recurs too often");
  CHECK(rule_error("FREQ=DAILY;INTERVAL=70000") == "line 8: RRULE has too large a number");
  CHECK(rule_error("FREQ=FORTNIGHTLY") == "line 8: bad RRULE");
  CHECK(rule_error("FREQ=WEEKLY;BYDAY=MO,XX") == "line 8: bad RRULE");
  CHECK(rule_error("FREQ=DAILY;INTERVAL=0") == "line 8: bad RRULE");
  CHECK(rule_error("FREQ=DAILY;COUNT=3;UNTIL=20230101") == "line 8: bad RRULE");
  CHECK(rule_error("FREQ=DAILY;UNTIL=20230230") ==
        "line 8: RRULE has no such date or time in UNTIL");
  CHECK(rule_error("FREQ=WEEKLY;BYMONTHDAY=3") ==
        "line 8: RRULE BYMONTHDAY does not go with FREQ=WEEKLY");
  CHECK(rule_error("FREQ=MONTHLY;BYWEEKNO=3") == "line 8: RRULE BYWEEKNO needs FREQ=YEARLY");
  CHECK(rule_error("FREQ=WEEKLY;BYDAY=1MO") ==
        "line 8: RRULE a numbered BYDAY needs FREQ=MONTHLY or YEARLY");
  CHECK(event_error(kHour + "EXRULE:FREQ=DAILY\r\n") == "line 8: EXRULE is not supported");
  CHECK(event_error("RECURRENCE-ID;RANGE=THISANDFUTURE:20220124T090000Z\r\n" + kHour) ==
        "line 6: RECURRENCE-ID with RANGE is not supported");
}

TEST_CASE("calendar: rules whose counting takes too long are refused") {
  std::string events;
  for (int i = 0; i < 300; ++i) {
    events +=
        event(kHour + "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5\r\n", std::to_string(i));
  }
  CHECK(error_of(calendar(events)).ends_with(": RRULE recurs too often"));
}

TEST_CASE("calendar: events that are refused") {
  CHECK(event_error("DTEND:20220124T100000Z\r\n") == "line 4: VEVENT without DTSTART");
  CHECK(event_error(kStart) == "line 4: VEVENT without DTEND or DURATION");
  CHECK(event_error(kStart + "DTEND:20220124T090000Z\r\n") ==
        "line 7: DTEND ends before it begins");
  CHECK(event_error(kStart + "DTEND:20220123T100000Z\r\n") ==
        "line 7: DTEND ends before it begins");
  CHECK(event_error(kStart + "DURATION:PT0S\r\n") == "line 7: DURATION ends before it begins");
  CHECK(event_error(kStart + "DURATION:-PT1H\r\n") == "line 7: DURATION is out of range");
  CHECK(event_error(kStart + "DURATION:PT99999999999H\r\n") == "line 7: DURATION is out of range");
  CHECK(event_error(kStart + "DURATION:1H\r\n") == "line 7: bad DURATION");
  CHECK(event_error(kHour + "DURATION:PT1H\r\n") == "line 8: DURATION beside DTEND");
  CHECK(event_error(kStart + "DTEND;VALUE=DATE:20220125\r\n") ==
        "line 7: DTEND is not of the same kind as DTSTART");
  CHECK(event_error(kHour + "RDATE;VALUE=DATE:20220125\r\n") ==
        "line 8: RDATE is not of the same kind as DTSTART");
  CHECK(event_error(kHour + "EXDATE:20220125T090000Z,soon\r\n") == "line 8: bad EXDATE");
  CHECK(event_error(kHour + kStart) == "line 8: DTSTART for the second time");
  CHECK(event_error("DTSTART:20220230T090000Z\r\nDURATION:PT1H\r\n") ==
        "line 6: DTSTART '20220230T090000Z': no such date or time");
  CHECK(event_error("DTSTART:20220124T250000Z\r\nDURATION:PT1H\r\n") ==
        "line 6: DTSTART '20220124T250000Z': no such date or time");
  CHECK(event_error("DTSTART:\r\nDURATION:PT1H\r\n") == "line 6: bad DTSTART");
  CHECK(event_error("DTSTART:next week\r\nDURATION:PT1H\r\n") == "line 6: bad DTSTART");
  CHECK(error_of(calendar("BEGIN:VEVENT\r\n" + kHour + "END:VEVENT\r\n")) ==
        "line 4: VEVENT without UID");
  CHECK(error_of(calendar(event(kHour, std::string(256, 'u')))) ==
        "line 5: UID is empty or longer than 255");
  CHECK(error_of(calendar(event(kHour) + event(kHour))) ==
        "line 10: UID 'a@b' for the second time");
}

TEST_CASE("calendar: files that are refused") {
  CHECK(error_of("") == "no VCALENDAR in it");
  CHECK(error_of("\r\n\r\n") == "no VCALENDAR in it");
  CHECK(error_of("hello\n") == "line 1: 'hello' is not NAME:VALUE");
  CHECK(error_of("name: x\n") == "line 1: not an iCalendar file: it begins with BEGIN:VCALENDAR");
  CHECK(error_of("BEGIN:VCARD\nEND:VCARD\n") == "line 1: BEGIN:'VCARD' outside a VCALENDAR");
  CHECK(error_of("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\n") == "line 2: BEGIN without its END");
  CHECK(error_of("BEGIN:VCALENDAR\nEND:VEVENT\n") == "line 2: END:'VEVENT' without its BEGIN");
  CHECK(error_of(calendar("") + "END:VCALENDAR\n") == "line 5: END:'VCALENDAR' without its BEGIN");
  for (const char* bad : {"\x01", "\x7f", "\xff", "\xc3(", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf",
                          "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8"}) {
    CHECK(error_of(calendar(event(kHour + "SUMMARY:" + bad + "\r\n"))) ==
          "line 8: not plain UTF-8 text");
  }
  CHECK(error_of("a\tb" + std::string(1000, 'c')) ==
        "line 1: 'a b" + std::string(97, 'c') + "' is not NAME:VALUE");
  std::string deep;
  for (int i = 0; i < 20; ++i)
    deep += "BEGIN:VCALENDAR\n";
  CHECK(error_of(deep) == "line 9: too many components inside each other");
  CHECK(error_of(calendar(std::string(Calendar::kMaxBytes, '\n'))) == "longer than 1 MiB");
  std::string many;
  for (std::size_t i = 0; i <= Calendar::kMaxEvents; ++i)
    many += "BEGIN:VEVENT\nUID:" + std::to_string(i) + "\nDTSTART:20220124\nEND:VEVENT\n";
  CHECK(error_of(calendar(many)) == "more than 10000 events");
}

TEST_CASE("calendar: what is read past") {
  CHECK(signals_of(calendar("")).empty());
  CHECK(signals_of(calendar(event(kHour))).at(0).reason == "grid");
  CHECK(signals_of(calendar(event(kHour + "SUMMARY:Жүктеме\t↓ 0 % 🚫\r\n"))).at(0).reason ==
        "Жүктеме ↓ 0 % 🚫");
  // Unknown names, empty ones, alarms, to-dos, lower case, bare line feeds and folded lines.
  const auto signals = signals_of(
      "\xef\xbb\xbf"
      "begin:vcalendar\nX-WR-CALNAME:Grid\nMETHOD:PUBLISH\n"
      "BEGIN:VTODO\nUID:t\nDUE:whenever\nEND:VTODO\n"
      "BEGIN:VEVENT\nUID:a\ndtstart:2022012\n 4T090000Z\nDTEND:20220124T1\n\t00000Z\n"
      "DESCRIPTION:\nLOCATION:\nSTYLED-DESCRIPTION;FMTTYPE=\"a:b\":<p>\n"
      "SUMMARY:\xd0\n \x9a"
      "EGOC\n"
      "BEGIN:VALARM\nTRIGGER:-PT15M\nDURATION:P1D\nDTSTART:junk\nEND:VALARM\n"
      "END:VEVENT\nend:vcalendar");
  REQUIRE(signals.size() == 1);
  CHECK(spans(signals) == Strings{"2022-01-24T09:00:00Z 2022-01-24T10:00:00Z"});
  CHECK(signals[0].reason ==
        "\xd0\x9a"
        "EGOC");
}

TEST_CASE("calendar: a reason is bounded") {
  std::string summary;
  for (int i = 0; i < 400; ++i)
    summary += "\xd0\x9a";
  const auto signals = signals_of(calendar(event(kHour + "SUMMARY:x" + summary + "\r\n")));
  CHECK(signals.at(0).reason == "x" + summary.substr(0, 498));
}

TEST_CASE("calendar: files") {
  const ebb::tests::TemporaryFolder folder;
  CalendarFile file = kFile;
  file.path = folder.path() / "grid.ics";
  const auto read = [&] {
    const auto calendar = Calendar::read(file);
    return calendar ? "" : calendar.error();
  };
  const std::string named = "calendar 'grid' (" + file.path + "): ";
  CHECK(read() == named + "cannot be read: No such file or directory");
  std::ofstream(file.path) << calendar(event(kHour));
  CHECK(read().empty());
  const auto schedule = Schedule::read({}, {file});
  REQUIRE(schedule);
  CHECK(schedule->signals(utc("2022-01-24"), utc("2022-01-25"), 9).size() == 1);
  CHECK(Schedule::read({}, {file, file}).error() == "calendar 'grid': another has the same name");
  std::ofstream(file.path) << calendar(event(kHour)).substr(0, 90);
  CHECK(read() == named + "line 4: BEGIN without its END");
  std::ofstream(file.path) << std::string(Calendar::kMaxBytes + 1, '\n');
  CHECK(read() == named + "longer than 1 MiB");
  file.zone = "Asia/Almata";
  CHECK(read() == named + "no time zone 'Asia/Almata'");
  file.path = folder.path();
  CHECK(read() == "calendar 'grid' (" + file.path + "): cannot be read: not a file");
}

TEST_CASE("calendar: a weekly window is the same as a weekly rule") {
  struct Case {
    const char* zone;
    const char* days;
    std::vector<std::chrono::weekday> weekdays;
    int from, until;  // hours
  };
  using namespace std::chrono;
  for (const Case& it : {Case{"Europe/Berlin", "SA,SU", {Saturday, Sunday}, 22, 6},
                         Case{"America/New_York", "SU", {Sunday}, 1, 4},
                         Case{"Australia/Lord_Howe", "SA,SU,MO", {Saturday, Sunday, Monday}, 0, 24},
                         Case{"Asia/Almaty", "TH,FR", {Thursday, Friday}, 17, 21},
                         Case{"Africa/Casablanca", "SU", {Sunday}, 2, 3}}) {
    CAPTURE(it.zone);
    const year_month_day first = year(2023) / 3 / 1;
    const auto two = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    const std::string tzid = std::string(";TZID=") + it.zone;
    // The first of March 2023 is before any of their occurrences: DTSTART is excepted.
    const std::string end_day = it.until <= it.from || it.until == 24 ? "20230302T" : "20230301T";
    const auto rule = signals_of(
        calendar(event("DTSTART" + tzid + ":20230301T" + two(it.from) + "0000\r\nDTEND" + tzid +
                       ":" + end_day + two(it.until % 24) + "0000\r\nRRULE:FREQ=WEEKLY;BYDAY=" +
                       it.days + "\r\nEXDATE" + tzid + ":20230301T" + two(it.from) + "0000\r\n")),
        "2023-03-01", "2025-03-01", 1000);
    WeeklySpan span;
    span.days = it.weekdays;
    span.from = hours(it.from);
    span.until = hours(it.until);
    span.first = first;
    const auto schedule = Schedule::read({{"w", DutyCap{0}, {}, it.zone, span, ""}}, {});
    REQUIRE(schedule);
    const auto window = schedule->signals(utc("2023-03-01"), utc("2025-03-01"), 1000);
    CHECK(window.size() > 100);
    CHECK(spans(window) == spans(rule));
  }
}

TEST_CASE("fuzz corpus: calendars") {
  std::size_t files = 0;
  for (const auto& it :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/calendar")) {
    CAPTURE(it.path());
    std::ifstream file(it.path(), std::ios::binary);
    fuzz_calendar(std::string{std::istreambuf_iterator<char>(file), {}});
    ++files;
  }
  CHECK(files >= 5);
}
