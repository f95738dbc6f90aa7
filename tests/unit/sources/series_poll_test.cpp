#include "sources/series/series_poll.h"

#include <deque>

#include "tests/unit/catch.h"
#include "tests/unit/sources/loopback_server.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb::sources;
using namespace std::chrono;
using ebb::tests::http_answer;
using ebb::tests::LoopbackServer;
using ebb::throttle::Now;
using ebb::throttle::Signal;
using ebb::throttle::SignalClass;
using ebb::throttle::WallTime;

namespace {

const WallTime kNoon = sys_days(2026y / February / 1) + 12h;

/// A poll over answers of a test: each text is a list of minutes and prices, "0 90,15 50,30".
class Bench {
 public:
  explicit Bench(bool ahead = false) {
    SeriesPollSettings settings;
    settings.wording = {"price", "EUR/MWh"};
    settings.where = "market";
    settings.ahead = ahead;
    settings.parse = [](std::string_view text, WallTime) -> Intervals {
      if (text == "garbage") return tl::unexpected<std::string>("not that format");
      std::vector<Interval> intervals;
      std::istringstream in{std::string(text)};
      int begin = 0;
      int end = 0;
      double price = 0;
      char comma = 0;
      in >> begin;
      while (in >> price >> comma >> end) {
        intervals.push_back({kNoon + minutes(begin), kNoon + minutes(end), price});
        begin = end;
      }
      return intervals;
    };
    settings.thresholds = [this](const Now&,
                                 const std::stop_token&) -> tl::expected<Thresholds, std::string> {
      if (!strike) return tl::unexpected<std::string>("no strike yet");
      Thresholds thresholds;
      thresholds.off_above = thresholds.on_below = *strike;
      return thresholds;
    };
    settings.fetch = [this](WallTime, const std::stop_token&) {
      ++fetched;
      if (answers.size() > 1) answers.pop_front();
      return answers.front();
    };
    poll = std::make_unique<SeriesPoll>(settings);
  }

  void answer(std::string text) { answers = {Texts{{text}, {}, {}}}; }
  void fail(std::string trouble, std::optional<seconds> wait = {}) {
    answers = {Texts{{}, std::move(trouble), wait}};
  }

  Answer after(milliseconds time) {
    now.steady += time;
    now.wall += time;
    return poll->ask(now, {});
  }

  std::optional<double> strike = 80;
  std::deque<Texts> answers{1};
  int fetched = 0;
  Now now{{}, kNoon, true};
  std::unique_ptr<SeriesPoll> poll;
};

std::optional<std::vector<Signal>> said(const Answer& answer) {
  if (answer.updates.empty()) return std::nullopt;
  REQUIRE(answer.updates.size() == 1);
  return std::get<SaidAll>(answer.updates[0]).signals;
}

}  // namespace

TEST_CASE("series poll: says all that is known of the future, and says it again") {
  Bench bench;
  bench.answer("0 50,15 90,30 50,60");
  auto answer = bench.after(0s);
  auto signals = said(answer);
  REQUIRE(signals);
  REQUIRE(signals->size() == 1);
  CHECK(signals->at(0).valid_from == kNoon + 15min);
  CHECK(signals->at(0).valid_until == kNoon + 30min);
  CHECK(signals->at(0).signal_class == SignalClass::economic);
  CHECK(answer.health.connected);
  CHECK(answer.health.where == "market");
  CHECK(answer.health.last == "price 50 EUR/MWh until 2026-02-01T12:15Z");
  CHECK(answer.health.trouble.empty());
  CHECK(answer.again == 60s);
  CHECK(said(bench.after(1min)) == signals);
  CHECK(bench.fetched == 1);
  CHECK(bench.after(19min).health.last == "price 90 EUR/MWh until 2026-02-01T12:30Z");
  CHECK(bench.fetched == 2);
  // At its end it is no longer said.
  CHECK(said(bench.after(10min))->empty());
}

TEST_CASE("series poll: looks when a price begins, not somewhat later") {
  Bench bench;
  bench.answer("0 50,15 90,30");
  CHECK(bench.after(14min + 48s).again == 12s);
  CHECK(bench.after(12s - 3ms).again == 100ms);  // no busier than this
  CHECK(bench.after(3ms).health.last == "price 90 EUR/MWh until 2026-02-01T12:30Z");
}

TEST_CASE("series poll: while the server is gone what it said holds, and no longer") {
  Bench bench;
  bench.answer("0 50,15 90,30 50,60");
  bench.after(0s);
  bench.fail("no answer");
  auto answer = bench.after(5min);
  CHECK(said(answer)->size() == 1);
  CHECK_FALSE(answer.health.connected);
  CHECK(answer.health.trouble == "no answer; asks again");
  CHECK(answer.again == 10s);
  CHECK(bench.after(10s).again == 20s);
  CHECK(bench.after(20s).again == 40s);
  for (int i = 0; i < 40; ++i)
    answer = bench.after(5min);
  CHECK(answer.health.trouble == "no answer; asks again; the price of now is not known: no cap");
  CHECK(answer.health.last.empty());
  CHECK_FALSE(said(answer));  // silent
  bench.answer("0 50,600");
  CHECK(said(bench.after(5min)));
  CHECK(bench.after(0s).health.trouble.empty());
}

TEST_CASE("series poll: garbage changes nothing that is known") {
  Bench bench;
  bench.answer("0 90,60");
  bench.after(0s);
  bench.answer("garbage");
  const auto answer = bench.after(5min);
  CHECK(said(answer)->size() == 1);
  CHECK(answer.health.trouble == "not that format; asks again");
}

TEST_CASE("series poll: waits as long as the server asks, up to an hour") {
  Bench bench;
  bench.fail("HTTP 429", 600s);
  CHECK(bench.after(0s).health.trouble ==
        "HTTP 429; asks again; the price of now is not known: no cap");
  bench.after(599s);
  CHECK(bench.fetched == 1);
  bench.fail("HTTP 429", 1'000'000s);
  bench.after(1s);
  CHECK(bench.fetched == 2);
  bench.after(59min);
  CHECK(bench.fetched == 2);
  bench.after(1min);
  CHECK(bench.fetched == 3);
}

TEST_CASE("series poll: prices that come late, and those that are known for long") {
  Bench bench(true);
  bench.answer("0 50,90");
  CHECK(bench.after(0s).health.trouble.empty());
  CHECK(bench.after(35min).health.trouble == "the price of the next hour is not known yet");
  bench.answer("0 50,90 90,900");
  CHECK(bench.after(5min).health.trouble.empty());
  bench.after(5min);
  const int fetched = bench.fetched;
  for (int i = 0; i < 11; ++i)
    bench.after(5min);  // 14 hours ahead
  CHECK(bench.fetched == fetched);
  bench.after(5min);
  CHECK(bench.fetched == fetched + 1);
}

TEST_CASE("series poll: a cap that comes is taken back by a new publication in a gap, too") {
  Bench bench;
  bench.answer("30 90,60");
  CHECK(said(bench.after(0s))->size() == 1);
  CHECK_FALSE(said(bench.after(1min)));  // no news, and of now nothing is known
  bench.answer("30 50,60");
  CHECK(said(bench.after(5min))->empty());
}

TEST_CASE("series poll: a cap that has ended in a gap is no news") {
  Bench bench;
  bench.answer("0 90,10");
  CHECK(said(bench.after(0s))->size() == 1);
  CHECK_FALSE(said(bench.after(11min)));
}

TEST_CASE("series poll: without a strike nothing is said") {
  Bench bench;
  bench.strike.reset();
  bench.answer("0 90,60");
  const auto answer = bench.after(0s);
  CHECK_FALSE(said(answer));
  CHECK(answer.health.trouble == "no strike yet");
  bench.strike = 95;
  CHECK(said(bench.after(1min))->empty());
  bench.strike = 85;
  CHECK(said(bench.after(1min))->size() == 1);
}

TEST_CASE("origin: a server's statuses, and tomorrow by itself") {
  std::string today = http_answer("today");
  std::string tomorrow = http_answer("", "204 No Content");
  LoopbackServer server([&](const std::string& request) {
    return request.find("date=2026-02-01") != std::string::npos ? today : tomorrow;
  });
  OriginSettings settings;
  settings.url = server.url("/?date={date}");
  settings.http.allow_clear_text = true;
  auto origin = Origin::open(settings);
  REQUIRE(origin);
  CHECK((*origin)->where() == "127.0.0.1");
  auto texts = (*origin)->fetch(kNoon, {});
  CHECK(texts.texts == std::vector<std::string>{"today"});
  CHECK(texts.trouble.empty());
  tomorrow = http_answer("tomorrow");
  CHECK((*origin)->fetch(kNoon, {}).texts == std::vector<std::string>{"today", "tomorrow"});
  tomorrow = http_answer("", "503 Service Unavailable", "Retry-After: 30\r\n");
  texts = (*origin)->fetch(kNoon, {});
  CHECK(texts.texts.size() == 1);
  CHECK(texts.trouble == "HTTP 503");
  CHECK(texts.wait == 30s);
  today = http_answer("", "404 Not Found");
  tomorrow = http_answer("tomorrow");
  texts = (*origin)->fetch(kNoon, {});
  CHECK(texts.texts == std::vector<std::string>{"tomorrow"});
  CHECK(texts.trouble == "HTTP 404: there is nothing");
}

TEST_CASE("origin: keys and tokens go where they belong, and are read anew when refused") {
  const ebb::tests::TemporaryFolder folder;
  const auto write = [&](std::string_view secret) {
    std::ofstream(folder.path() / "secret") << secret;
  };
  LoopbackServer server([](const std::string& request) {
    return request.find("Bearer first") != std::string::npos ? http_answer("", "401 Unauthorized")
                                                             : http_answer("prices");
  });
  write("first");
  OriginSettings settings;
  settings.url = server.url("/?securityToken={token}");
  settings.http.allow_clear_text = true;
  settings.key_header = "Ocp-Apim-Subscription-Key";
  settings.key = settings.token = settings.bearer = {folder.path() / "secret", {}};
  auto origin = Origin::open(settings);
  REQUIRE(origin);
  write("second");
  auto texts = (*origin)->fetch(kNoon, {});
  CHECK(texts.trouble == "HTTP 401");
  CHECK((*origin)->fetch(kNoon, {}).texts == std::vector<std::string>{"prices"});
  const auto requests = server.requests();
  CHECK(requests.at(0).find("securityToken=first") != std::string::npos);
  CHECK(requests.at(1).find("securityToken=second") != std::string::npos);
  CHECK(requests.at(1).find("Ocp-Apim-Subscription-Key: second\r\n") != std::string::npos);
  CHECK((*origin)->where().find("second") == std::string::npos);
}

TEST_CASE("origin: a file that is missing or too long") {
  const ebb::tests::TemporaryFolder folder;
  OriginSettings settings;
  settings.file = folder.path() / "prices";
  settings.http.max_body = 10;
  auto origin = Origin::open(settings);
  REQUIRE(origin);
  CHECK((*origin)->fetch(kNoon, {}).trouble == settings.file.string() + ": cannot be read");
  std::ofstream(settings.file) << "12345678901";
  CHECK((*origin)->fetch(kNoon, {}).trouble == settings.file.string() + ": is too long");
  std::ofstream(settings.file) << "1234567890";
  CHECK((*origin)->fetch(kNoon, {}).texts == std::vector<std::string>{"1234567890"});
}
