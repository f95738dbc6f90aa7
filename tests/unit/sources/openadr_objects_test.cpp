#include "sources/openadr/openadr_objects.h"

#include "tests/unit/sources/openadr_support.h"

namespace ebb::sources::openadr {
namespace {

TEST_CASE("An event of the guide is read whole", "[openadr]") {
  const auto page = parse_events(R"([{
    "id": "e-7", "createdDateTime": "2026-02-01T00:00:00Z",
    "modificationDateTime": "2026-02-01T01:00:00Z", "objectType": "EVENT", "programID": "44",
    "eventName": "pricingEvent", "duration": "P7D", "priority": 3, "targets": ["group-1"],
    "intervalPeriod": {"start": "2026-02-10T00:00:00.000Z", "duration": "PT1H",
                       "randomizeStart": "PT5M"},
    "reportDescriptors": [{"payloadType": "USAGE", "readingType": "DIRECT_READ", "units": "KWH",
                           "startInterval": 1, "numIntervals": 2, "historical": false,
                           "frequency": 2, "repeat": -1, "aggregate": true}],
    "payloadDescriptors": [{"payloadType": "PRICE", "units": "KWH", "currency": "USD"}],
    "intervals": [
      {"id": 4, "payloads": [{"type": "PRICE", "values": [0.17, 1]},
                             {"type": "X", "values": ["a", true, {"x": 1, "y": 2}]}]},
      {"id": 5, "intervalPeriod": {"duration": "PT2H"}, "payloads": []}],
    "unknown": {"to": ["us"]}}])");
  REQUIRE(page);
  CHECK(page->faults.empty());
  REQUIRE(page->items.size() == 1);
  const Event& event = page->items.front();
  CHECK(event.id == "e-7");
  CHECK(event.program_id == "44");
  CHECK(event.priority == 3U);
  CHECK(event.written == kDay + hours(1));
  CHECK(event.duration == Duration{0, hours(7 * 24)});
  REQUIRE(event.period);
  CHECK(event.period->start->at == kDay + hours(9 * 24));
  CHECK(event.period->randomize_start == Duration{0, minutes(5)});
  REQUIRE(event.intervals.size() == 2);
  CHECK(event.intervals[0].id == 4);
  CHECK(event.intervals[0].payloads[0].values.size() == 2);
  CHECK(event.intervals[0].payloads[1].values.size() == 2);  // not the point
  CHECK_FALSE(event.intervals[1].period->start);
  CHECK(event.payloads[0].currency == "USD");
  const ReportDescriptor& report = event.reports.at(0);
  CHECK(report.start_interval == 1);
  CHECK(report.repeat == -1);
  CHECK_FALSE(report.historical);
  CHECK(report.aggregate);
}

TEST_CASE("What the guide's examples get wrong does not lose the event", "[openadr]") {
  const Event event = event_of(
      R"("createdDateTime": "14:13:26", "priority": null, "duration": null,
         "targets": [{"type": "GROUP", "values": ["a"]}],
         "reportDescriptors": [{"payLoadType": "USAGE"}], "intervals": [])");
  CHECK_FALSE(event.written);
  CHECK_FALSE(event.priority);
  CHECK_FALSE(event.duration);
  CHECK(event.reports.at(0).type == "USAGE");
}

TEST_CASE("A start that cannot be read is told, and its interval left out", "[openadr]") {
  const auto page =
      parse_events("[{\"id\":\"e1\",\"programID\":\"p1\",\"intervals\":[" +
                   interval("SIMPLE", "3", period("12:22:12", "PT1H")) + "," +
                   interval("SIMPLE", "2", period("2026-02-01T00:00:00Z", "PT1H")) + "," +
                   interval("SIMPLE", "1", period("2026-02-01T02:00:00Z", "1 hour")) + "]}]");
  REQUIRE(page);
  REQUIRE(page->items.size() == 1);
  CHECK(page->items[0].intervals.size() == 1);
  REQUIRE(page->faults.size() == 2);
  CHECK(page->faults[0] == "event 'e1': start is no date and time");
  CHECK(page->faults[1] == "event 'e1': duration is no duration");
}

TEST_CASE("Objects without identity count as seen, and are told", "[openadr]") {
  const auto page = parse_events(R"([{"programID":"p"}, 7, {"id":"e","programID":"p"}])");
  REQUIRE(page);
  CHECK(page->count == 3);
  CHECK(page->items.size() == 1);
  CHECK(page->faults.size() == 2);
}

TEST_CASE("Garbage is an error", "[openadr]") {
  for (const std::string& text :
       {std::string(), std::string("[{"), std::string("{}"), std::string("[1"), std::string("null"),
        std::string(100, '['), std::string("[]]")}) {
    INFO(text);
    CHECK_FALSE(parse_events(text));
    CHECK_FALSE(parse_programs(text));
  }
  CHECK(parse_events(std::string(40, '[') + std::string(40, ']')).error() ==
        "its answer is no JSON");
}

TEST_CASE("An event is bounded", "[openadr]") {
  std::string intervals;
  for (int i = 0; i < 6000; ++i)
    intervals += (i > 0 ? "," : "") + interval("SIMPLE", "1");
  CHECK(event_of("\"intervals\":[" + intervals + "]").intervals.size() == kMaxIntervals);
  std::string values = "1";
  for (int i = 0; i < 3000; ++i)
    values += ",1";
  CHECK(event_of("\"intervals\":[" + interval("GHG", values) + "]")
            .intervals[0]
            .payloads[0]
            .values.size() == kMaxValues);
}

TEST_CASE("Programs and names are read", "[openadr]") {
  const auto programs = parse_programs(
      R"([{"id":"p1","programName":"shed","payloadDescriptors":[{"payloadType":"PRICE",
           "units":"KWH","currency":"EUR"}]},{"programName":"no id"}])");
  REQUIRE(programs);
  REQUIRE(programs->items.size() == 1);
  CHECK(programs->items[0].name == "shed");
  CHECK(programs->items[0].payloads[0].currency == "EUR");
  const auto vens = parse_named(R"([{"id":"v1","venName":"a"}])", "venName");
  REQUIRE(vens);
  CHECK(vens->at(0).name == "a");
}

}  // namespace
}  // namespace ebb::sources::openadr
