#include "sources/frequency/frequency_kind.h"
#include "sources/frequency/frequency_steps.h"
#include "tests/unit/catch.h"
#include "tests/unit/sources/table_text.h"

using namespace ebb;
using namespace ebb::sources;
using namespace std::chrono_literals;

namespace {

/// Samples once a second.
class Grid {
 public:
  explicit Grid(FrequencySettings settings, throttle::Start how = throttle::Start::fresh)
      : steps(std::move(settings), how) {}

  std::vector<Update> sample(std::optional<double> hertz) {
    now.steady += 1s;
    now.wall += 1s;
    return steps.take(now, hertz);
  }
  /// The same for so many seconds; what the last one gave.
  std::vector<Update> samples(std::optional<double> hertz, int seconds) {
    std::vector<Update> updates;
    for (int i = 0; i < seconds; ++i)
      updates = sample(hertz);
    return updates;
  }

  throttle::Now now{throttle::SteadyTime{1000s},
                    throttle::WallTime{std::chrono::seconds(1'800'000'000)}, true};
  FrequencySteps steps;
};

FrequencySettings ercot() {
  FrequencySettings settings;
  settings.observe = false;
  settings.steps = {{59.85, throttle::DutyCap{0.5}, 600s}, {59.7, throttle::DutyCap{0}, 1800s}};
  return settings;
}

/// Ids and caps of a complete set.
std::string set_of(const std::vector<Update>& updates) {
  REQUIRE(updates.size() == 1);
  std::string text;
  for (const throttle::Signal& signal : std::get<SaidAll>(updates[0]).signals)
    text += signal.id + "=" + throttle::text(signal.cap) + " ";
  return text;
}

std::string fault(std::string_view text) {
  return tests::fault_of(text,
                         [](throttle::TableReader& table) { kFrequencyKind.read(table, "/etc"); });
}

}  // namespace

TEST_CASE("frequency: sheds by one sample, holds from the last one below, returns by one") {
  Grid grid(ercot());
  CHECK(set_of(grid.sample(60.0)) == "grid=100% ");
  CHECK(set_of(grid.sample(59.85)) == "grid=100% ");  // not below
  CHECK(set_of(grid.sample(59.84)) == "below 59.85 Hz=50% ");
  CHECK(set_of(grid.samples(60.0, 300)) == "below 59.85 Hz=50% ");
  CHECK(set_of(grid.sample(59.8)) == "below 59.85 Hz=50% ");  // the hold begins anew
  CHECK(set_of(grid.samples(60.0, 599)) == "below 59.85 Hz=50% ");
  CHECK(set_of(grid.sample(60.0)) == "grid=100% ");
}

TEST_CASE("frequency: each step has its own hold") {
  Grid grid(ercot());
  CHECK(set_of(grid.sample(59.6)) == "below 59.85 Hz=50% below 59.7 Hz=0% ");
  CHECK(set_of(grid.samples(60.0, 599)) == "below 59.85 Hz=50% below 59.7 Hz=0% ");
  CHECK(set_of(grid.sample(60.0)) == "below 59.7 Hz=0% ");
  CHECK(set_of(grid.samples(60.0, 1199)) == "below 59.7 Hz=0% ");
  CHECK(set_of(grid.sample(60.0)) == "grid=100% ");
}

TEST_CASE("frequency: what is no frequency is no sample") {
  Grid grid(ercot());
  grid.sample(60.0);
  for (const double bad : {0.0, -50.0, 1000.0, std::numeric_limits<double>::quiet_NaN(), 39.9, 70.1,
                           std::numeric_limits<double>::infinity()}) {
    CHECK(grid.sample(bad).empty());
    CHECK(grid.steps.trouble() == "what the meter shows is no frequency of a grid");
  }
  CHECK(grid.sample(std::nullopt).empty());
  CHECK(grid.steps.trouble() == "the meter tells no frequency");
  CHECK(set_of(grid.sample(60.0)) == "grid=100% ");
  CHECK(grid.steps.trouble().empty());
}

TEST_CASE("frequency: silence ends no hold") {
  Grid grid(ercot());
  grid.sample(59.8);
  for (int i = 0; i < 5000; ++i)
    CHECK(grid.sample(std::nullopt).empty());
  CHECK(set_of(grid.sample(59.84)) == "below 59.85 Hz=50% ");
  grid.samples(std::nullopt, 5000);
  CHECK(set_of(grid.sample(60.0)) == "grid=100% ");
}

TEST_CASE(
    "frequency: a signal ends by itself some time after its hold, and is no news each second") {
  Grid grid(ercot());
  std::vector<throttle::WallTime> ends;
  for (int i = 0; i < 300; ++i) {
    const auto updates = grid.sample(59.8);
    const auto& signal = std::get<SaidAll>(updates[0]).signals.at(0);
    REQUIRE(signal.valid_until);
    CHECK(*signal.valid_until >= grid.now.wall + 600s);
    CHECK(*signal.valid_until <= grid.now.wall + 600s + 2min);
    if (ends.empty() || ends.back() != *signal.valid_until) ends.push_back(*signal.valid_until);
  }
  CHECK(ends.size() <= 6);
}

TEST_CASE("frequency: after a restart what stood before stands until the longest hold is over") {
  Grid grid(ercot(), throttle::Start::killed);
  auto updates = grid.sample(60.0);
  REQUIRE(updates.size() == 1);
  CHECK(std::holds_alternative<StillThere>(updates[0]));
  updates = grid.sample(59.8);  // said beside what may stand, not instead of it
  REQUIRE(updates.size() == 2);
  CHECK(std::get<Said>(updates[0]).signal.id == "below 59.85 Hz");
  CHECK(std::holds_alternative<StillThere>(updates[1]));
  grid.samples(60.0, 599);
  updates = grid.sample(60.0);
  REQUIRE(updates.size() == 2);
  CHECK(std::get<Retracted>(updates[0]).id == "below 59.85 Hz");
  grid.samples(60.0, 1198);
  CHECK(set_of(grid.sample(60.0)) == "grid=100% ");
}

TEST_CASE("frequency: observing caps nothing, by silence neither, and tells what it would do") {
  FrequencySettings settings = ercot();
  settings.observe = true;
  Grid grid(settings);
  for (const std::optional<double> hertz : {60.0, 59.6, 1000.0}) {
    CHECK(set_of(grid.sample(hertz)) == "grid=100% ");
  }
  CHECK(set_of(grid.sample(std::nullopt)) == "grid=100% ");
  CHECK(grid.steps.last() ==
        "lowest 59.6 Hz, below a step 2 times; would cap at 50%, below 59.85 Hz; would cap at 0%, "
        "below 59.7 Hz");
}

TEST_CASE("frequency: tables") {
  const std::string begin = "meter = 'site'\n";
  CHECK(fault(begin + "steps = [{ below = 59.85, cap = '50%', hold = '10m' }, "
                      "{ below = 49, cap = 0, hold = '0s' }]\nobserve = false") == "");
  const std::pair<std::string, std::string> wrong[]{
      {"steps = [{ below = 59.85, cap = '50%', hold = '10m' }]",
       "line 1:1: meter: is missing: the name of a [[meter]]"},
      {begin,
       "line 1:1: steps: must be 1 to 16 tables such as { below = 59.85, cap = \"0%\", hold = "
       "\"10m\" }"},
      {begin + "steps = []",
       "line 2:9: steps: must be 1 to 16 tables such as { below = 59.85, cap = "
       "\"0%\", hold = \"10m\" }"},
      {begin + "steps = [1]", "line 2:9: steps: must be tables"},
      {begin + "steps = [{ cap = '50%', hold = '10m' }]",
       "line 2:9: steps: below: is missing, such as 59.85"},
      {begin + "steps = [{ below = 0.5, cap = '50%', hold = '10m' }]",
       "line 2:9: steps: below: must be from 40 to 70 hertz"},
      {begin + "steps = [{ below = nan, cap = '50%', hold = '10m' }]",
       "line 2:9: steps: below: must be from 40 to 70 hertz"},
      {begin + "steps = [{ below = 50, hold = '10m' }]",
       "line 2:9: steps: cap: is missing, such as \"0%\""},
      {begin + "steps = [{ below = 50, cap = 0 }]",
       "line 2:9: steps: hold: is missing, such as \"10m\""},
      {begin + "steps = [{ below = 50, cap = 0, hold = '10m', holt = 1 }]",
       "line 2:9: steps: holt: unknown key"}};
  for (const auto& [text, expected] : wrong) {
    INFO(text);
    CHECK(fault(text) == expected);
  }
}
