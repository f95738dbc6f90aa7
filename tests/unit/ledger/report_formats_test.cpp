#include <boost/json.hpp>

#include "tests/unit/ledger/support.h"
#include "throttle/ledger/event_report.h"

using namespace ebb::throttle;

namespace {

EventReport some_event() {
  EventReport event;
  event.event = 3;
  event.began = at_second(0);
  event.ended = at_second(60);
  event.requests = {"=HYPERLINK(\"http://x\")", "<script>alert(1)</script> & \"more\""};
  event.lowest = {0, {}, {}};
  event.time_to_zero = std::chrono::milliseconds(17);
  event.baseline_watts = 200;
  event.energy_not_used_kwh = -0.25;
  event.baseline_method = "high 10 of 10, and so on";
  event.meter = "-evil";
  event.violations = {{at_second(1), at_second(2), "hashed"}};
  for (int i = 0; i < 60; ++i)
    event.points.push_back({at_second(i), 1e6 * i, 0.5, 100.0 + i});
  return event;
}

std::size_t count_of(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("CSV is one line an event, quoted, and holds no formula") {
  const std::vector<EventReport> events{some_event()};
  const std::string csv = to_csv(events);
  CHECK(count_of(csv, "\r\n") == 2);
  CHECK(csv.find("event,began,ended,") == 0);
  CHECK(csv.find("\r\n3,2022-01-24T04:53:20.000Z,2022-01-24T04:54:20.000Z,0%,,,,17,200,"
                 "\"high 10 of 10, and so on\",,-0.25,'-evil,no,0,") != std::string::npos);
  CHECK(csv.find(",\"'=HYPERLINK(\"\"http://x\"\"); <script>") != std::string::npos);
  CHECK(count_of(to_csv({}), "\r\n") == 1);
}

TEST_CASE("JSON holds all of an event") {
  const std::vector<EventReport> events{some_event()};
  const auto json = boost::json::parse(to_json(events));
  const auto& event = json.at("events").at(0);
  CHECK(event.at("event").as_int64() + 0 == 3);
  CHECK(event.at("time_to_zero_ms").as_int64() == 17);
  CHECK(event.at("reached").is_null());
  CHECK(event.at("points").as_array().size() == 60);
  CHECK(event.at("requests").at(1).as_string() == events[0].requests[1]);
  CHECK(boost::json::parse(to_json({})).at("events").as_array().empty());
}

TEST_CASE("HTML stands alone and trusts no text") {
  const std::vector<EventReport> events{some_event(), EventReport{}};
  const std::string html = to_html(events, "Asia/Almaty");
  CHECK(html.find("Content-Security-Policy\" content=\"default-src 'none'") != std::string::npos);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;") !=
        std::string::npos);
  CHECK(html.find("prefers-color-scheme: dark") != std::string::npos);
  CHECK(count_of(html, "<svg ") == 1);
  CHECK(count_of(html, "<svg ") == count_of(html, "</svg>"));
  CHECK(html.find("src=") == std::string::npos);
  CHECK(html.find("href=") == std::string::npos);
  CHECK(html.find("nan") == std::string::npos);
  CHECK(to_html({}, "").find("No events") != std::string::npos);
}
