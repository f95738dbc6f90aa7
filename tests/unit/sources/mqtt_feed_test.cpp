#include "sources/mqtt/mqtt_feed.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "sources/cap_message.h"
#include "sources/mqtt/target_message.h"
#include "tests/fuzz/fuzz_mqtt.h"
#include "tests/unit/catch.h"
#include "throttle/throttle.h"

using namespace ebb;
using namespace ebb::sources;
using namespace std::chrono_literals;
using throttle::DutyCap;
using throttle::WallTime;
using Topic = MqttArrival::Topic;

namespace {

constexpr std::size_t kFirst = 0, kSecond = 1;

/// A feed whose words go to a real book, as the miner's hub takes them there.
class Site {
 public:
  explicit Site(MqttFeedSettings settings = {}) : feed_(settings, now_.steady) {
    now_.wall = WallTime(1'800'000'000s);
  }

  void pass(std::chrono::seconds time) {
    now_.steady += time;
    now_.wall += time;
  }
  void set_clock(std::chrono::seconds by) { now_.wall += by; }

  Site& say(const std::string& payload, std::size_t broker = kFirst, bool retained = false) {
    return take({Topic::cap, broker, retained, payload});
  }
  Site& retained(const std::string& payload, std::size_t broker = kFirst) {
    return say(payload, broker, true);
  }
  Site& target(int value, std::chrono::seconds ago = 0s, std::size_t broker = kFirst) {
    const std::string payload =
        R"({"target":)" + std::to_string(value) + R"(,"timestamp":)" + seconds(ago) + "}";
    return take({Topic::target, broker, false, payload});
  }
  Site& command(Topic topic, std::string_view payload, bool retained = false) {
    return take({topic, kFirst, retained, payload});
  }

  /// A message with a sequence or a date, `ago` by the sender's clock.
  std::string cap(const std::string& level, int sequence = 0) const {
    return R"({"cap":)" + level + (sequence != 0 ? ",\"seq\":" + std::to_string(sequence) : "") +
           "}";
  }
  std::string dated(const std::string& level, std::chrono::seconds ago) const {
    return R"({"cap":)" + level + R"(,"sent":)" + seconds(ago) + "}";
  }

  /// The least of what stands; 1 when nothing does.
  double level() const {
    double least = 1;
    for (const auto& signal : book_.signals())
      least = std::min(least, std::get<DutyCap>(signal.cap).fraction);
    return least;
  }
  /// Whether the book has heard the source since the last call.
  bool heard() {
    const auto at = book_.heard_at("site");
    const bool since = at && (!heard_ || *at > *heard_);
    heard_ = at;
    pass(1s);
    return since;
  }
  const std::string& trouble() const { return trouble_; }
  const std::vector<throttle::Signal> signals() const { return book_.signals(); }

 private:
  std::string seconds(std::chrono::seconds ago) const {
    const WallTime time = now_.wall - ago;
    return std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
  }

  Site& take(const MqttArrival& arrival) {
    auto outcome = feed_.take(now_, arrival);
    trouble_ = outcome.trouble;
    for (Update& update : outcome.updates)
      std::visit([this](auto& it) { apply(it); }, update);
    return *this;
  }
  void apply(Said& said) {
    said.signal.source = "site";
    said.signal.received_at = now_.wall;
    book_.accept(now_, said.signal);
  }
  void apply(const SaidAll&) { FAIL("a feed says one thing at a time"); }
  void apply(const Retracted& it) { book_.retract(now_, "site", it.id, it.sequence); }
  void apply(const StillThere&) { book_.heard(now_, "site"); }

  throttle::Now now_;
  throttle::SignalBook book_;
  MqttFeed feed_;
  std::string trouble_;
  std::optional<throttle::SteadyTime> heard_;
};

MqttFeedSettings two_brokers() {
  MqttFeedSettings settings;
  settings.brokers = 2;
  return settings;
}

MqttFeedSettings commands_only() {
  MqttFeedSettings settings;
  settings.feed = false;
  return settings;
}

}  // namespace

TEST_CASE("mqtt feed: sheds, caps, returns and ends") {
  Site site;
  CHECK(site.say(site.cap("0")).level() == 0);
  CHECK(site.heard());
  CHECK(site.say(site.cap("\"40%\"")).level() == 0.4);
  CHECK(site.say(site.cap("1")).level() == 1);
  CHECK(site.heard());
  site.say(R"({"cap":0,"id":"dr-17"})").say(R"({"cap":0.5,"id":"dr-18"})");
  CHECK(site.level() == 0);
  CHECK(site.say(R"({"cap":null,"id":"dr-17"})").level() == 0.5);
  CHECK(site.heard());
}

TEST_CASE("mqtt feed: classes, windows and reasons are the message's") {
  Site site;
  site.say(
      R"({"cap":0,"class":"economic","from":1800000100,"until":1800000200,"reason":"price","seq":9})");
  REQUIRE(site.signals().size() == 1);
  const auto signal = site.signals().front();
  CHECK(signal.signal_class == throttle::SignalClass::economic);
  CHECK(signal.valid_from == WallTime(1'800'000'100s));
  CHECK(signal.valid_until == WallTime(1'800'000'200s));
  CHECK(signal.reason == "price");
  CHECK(signal.sequence == 9);
}

TEST_CASE("mqtt feed: the targets of open fleet software") {
  Site site;
  CHECK(site.target(0).level() == 0);
  CHECK(site.heard());
  site.pass(10s);
  CHECK(site.target(0).level() == 0);  // a heartbeat says the level again
  CHECK(site.heard());
  CHECK(site.target(100).level() == 1);
  CHECK(site.heard());

  SECTION("the same time stamp again is a duplicate, and no sign of life") {
    site.target(100, 2s);  // sent before the last one
    CHECK_FALSE(site.heard());
  }
  SECTION("an older permission does not undo a newer order") {
    site.target(0, 10s);
    CHECK(site.level() == 0);  // an order counts, however late
    site.pass(1s);
    site.target(0).target(100, 5s);
    CHECK(site.level() == 0);
  }
  SECTION("a clock that is off by minutes may lower only") {
    site.target(0, -600s);
    CHECK(site.level() == 0);
    CHECK_FALSE(site.heard());
    site.target(100, -600s);
    CHECK(site.level() == 0);
    CHECK(site.trouble() == "its clock is off by more than 5 minutes");
  }
  SECTION("beyond 24 hours it is nonsense") {
    site.target(0, 25h).target(0, -25h);
    CHECK(site.level() == 1);
    CHECK(site.trouble() == "timestamp: more than 24 hours from this machine's clock");
    CHECK(site.target(0, 23h).level() == 0);
  }
}

TEST_CASE("mqtt feed: a numbered message is taken once and in order") {
  Site site;
  site.say(site.cap("0", 5));
  CHECK(site.heard());
  site.say(site.cap("0", 5));  // QoS 1 may deliver twice
  CHECK_FALSE(site.heard());
  CHECK(site.trouble().empty());
  site.say(site.cap("1", 4));
  CHECK(site.level() == 0);
  CHECK(site.trouble() == "a replay: its sequence is 4, the newest 5");
  CHECK(site.say(site.cap("1", 6)).level() == 1);
  CHECK(site.say(site.cap("0", 5)).level() == 1);  // late: the newer one said otherwise
}

TEST_CASE("mqtt feed: late messages lower and never raise") {
  Site site;
  CHECK(site.say(site.dated("0", 1h)).level() == 0);
  CHECK_FALSE(site.heard());
  CHECK(site.say(site.dated("1", 1h)).level() == 0);
  CHECK(site.say(site.dated("null", 1h)).level() == 0);
  CHECK(site.trouble() == "its clock is off by more than 5 minutes");
  CHECK(site.say(site.dated("1", 4min)).level() == 1);
}

TEST_CASE("mqtt feed: what a broker retained is state, not freshness") {
  Site site;
  SECTION("an undated or old permission says nothing") {
    site.retained(site.cap("1")).retained(site.dated("1", 241s)).retained(site.cap("null"));
    CHECK_FALSE(site.heard());
    CHECK(site.signals().empty());
  }
  SECTION("nor does it lift what stands") {
    site.say(site.cap("0")).retained(site.cap("1")).retained(site.cap("null"));
    CHECK(site.level() == 0);
    CHECK(site.retained(site.cap("0.5")).level() == 0);
  }
  SECTION("a restriction counts without being a sign of life") {
    CHECK(site.retained(site.cap("0.4")).level() == 0.4);
    CHECK(site.retained(site.dated("0.3", 48h)).level() == 0.3);
    CHECK_FALSE(site.heard());
  }
  SECTION("dated within stale_after it is as good as a live one") {
    site.retained(site.dated("0", 239s));
    CHECK(site.heard());
    site.retained(site.dated("1", 10s));
    CHECK(site.level() == 1);
    CHECK(site.heard());
  }
  SECTION("a date far in our future proves nothing") {
    site.retained(site.dated("1", -241s));
    CHECK_FALSE(site.heard());
  }
}

TEST_CASE("mqtt feed: a retained number does not block the live ones after a restart") {
  // The book remembers the sequence over the restart; the feed does not.
  Site site;
  site.say(R"({"cap":0,"seq":7})");
  CHECK(site.heard());
  MqttFeed restarted({}, {});
  throttle::Now now;
  now.wall = WallTime(1'800'000'000s);
  const auto outcome =
      restarted.take(now, {Topic::cap, 0, true, R"({"cap":1,"seq":7,"sent":1800000000})"});
  REQUIRE(outcome.updates.size() == 1);
  CHECK(std::get<Said>(outcome.updates[0]).signal.sequence == 0);
}

TEST_CASE("mqtt feed: the first of two brokers wins while it is heard") {
  Site site(two_brokers());
  site.say(site.cap("1"));
  CHECK(site.heard());

  SECTION("a lower cap is taken from either at once") {
    CHECK(site.say(site.cap("0"), kSecond).level() == 0);
    CHECK(site.say(site.cap("1"), kFirst).level() == 1);
  }
  SECTION("the second raises nothing, but is a sign of life of what stands") {
    site.say(site.cap("0.5"), kFirst);
    CHECK(site.heard());
    CHECK(site.say(site.cap("1"), kSecond).level() == 0.5);
    CHECK(site.heard());
    CHECK(site.say(site.cap("null"), kSecond).level() == 0.5);
  }
  SECTION("until the first has been silent for stale_after") {
    site.say(site.cap("0"), kFirst);
    site.pass(240s);
    CHECK(site.say(site.cap("1"), kSecond).level() == 0);
    site.pass(1s);
    CHECK(site.say(site.cap("1"), kSecond).level() == 1);
    CHECK(site.say(site.cap("0"), kFirst).level() == 0);  // and it is back
    CHECK(site.say(site.cap("1"), kSecond).level() == 0);
  }
  SECTION("a broker that lags behind does not undo what the other said later") {
    site.say(site.dated("0", 0s), kSecond);
    CHECK(site.say(site.dated("1", 2s), kFirst).level() == 0);
    CHECK(site.say(site.dated("1", 0s), kFirst).level() == 1);
    site.say(R"({"cap":0,"seq":12})", kSecond).say(R"({"cap":1,"seq":11})", kFirst);
    CHECK(site.level() == 0);
    CHECK(site.say(R"({"cap":1,"seq":13})", kFirst).level() == 1);
  }
  SECTION("each broker counts for itself") {
    site.say(R"({"cap":1,"seq":1000})", kFirst);
    CHECK(site.say(R"({"cap":0,"seq":3})", kSecond).level() == 0);
    CHECK(site.say(R"({"cap":0.1,"seq":2})", kSecond).level() == 0);
    CHECK(site.trouble() == "a replay: its sequence is 2, the newest 3");
  }
}

TEST_CASE("mqtt feed: at the start the second broker waits for the first") {
  Site site(two_brokers());
  site.say(site.cap("1"), kSecond);
  CHECK_FALSE(site.heard());
  CHECK(site.signals().empty());
  CHECK(site.say(site.cap("0.4"), kSecond).level() == 0.4);
  site.pass(240s);
  CHECK(site.say(site.cap("1"), kSecond).level() == 1);
  CHECK(site.heard());
}

TEST_CASE("mqtt feed: the second broker may lower again what has ended by itself") {
  Site site(two_brokers());
  site.say(R"({"cap":0,"until":1800000010})", kFirst);
  site.pass(60s);
  site.say(R"({"cap":0.4})", kSecond);
  CHECK(std::get<DutyCap>(site.signals().front().cap).fraction == 0.4);
}

TEST_CASE("mqtt feed: commands to a rig without a feed") {
  Site site(commands_only());
  CHECK(site.command(Topic::set_cap, "40").level() == 0.4);
  CHECK(site.signals().front().signal_class == throttle::SignalClass::by_operator);
  CHECK(site.command(Topic::set_hold, "ON").level() == 0);
  CHECK(site.command(Topic::set_hold, "OFF").level() == 0.4);
  CHECK(site.command(Topic::set_cap, "100.0").level() == 1);
  CHECK(site.signals().empty());
  for (const char* nonsense : {"", "-1", "101", "4O", "nan", "40 %", "1e999"}) {
    CAPTURE(nonsense);
    site.command(Topic::set_cap, nonsense);
    CHECK(site.trouble() == "cap/set: must be a percentage from 0 to 100");
  }
  site.command(Topic::set_hold, "on");
  CHECK(site.trouble() == "hold/set: must be ON or OFF");
  CHECK(site.command(Topic::set_hold, "ON", true).level() == 0);
  CHECK(site.command(Topic::set_hold, "OFF", true).level() == 0);
}

TEST_CASE("mqtt feed: a command is no word of the feed") {
  Site site;
  site.command(Topic::set_cap, "40");
  CHECK(site.level() == 0.4);
  CHECK_FALSE(site.heard());
  site.command(Topic::set_cap, "100");
  CHECK_FALSE(site.heard());
  CHECK(site.level() == 0.4);
  // With the feed's next word it is in force, and that is no more than the feed allows.
  CHECK(site.say(site.cap("0.7")).level() == 0.7);
  CHECK(site.heard());
  site.command(Topic::set_hold, "ON").command(Topic::set_hold, "OFF");
  CHECK(site.level() == 0);
  CHECK(site.say(site.cap("0.7")).level() == 0.7);
}

TEST_CASE("mqtt feed: ids of other topics are not a message's to use") {
  Site site;
  for (const std::string_view id :
       {MqttFeed::kTargetId, MqttFeed::kSetCapId, MqttFeed::kSetHoldId}) {
    site.say(R"({"cap":0,"id":")" + std::string(id) + "\"}");
    CHECK(site.trouble() == "id: stands for another topic");
  }
  CHECK(site.signals().empty());
}

TEST_CASE("mqtt feed: what it remembers is bounded") {
  Site site(two_brokers());
  for (std::size_t i = 0; i < 3 * MqttFeed::kMaxIds; ++i)
    site.say(R"({"cap":0.5,"id":"id)" + std::to_string(i) + "\"}");
  CHECK(site.signals().size() == throttle::SignalBook::kMaxSignals);
  CHECK(site.say(site.cap("0")).level() == 0.5);  // the book keeps the first to begin
}

TEST_CASE("target message: two values and a time") {
  const auto parse = [](std::string_view text) { return parse_target_message(text); };
  CHECK(parse(R"({"target":100,"timestamp":1800000000})")->on);
  CHECK_FALSE(parse(R"({"target":0,"timestamp":1800000000.25,"site":{"a":[1]}})")->on);
  CHECK(parse(R"({"target":0,"timestamp":1800000000.25})")->sent ==
        WallTime(1'800'000'000s + 250ms));
  const auto fault = [&](std::string_view text) {
    const auto message = parse(text);
    return message ? "accepted" : message.error();
  };
  for (const char* target : {"1", "50", "-0.1", "\"0\"", "true", "null", "[0]"}) {
    CAPTURE(target);
    CHECK(fault(R"({"target":)" + std::string(target) + R"(,"timestamp":1})") ==
          "target: must be 0 or 100");
  }
  for (const char* time : {"-1", "1e20", "\"1\"", "null"}) {
    CAPTURE(time);
    CHECK(fault(R"({"target":0,"timestamp":)" + std::string(time) + "}") ==
          "timestamp: must be seconds since 1970");
  }
  CHECK(fault(R"({"target":0})") == "timestamp: must be seconds since 1970");
  CHECK(fault("[]") == "not a JSON object");
  CHECK(fault("") == "not JSON: incomplete JSON");
  CHECK(fault(std::string(1024, '[')).starts_with("not JSON"));
  CHECK(fault(std::string(1025, ' ')) == "longer than 1024 bytes");
}

TEST_CASE("fuzz corpus: mqtt arrivals") {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/mqtt")) {
    CAPTURE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    CHECK_NOTHROW(fuzz_mqtt(bytes));
    ++files;
  }
  CHECK(files > 0);
}
