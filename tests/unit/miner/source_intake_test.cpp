#include "miner/source_intake.h"

#include "tests/unit/catch.h"

using namespace ebb;
using namespace std::chrono_literals;
using miner::SourceIntake;
using miner::Taken;
using throttle::DutyCap;

namespace {

constexpr throttle::WallTime kBegin{std::chrono::sys_days{std::chrono::year{2022} / 1 / 20}};

throttle::Signal signal(double fraction, std::string id = "cap") {
  throttle::Signal signal;
  signal.id = std::move(id);
  signal.cap = DutyCap{fraction};
  signal.valid_from = kBegin;
  return signal;
}

class Site {
 public:
  Site() : throttle_(start()) {}

  Taken hear(std::vector<sources::Update> updates) {
    return intake_.take(now, rule, std::move(updates), throttle_);
  }
  template <class... Signals>
  Taken all(Signals... signals) {
    return hear({sources::SaidAll{{signals...}}});
  }
  double allowed() { return throttle_.decide(now, throttle::Zero::proved, {}).limit.fraction; }
  const throttle::Throttle& throttle() const { return throttle_; }

  throttle::Now now{throttle::SteadyTime(1h), kBegin, true};
  throttle::SourceRule rule{.name = "dso", .signal_class = throttle::SignalClass::mandatory};

 private:
  static throttle::Throttle start() {
    return std::move(*throttle::Throttle::start({}, throttle::Start::clean, {}, 1));
  }
  throttle::Throttle throttle_;
  SourceIntake intake_;
};

template <class Entry>
const Entry& entry(const Taken& taken, std::size_t index = 0) {
  return std::get<Entry>(taken.batch.entries.at(index).what);
}

}  // namespace

TEST_CASE("intake: what a source says stands under its own name, from now on") {
  Site site;
  throttle::Signal forged = signal(0.25);
  forged.source = "operator";
  forged.reason = "peak\n\x1b[2J";
  const Taken taken = site.hear({sources::Said{forged}});
  REQUIRE(taken.batch.entries.size() == 1);
  const auto& kept = entry<throttle::SignalEntry>(taken).signal;
  CHECK(kept.source == "dso");
  CHECK(kept.received_at == kBegin);
  CHECK(kept.reason == "peak  [2J");
  CHECK(site.allowed() == 0.25);
}

TEST_CASE("intake: a repetition is heard, and no news") {
  Site site;
  site.hear({sources::Said{signal(0.25)}});
  site.now.steady += 10s;
  site.now.wall += 10s;
  CHECK(site.hear({sources::Said{signal(0.25)}}).batch.entries.empty());
  CHECK(site.throttle().heard_at("dso") == site.now.steady);
  CHECK(site.hear({sources::Said{signal(0.5)}}).batch.entries.size() == 1);
  site.now.steady += 10s;
  CHECK(site.hear({sources::StillThere{}}).batch.entries.empty());
  CHECK(site.throttle().heard_at("dso") == site.now.steady);
}

TEST_CASE("intake: of a complete set only the differences are kept") {
  Site site;
  CHECK(site.all(signal(0.5, "a"), signal(0.25, "b")).batch.entries.size() == 2);
  CHECK(site.all(signal(0.5, "a"), signal(0.25, "b")).batch.entries.empty());
  const Taken taken = site.all(signal(0.4, "a"));
  REQUIRE(taken.batch.entries.size() == 2);
  CHECK(entry<throttle::SignalEntry>(taken).signal.cap == throttle::Cap(DutyCap{0.4}));
  CHECK(entry<throttle::RetractEntry>(taken, 1).id == "b");
}

TEST_CASE(
    "intake: a sequence is worth keeping even when it says nothing new, and a replay is refused") {
  Site site;
  throttle::Signal numbered = signal(0.5);
  numbered.sequence = 7;
  CHECK(site.hear({sources::Said{numbered}}).sequenced);
  const Taken replay = site.hear({sources::Said{numbered}});
  REQUIRE(replay.batch.entries.size() == 1);
  CHECK(entry<throttle::SignalEntry>(replay).refused.find("replay") != std::string::npos);
  REQUIRE(replay.refusals.size() == 1);
  CHECK(replay.refused.find("replay") != std::string::npos);
  INFO("the same refusal again is no news");
  const Taken again = site.hear({sources::Said{numbered}});
  CHECK(again.batch.entries.empty());
  CHECK_FALSE(again.refused.empty());
  CHECK_FALSE(site.hear({sources::Said{signal(0.5)}}).sequenced);
}

TEST_CASE("intake: a retraction ends a signal once") {
  Site site;
  site.hear({sources::Said{signal(0, "dr")}});
  CHECK(entry<throttle::RetractEntry>(site.hear({sources::Retracted{"dr"}})).source == "dso");
  CHECK(site.hear({sources::Retracted{"dr"}}).batch.entries.empty());
  CHECK(site.throttle().signals().empty());
}

TEST_CASE("intake: a flood is obeyed and does not fill the ledger") {
  Site site;
  std::size_t kept = 0, told = 0;
  for (int i = 0; i < 1000; ++i) {
    const Taken taken = site.hear({sources::Said{signal(i % 2 == 0 ? 0.1 : 0.2)}});
    kept += taken.batch.entries.size();
    told += taken.refusals.size();
  }
  CHECK(kept == SourceIntake::kMostEntries);
  CHECK(told == 1);
  CHECK(site.allowed() == 0.2);
  site.now.steady += 61s;
  CHECK(site.hear({sources::Said{signal(0.1)}}).batch.entries.size() == 1);
}
