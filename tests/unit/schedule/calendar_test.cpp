#include "throttle/schedule/calendar.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_calendar.h"
#include "tests/unit/catch.h"
#include "tests/unit/schedule/calendar_support.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

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
