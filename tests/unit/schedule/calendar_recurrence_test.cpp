// Which occurrences a calendar's events have.

#include "tests/unit/catch.h"
#include "tests/unit/schedule/calendar_support.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

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
