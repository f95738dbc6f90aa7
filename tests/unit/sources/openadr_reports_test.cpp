#include <boost/json.hpp>

#include "sources/openadr/report_body.h"
#include "sources/openadr/report_chore.h"
#include "tests/unit/sources/openadr_fake_vtn.h"
#include "tests/unit/temporary_folder.h"
#include "throttle/ledger/ledger.h"

namespace ebb::sources::openadr {
namespace {

const std::string kMidnight = "2026-02-01T00:00:00Z";

/// Six intervals of an hour from midnight on, with ids 10 to 15, and one request for a report.
Event six(const std::string& descriptor, const std::string& more = "") {
  std::string intervals;
  for (int i = 10; i < 16; ++i) {
    intervals +=
        (i > 10 ? "," : "") + std::string("{\"id\":") + std::to_string(i) + ",\"payloads\":[]}";
  }
  return event_of(period(kMidnight, "PT1H") + ",\"intervals\":[" + intervals +
                  "],\"reportDescriptors\":[" + descriptor + "]" + more);
}

std::optional<DueReport> due(const Event& event, WallTime now, ReportsSent sent = {}) {
  return due_report(event, event.reports.at(0), {"rig", kDay}, sent, now);
}

std::vector<std::int64_t> ids(const std::optional<DueReport>& report) {
  std::vector<std::int64_t> result;
  if (!report) return result;
  for (const ReportedInterval& it : report->intervals)
    result.push_back(it.id);
  return result;
}

using Ids = std::vector<std::int64_t>;

TEST_CASE("By default a report comes at the end, of all intervals, once", "[openadr]") {
  const Event event = six(R"({"payloadType":"USAGE"})");
  CHECK_FALSE(due(event, kDay + hours(6) - seconds(1)));
  const auto report = due(event, kDay + hours(6));
  REQUIRE(report);
  CHECK(report->number == 0);
  CHECK(ids(report) == Ids{10, 11, 12, 13, 14, 15});
  CHECK(report->intervals[5].span == Span{kDay + hours(5), kDay + hours(6)});
  CHECK_FALSE(due(event, kDay + hours(100), {0, kDay}));
}

TEST_CASE("The guide's example of periodic reports", "[openadr]") {
  const Event event =
      six(R"({"payloadType":"USAGE","startInterval":1,"numIntervals":2,"frequency":2,"repeat":3})");
  CHECK_FALSE(due(event, kDay + hours(1)));
  CHECK(ids(due(event, kDay + hours(2))) == Ids{10, 11});
  CHECK_FALSE(due(event, kDay + hours(3), {0, kDay}));
  CHECK(ids(due(event, kDay + hours(4), {0, kDay})) == Ids{12, 13});
  CHECK(ids(due(event, kDay + hours(6), {1, kDay})) == Ids{14, 15});
  // Of those that were missed only the last is sent.
  const auto late = due(event, kDay + hours(6));
  CHECK(late->number == 2);
}

TEST_CASE("A report may repeat with its event for ever", "[openadr]") {
  const Event event =
      six(R"({"payloadType":"USAGE","frequency":1,"repeat":-1})", ",\"duration\":\"P9999Y\"");
  const auto report = due(event, kDay + hours(60'003) + minutes(1));
  REQUIRE(report);
  CHECK(report->number == 60'002);
  CHECK(ids(report) == Ids{12});
  CHECK(report->intervals[0].span.until == kDay + hours(60'003));
}

TEST_CASE("A forecast is of what lies ahead", "[openadr]") {
  const Event event = six(
      R"({"payloadType":"BASELINE","historical":false,"numIntervals":3,"frequency":1,"repeat":3})");
  CHECK_FALSE(due(event, kDay - seconds(1)));
  CHECK(ids(due(event, kDay)) == Ids{10, 11, 12});
  CHECK(ids(due(event, kDay + hours(1), {0, kDay})) == Ids{11, 12, 13});
  CHECK(ids(due(event, kDay + hours(9), {1, kDay})) == Ids{12, 13, 14});
}

TEST_CASE("Ad hoc: at once, then now and then, until the event is over", "[openadr]") {
  const Event event = six(R"({"payloadType":"DEMAND","frequency":0})");
  CHECK(due(event, kDay));
  CHECK_FALSE(due(event, kDay + minutes(4), {0, kDay}));
  const auto next = due(event, kDay + minutes(5), {0, kDay});
  REQUIRE(next);
  CHECK(next->intervals[0].span == Span{kDay, kDay + minutes(5)});
  CHECK_FALSE(due(event, kDay + hours(6), {0, kDay}));
}

TEST_CASE("An event that only asks for reports implies its intervals", "[openadr]") {
  const Event event =
      event_of(period(kMidnight, "PT15M") +
               R"(,"reportDescriptors":[{"payloadType":"DEMAND","frequency":1,"repeat":-1}])");
  CHECK_FALSE(due(event, kDay + minutes(14)));
  const auto report = due(event, kDay + minutes(31));
  REQUIRE(report);
  CHECK(report->number == 1);
  CHECK(report->intervals[0].span == Span{kDay + minutes(15), kDay + minutes(30)});
}

TEST_CASE("A report's intervals are bounded", "[openadr]") {
  const Event event = six(R"({"payloadType":"USAGE","numIntervals":2000000000,"repeat":-1})",
                          ",\"duration\":\"P9999Y\"");
  CHECK(due(event, kDay + hours(60'000))->intervals.size() == kMaxReportIntervals);
  const Event odd =
      six(R"({"payloadType":"USAGE","startInterval":2147483647,"frequency":-7,"repeat":-9})");
  CHECK_FALSE(due(odd, kDay + hours(60'000)));
}

// Figures.

struct FixedHistory final : PowerHistory {
  PowerPast over(const Span&) override { return past; }
  PowerPast past{1, 1, 1500, 1800, 0.5, 1, false, false};
};

boost::json::value body(const std::string& descriptor, FixedHistory& history,
                        const std::optional<Telemetry>& telemetry = {}, bool before_31 = false) {
  const Event event = six(descriptor);
  REQUIRE(can_report(event.reports[0]));
  const DueReport report{7, {{10, {kDay, kDay + hours(2)}}}};
  const std::string text =
      report_body(event, event.reports[0], report, {"rig", "asics", before_31}, history, telemetry);
  return boost::json::parse(text);
}

boost::json::value value_of(const boost::json::value& report) {
  return report.at_pointer("/resources/0/intervals/0/payloads/0/values/0");
}
double number_in(const boost::json::value& report) {
  return value_of(report).to_number<double>();
}
std::string quality_of(const boost::json::value& report) {
  CHECK(report.at_pointer("/resources/0/intervals/0/payloads/1/type") == "DATA_QUALITY");
  const auto& text = report.at_pointer("/resources/0/intervals/0/payloads/1/values/0").as_string();
  return {text.data(), text.size()};
}

TEST_CASE("Demand is a mean power, usage an energy", "[openadr]") {
  FixedHistory history;
  const auto demand = body(R"({"payloadType":"DEMAND"})", history);
  CHECK(number_in(demand) == 1.5);
  CHECK(quality_of(demand) == "OK");
  CHECK(demand.at("eventID") == "e1");
  CHECK(demand.at("clientName") == "rig");
  CHECK_FALSE(demand.as_object().contains("programID"));
  CHECK(demand.at_pointer("/payloadDescriptors/0/units") == "KW");
  CHECK(demand.at_pointer("/payloadDescriptors/0/readingType") == "MEAN");
  CHECK(demand.at_pointer("/resources/0/resourceName") == "asics");
  CHECK(demand.at_pointer("/resources/0/intervals/0/id") == 10);
  CHECK(demand.at_pointer("/resources/0/intervals/0/intervalPeriod/start") ==
        "2026-02-01T00:00:00.000Z");
  CHECK(demand.at_pointer("/resources/0/intervals/0/intervalPeriod/duration") == "PT7200S");
  CHECK(number_in(body(R"({"payloadType":"DEMAND","readingType":"PEAK"})", history)) == 1.8);
  CHECK(number_in(body(R"({"payloadType":"USAGE"})", history)) == 3);
  CHECK(number_in(body(R"({"payloadType":"READING","units":"KWH"})", history)) == 3);
}

TEST_CASE("3.0.1 wants the program named", "[openadr]") {
  FixedHistory history;
  CHECK(body(R"({"payloadType":"DEMAND"})", history, {}, true).at("programID") == "p1");
}

TEST_CASE("An aggregate is named so", "[openadr]") {
  FixedHistory history;
  CHECK(body(R"({"payloadType":"DEMAND","aggregate":true})", history)
            .at_pointer("/resources/0/resourceName") == "AGGREGATED_REPORT");
}

TEST_CASE("What is modelled is not called measured, what is missing not known", "[openadr]") {
  FixedHistory history;
  history.past.estimated = true;
  const auto modelled = body(R"({"payloadType":"DEMAND"})", history);
  CHECK(quality_of(modelled) == "ESTIMATED");
  CHECK(modelled.at_pointer("/payloadDescriptors/0/readingType") == "ESTIMATED");
  history.past.estimated = false;
  history.past.measured = 0.5;
  CHECK(quality_of(body(R"({"payloadType":"USAGE"})", history)) == "ESTIMATED");
  CHECK(number_in(body(R"({"payloadType":"USAGE"})", history)) == 1.5);
  history.past = {};
  const auto nothing = body(R"({"payloadType":"USAGE"})", history);
  CHECK(quality_of(nothing) == "MISSING");
  CHECK(number_in(nothing) == 0);
  CHECK(quality_of(body(R"({"payloadType":"SETPOINT"})", history)) == "MISSING");
  CHECK(quality_of(body(R"({"payloadType":"OPERATING_STATE"})", history)) == "MISSING");
  CHECK(quality_of(body(R"({"payloadType":"LOAD_SHED_DELTA_AVAILABLE"})", history)) == "MISSING");
  CHECK(quality_of(body(R"({"payloadType":"BASELINE"})", history)) == "MISSING");
}

TEST_CASE("Setpoints, states, baselines and what could be shed", "[openadr]") {
  FixedHistory history;
  Telemetry telemetry;
  telemetry.plant = {.full_watts = 2000, .idle_watts = 200, .full_hps = {}};
  telemetry.power = throttle::PowerReading{.watts = 1100};
  CHECK(number_in(body(R"({"payloadType":"SETPOINT"})", history)) == 0.5);
  CHECK(body(R"({"payloadType":"SETPOINT"})", history).at_pointer("/payloadDescriptors/0/units") ==
        "PERCENT");
  CHECK(number_in(body(R"({"payloadType":"SETPOINT","units":"KW"})", history, telemetry)) == 1.1);
  CHECK(value_of(body(R"({"payloadType":"OPERATING_STATE"})", history)) == "RUNNING_CURTAILED");
  history.past.hashed = 0;
  CHECK(value_of(body(R"({"payloadType":"OPERATING_STATE"})", history)) == "IDLE_CURTAILED");
  history.past.mean_limit = 1;
  CHECK(value_of(body(R"({"payloadType":"OPERATING_STATE"})", history)) == "IDLE_NORMAL");
  history.past.hashed = 1;
  CHECK(value_of(body(R"({"payloadType":"OPERATING_STATE"})", history)) == "RUNNING_NORMAL");
  CHECK(number_in(body(R"({"payloadType":"LOAD_SHED_DELTA_AVAILABLE"})", history, telemetry)) ==
        0.9);
  CHECK(number_in(body(R"({"payloadType":"BASELINE"})", history)) == 1.5);
  history.past.in_event = true;
  CHECK(number_in(body(R"({"payloadType":"BASELINE"})", history, telemetry)) == 2);
}

TEST_CASE("What cannot be reported", "[openadr]") {
  const auto can = [](const std::string& descriptor) {
    return can_report(six(descriptor).reports.at(0));
  };
  CHECK_FALSE(can(R"({"payloadType":"STORAGE_CHARGE_LEVEL"})"));
  CHECK_FALSE(can(R"({"payloadType":"READING","units":"VOLTS"})"));
  CHECK_FALSE(can(R"({"payloadType":"USAGE","historical":false})"));
  CHECK(can(R"({"payloadType":"LOAD_SHED_DELTA_AVAILABLE","historical":false})"));
}

void write_ledger(const std::filesystem::path& file) {
  auto ledger = throttle::Ledger::open(file);
  REQUIRE(ledger);
  throttle::LedgerBatch batch;
  const auto add = [&](WallTime at, double watts, double fraction, std::uint64_t event) {
    throttle::SampleEntry sample;
    sample.watts = watts;
    sample.limit_fraction = fraction;
    sample.hps = fraction > 0 ? 1e6 : 0;
    sample.over = minutes(1);
    batch.entries.push_back({at, event, sample});
  };
  for (int i = 0; i < 60; ++i) {
    add(kDay - hours(24) + minutes(i), 3000, 1, 0);
    add(kDay - hours(48) + minutes(i), 100, 0, 1);  // a day with an event is no baseline
    add(kDay + minutes(i), i < 30 ? 3000 : 100, i < 30 ? 1 : 0, 2);
  }
  REQUIRE(ledger->commit(batch));
}

TEST_CASE("Figures come from the ledger", "[openadr]") {
  const tests::TemporaryFolder folder;
  const auto file = folder.path() / "ledger.db";
  write_ledger(file);
  const auto history = read_ledger(file);
  const PowerPast past = history->over({kDay, kDay + hours(1)});
  CHECK(past.mean_watts == Approx(1550));
  CHECK(past.most_watts == 3000);
  CHECK(past.mean_limit == Approx(0.5));
  CHECK(past.hashed == Approx(0.5));
  CHECK(past.measured == Approx(1));
  CHECK(past.in_event);
  CHECK(history->over({kDay, kDay + hours(2)}).measured == Approx(0.5));
  CHECK(baseline_watts(*history, {kDay, kDay + hours(1)}) == 3000.0);
  CHECK_FALSE(baseline_watts(*history, {kDay + hours(2), kDay + hours(3)}));
  CHECK(read_ledger(folder.path() / "none.db")->over({kDay, kDay + hours(1)}).known == 0);
  CHECK(read_ledger({})->over({kDay, kDay + hours(1)}).known == 0);
}

TEST_CASE("A report is sent once, again after a refusal, never again when it is final",
          "[openadr]") {
  FakeVtn vtn;
  VtnClient client = vtn.client();
  const Enrolment enrolment({"rig", "rig", false});
  const std::vector<Event> events{six(R"({"payloadType":"USAGE"},{"payloadType":"X"})")};
  const FirstSeen seen{{"e1", kDay}};
  const std::vector<Program> programs;
  const std::optional<Telemetry> telemetry;
  const Chore::View view{client, enrolment, programs, events, seen, telemetry};
  ReportChore chore({}, "rig");
  const auto sent = [&] { return vtn.count("/3.1/reports"); };

  CHECK(chore.run(view, {}));
  CHECK(sent() == 0);
  vtn.now.wall += hours(7);
  vtn.answers["/3.1/reports"] = [](const HttpRequest&) { return FakeVtn::status(503); };
  CHECK_FALSE(chore.run(view, {}));
  CHECK_FALSE(chore.run(view, {}));
  CHECK(sent() == 2);
  vtn.answers["/3.1/reports"] = [](const HttpRequest&) { return FakeVtn::status(400); };
  const auto refused = chore.run(view, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text == "report USAGE: HTTP 400");
  CHECK(chore.run(view, {}));
  CHECK(sent() == 3);
}

}  // namespace
}  // namespace ebb::sources::openadr
