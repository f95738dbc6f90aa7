#include "throttle/signal_book.h"

#include "tests/unit/catch.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

namespace {

const Now kNow{SteadyTime(50s), WallTime(1000s), true};

Signal signal(std::string id, double fraction, std::uint64_t sequence = 0) {
  Signal it;
  it.source = "grid";
  it.id = std::move(id);
  it.cap = DutyCap{fraction};
  it.valid_from = WallTime(900s);
  it.received_at = kNow.wall;
  it.sequence = sequence;
  return it;
}

Signal sent(Signal it, std::chrono::seconds ago) {
  it.sent_at = it.received_at - ago;
  return it;
}

}  // namespace

TEST_CASE("signal book: a newer signal of an id takes the older one's place") {
  SignalBook book;
  REQUIRE(book.accept(kNow, signal("a", 0.5)));
  REQUIRE(book.accept(kNow, signal("b", 0.4)));
  REQUIRE(book.accept(kNow, signal("a", 0.3)));
  REQUIRE(book.signals().size() == 2);
  CHECK(book.signals()[0] == signal("a", 0.3));
  CHECK(book.signals()[1] == signal("b", 0.4));
  CHECK(book.heard_at("grid") == kNow.steady);
  CHECK_FALSE(book.heard_at("ups"));
}

TEST_CASE("signal book: an old or equal sequence of the source is a replay, and hears nobody") {
  SignalBook book;
  REQUIRE(book.accept(kNow, signal("a", 0, 7)));
  const Now later{kNow.steady + 1s, kNow.wall + 1s, true};
  CHECK_FALSE(book.accept(later, signal("a", 1, 7)));
  CHECK_FALSE(book.accept(later, signal("b", 1, 6)));
  CHECK_FALSE(book.retract(later, "grid", "a", 7));
  book.replace(later, "grid", {signal("a", 1, 5)});
  CHECK(book.signals() == std::vector{signal("a", 0, 7)});
  CHECK(book.heard_at("grid") == kNow.steady);
  CHECK(book.accept(later, signal("a", 0.5)));  // has none
  CHECK(book.accept(later, signal("a", 0.5, 8)));
  CHECK(book.heard_at("grid") == later.steady);
  CHECK(book.accept(later, signal("a", 1, 8)).error().find("replay") != std::string::npos);
}

TEST_CASE("signal book: what was retracted stays remembered by its sequence") {
  SignalBook book;
  REQUIRE(book.accept(kNow, signal("a", 0, 7)));
  CHECK(book.retract(kNow, "grid", "a", 8));
  CHECK_FALSE(book.retract(kNow, "grid", "a", 9));
  CHECK_FALSE(book.retract(kNow, "ups", "a", 0));
  CHECK_FALSE(book.accept(kNow, signal("a", 1, 9)));
  auto loaded = SignalBook::load(book.save());
  REQUIRE(loaded);
  CHECK_FALSE(loaded->accept(kNow, signal("a", 1, 9)));
}

TEST_CASE("signal book: of a source whose clock is off, only what lowers is believed") {
  SignalBook book;
  CHECK(book.accept(kNow, sent(signal("a", 0.5), 300s)));
  CHECK_FALSE(book.accept(kNow, sent(signal("a", 0.6), 301s)));
  CHECK_FALSE(book.accept(kNow, sent(signal("a", 0.6), -301s)));
  CHECK_FALSE(book.accept(kNow, sent(signal("b", 0.5), 301s)));  // lowers nothing
  SignalBook silent;
  CHECK(silent.accept(kNow, sent(signal("a", 0.5), 301s)));
  CHECK_FALSE(silent.heard_at("grid"));
  SECTION("and it may not end earlier than what it replaces") {
    Signal shorter = sent(signal("a", 0.1), 1h);
    shorter.valid_until = kNow.wall + 10s;
    CHECK_FALSE(book.accept(kNow, shorter));
    shorter.id = "c";
    CHECK(book.accept(kNow, shorter));
  }
  SECTION("nor does its complete set retract anything") {
    book.replace(kNow, "grid", {sent(signal("b", 0.1), 1h)});
    CHECK(book.signals().size() == 2);
    book.replace(kNow, "grid", {sent(signal("a", 1), 1h)});
    CHECK(book.signals().at(0).cap == Cap(DutyCap{0.5}));
  }
}

TEST_CASE("signal book: nonsense is refused") {
  SignalBook book;
  CHECK_FALSE(book.accept(kNow, signal("", 0)));
  CHECK_FALSE(book.accept(kNow, signal(std::string(201, 'x'), 0)));
  CHECK_FALSE(book.accept(kNow, signal("a", -0.1)));
  CHECK_FALSE(book.accept(kNow, signal("a", 1.1)));
  Signal bad = signal("a", 0);
  bad.cap = PowerCap{std::numeric_limits<double>::quiet_NaN()};
  CHECK_FALSE(book.accept(kNow, bad));
  bad.cap = HashrateCap{std::numeric_limits<double>::infinity()};
  CHECK_FALSE(book.accept(kNow, bad));
  bad = signal("a", 0);
  bad.valid_until = bad.valid_from;
  CHECK(book.accept(kNow, bad).error() == "it ends before it begins");
  bad.source = "";
  CHECK_FALSE(book.accept(kNow, bad));
  CHECK(book.signals().empty());
}

TEST_CASE("signal book: a complete set retracts what is absent and keeps what makes no sense") {
  SignalBook book;
  book.replace(kNow, "grid", {signal("a", 0.5), signal("b", 0.4)});
  CHECK(book.heard_at("grid") == kNow.steady);
  book.replace(kNow, "grid", {signal("b", 2), signal("c", 0)});
  REQUIRE(book.signals().size() == 2);
  CHECK(book.signals()[0] == signal("b", 0.4));
  CHECK(book.signals()[1] == signal("c", 0));
  book.replace(kNow, "grid", {});
  CHECK(book.signals().empty());
}

TEST_CASE("signal book: bounded, and the first to begin are kept") {
  SignalBook book;
  for (std::size_t i = 0; i < SignalBook::kMaxSignals; ++i) {
    Signal it = signal(std::to_string(i), 0.5);
    it.valid_from += std::chrono::seconds(i);
    REQUIRE(book.accept(kNow, it));
  }
  Signal last = signal("last", 0);
  last.valid_from += 2h;
  CHECK_FALSE(book.accept(kNow, last));
  CHECK(book.accept(kNow, signal("first", 0)));
  CHECK(book.signals().size() == SignalBook::kMaxSignals);
  std::vector<Signal> many = book.signals();
  many.push_back(last);
  book.replace(kNow, "grid", many);
  CHECK(book.signals().size() == SignalBook::kMaxSignals);
  CHECK_FALSE(book.retract(kNow, "grid", "last", 0));
  for (std::size_t i = 1; i < SignalBook::kMaxSources; ++i)
    book.heard(kNow, "source " + std::to_string(i));
  Signal other = signal("a", 0);
  other.source = "one too many";
  CHECK(book.accept(kNow, other).error() == "too many sources");
}

TEST_CASE("signal book: a long reason is cut between characters") {
  SignalBook book;
  Signal it = signal("a", 0);
  it.reason = std::string(499, 'x') + "\xd1\x8f and more";
  REQUIRE(book.accept(kNow, it));
  CHECK(book.signals().at(0).reason == std::string(499, 'x'));
}

TEST_CASE("signal book: what has ended is forgotten when told to") {
  SignalBook book;
  Signal it = signal("a", 0);
  it.valid_until = kNow.wall;
  REQUIRE(book.accept(kNow, it));
  REQUIRE(book.accept(kNow, signal("b", 0)));
  CHECK_FALSE(book.prune(kNow.wall - 1ms));
  CHECK(book.prune(kNow.wall));
  CHECK(book.signals() == std::vector{signal("b", 0)});
}

TEST_CASE("signal book: saved and loaded, it is the same to the last bit") {
  SignalBook book;
  Signal it = sent(signal("a", 0.1 + 0.2, 1), 5s);
  it.valid_until = kNow.wall + 1ms;
  it.reason = "order \xff \"quoted\"\n";
  it.outage = true;
  REQUIRE(book.accept(kNow, it));
  it.id = "b";
  it.sequence = ~std::uint64_t{0};
  it.cap = PowerCap{1e9 / 3};
  it.signal_class = SignalClass::protective;
  it.sent_at.reset();
  it.urgent = true;
  REQUIRE(book.accept(kNow, it));
  it.source = "ups";
  it.cap = HashrateCap{5e-324};
  REQUIRE(book.accept(kNow, it));
  const auto loaded = SignalBook::load(book.save());
  REQUIRE(loaded);
  CHECK(loaded->signals() == book.signals());
  CHECK_FALSE(loaded->heard_at("grid"));
  CHECK(loaded->save() == book.save());
}

TEST_CASE("signal book: what save() did not write is refused with a reason") {
  for (const char* bad :
       {"", "[]", "{", "{\"grid\":1}", "{\"grid\":{}}",
        "{\"grid\":{\"sequence\":-1,\"signals\":[]}}", "{\"grid\":{\"sequence\":0,\"signals\":{}}}",
        "{\"grid\":{\"sequence\":0,\"signals\":[1]}}",
        "{\"grid\":{\"sequence\":0,\"signals\":[{}]}}", "{\"\":{\"sequence\":0,\"signals\":[]}}"}) {
    CAPTURE(bad);
    const auto loaded = SignalBook::load(bad);
    REQUIRE_FALSE(loaded);
    CHECK_FALSE(loaded.error().empty());
  }
  SignalBook book;
  REQUIRE(book.accept(kNow, signal("a", 0.25)));
  const std::string good = book.save();
  const auto with = [&](std::string_view old, std::string_view fresh) {
    std::string text = good;
    const std::size_t at = text.find(old);
    REQUIRE(at != std::string::npos);
    return SignalBook::load(text.replace(at, old.size(), fresh));
  };
  CHECK(with("0.25", "0.5"));
  CHECK_FALSE(with("0.25", "1.5"));
  CHECK_FALSE(with("0.25", "-1"));
  CHECK_FALSE(with("0.25", "inf"));
  CHECK_FALSE(with("0.25", "0.25x"));
  CHECK_FALSE(with("mandatory", "voluntary"));
  CHECK_FALSE(with("900000", "99999999999999999"));
  CHECK_FALSE(with("\"outage\":false", "\"outage\":0"));
  CHECK_FALSE(with("\"source\":\"grid\"", "\"source\":\"ups\""));
}
