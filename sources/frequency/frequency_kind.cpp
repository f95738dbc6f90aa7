#include "sources/frequency/frequency_kind.h"

#include <memory>
#include <utility>

#include "sources/frequency/frequency_steps.h"
#include "sources/nested_table.h"
#include "sources/polling_source.h"
#include "throttle/duration_text.h"

namespace ebb::sources {
namespace {

using namespace std::chrono_literals;
using throttle::TableReader;

constexpr std::size_t kMostSteps = 16;

class FrequencyPoll final : public Poll {
 public:
  FrequencyPoll(FrequencySteps steps, std::shared_ptr<SharedMeter> meter,
                std::function<throttle::Now()> clock)
      : steps_(std::move(steps)), meter_(std::move(meter)), clock_(std::move(clock)) {}

  Answer ask(const throttle::Now&, const std::stop_token& stop) override {
    const auto wait = std::max<std::chrono::milliseconds>(1000ms, 2 * meter_->period());
    const auto reading = meter_->next(last_, std::min<std::chrono::milliseconds>(wait, 5s), stop);
    if (reading) last_ = reading->at;
    Answer answer;
    answer.updates = steps_.take(clock_(), reading ? reading->hertz : std::nullopt);
    answer.health = meter_->health();
    if (const std::string last = steps_.last(); !last.empty()) {
      answer.health.last += (answer.health.last.empty() ? "" : "; ") + last;
    }
    if (answer.health.trouble.empty()) answer.health.trouble = steps_.trouble();
    return answer;
  }

 private:
  FrequencySteps steps_;
  std::shared_ptr<SharedMeter> meter_;
  std::function<throttle::Now()> clock_;
  throttle::SteadyTime last_{};
};

FrequencyStep read_step(TableReader& table) {
  FrequencyStep step;
  const toml::node* below = table.node("below");
  const auto hertz = below != nullptr && below->is_number() ? below->value<double>() : std::nullopt;
  if (below == nullptr) {
    table.fail("below", "is missing, such as 59.85");
  } else if (!hertz || !(*hertz >= FrequencySteps::kLeastHertz) ||
             !(*hertz <= FrequencySteps::kMostHertz)) {
    table.fail("below", "must be from 40 to 70 hertz");
  }
  step.below = hertz.value_or(0);
  if (table.node("cap") == nullptr) table.fail("cap", "is missing, such as \"0%\"");
  step.cap = table.cap("cap").value_or(step.cap);
  if (table.node("hold") == nullptr) table.fail("hold", "is missing, such as \"10m\"");
  step.hold = table.parsed("hold", throttle::parse_wait_seconds).value_or(step.hold);
  return step;
}

std::vector<FrequencyStep> read_steps(TableReader& table) {
  std::vector<FrequencyStep> steps;
  const toml::node* node = table.node("steps");
  const toml::array* tables = node != nullptr ? node->as_array() : nullptr;
  if (tables == nullptr || tables->empty() || tables->size() > kMostSteps) {
    table.fail("steps",
               "must be 1 to 16 tables such as { below = 59.85, cap = \"0%\", hold = \"10m\" }");
    return steps;
  }
  for (const toml::node& element : *tables) {
    const toml::table* keys = element.as_table();
    if (keys == nullptr) {
      table.fail("steps", "must be tables");
      break;
    }
    read_nested(table, "steps", *keys,
                [&](TableReader& reader) { steps.push_back(read_step(reader)); });
  }
  return steps;
}

Open read_frequency(TableReader& table, const std::filesystem::path&) {
  FrequencySettings settings;
  const std::string meter = table.string("meter").value_or("");
  if (meter.empty()) table.fail("meter", "is missing: the name of a [[meter]]");
  settings.steps = read_steps(table);
  settings.observe = table.boolean("observe").value_or(true);
  return [settings, meter](
             const throttle::SourceRule& rule,
             const Context& context) mutable -> tl::expected<std::unique_ptr<Source>, std::string> {
    auto shared = context.meter ? context.meter(meter) : nullptr;
    if (!shared) return tl::unexpected("there is no [[meter]] '" + meter + "'");
    settings.signal_class = rule.signal_class;
    return std::make_unique<PollingSource>(
        std::make_unique<FrequencyPoll>(FrequencySteps(settings, context.how), std::move(shared),
                                        context.clock),
        context.clock);
  };
}

}  // namespace

const Kind kFrequencyKind{.type = "frequency",
                          .feed = true,
                          .signal_class = throttle::SignalClass::mandatory,
                          .stale_after = std::chrono::seconds(10),
                          .read = &read_frequency};

}  // namespace ebb::sources
