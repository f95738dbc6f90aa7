#include "sources/site/site_poll.h"

#include <mutex>
#include <utility>

#include "sources/since.h"

namespace ebb::sources {
namespace {

using namespace std::chrono_literals;

class SitePoll final : public Poll {
 public:
  SitePoll(std::unique_ptr<SiteRule> rule, std::shared_ptr<SharedMeter> meter,
           std::function<throttle::Now()> clock)
      : rule_(std::move(rule)), meter_(std::move(meter)), clock_(std::move(clock)) {}

  void tell(const Telemetry& telemetry) {
    const std::lock_guard lock(mutex_);
    rule_->tell(telemetry);
  }

  Answer ask(const throttle::Now&, const std::stop_token& stop) override {
    Answer answer;
    const auto reading = meter_->next(last_, 1000ms, stop);
    answer.health = meter_->health();
    const std::lock_guard lock(mutex_);
    if (reading) {
      last_ = reading->at;
      answer.updates = rule_->read(*reading);
    } else {
      answer.updates = rule_->silent(clock_().steady);
    }
    for (Update& update : answer.updates) {
      for (throttle::Signal& signal : std::get<SaidAll>(update).signals)
        since_.stamp(signal, clock_().wall);
    }
    if (const std::string last = rule_->last(); !last.empty()) {
      answer.health.last += (answer.health.last.empty() ? "" : "; ") + last;
    }
    if (answer.health.trouble.empty()) answer.health.trouble = rule_->trouble();
    return answer;
  }

 private:
  std::mutex mutex_;  ///< of rule_: telemetry comes on the io thread
  std::unique_ptr<SiteRule> rule_;
  std::shared_ptr<SharedMeter> meter_;
  std::function<throttle::Now()> clock_;
  throttle::SteadyTime last_{};
  Since since_;
};

}  // namespace

tl::expected<std::unique_ptr<Source>, std::string> site_source(std::unique_ptr<SiteRule> rule,
                                                               const std::string& meter,
                                                               const Context& context) {
  auto shared = context.meter ? context.meter(meter) : nullptr;
  if (!shared) return tl::unexpected("there is no [[meter]] '" + meter + "'");
  auto poll = std::make_unique<SitePoll>(std::move(rule), std::move(shared), context.clock);
  SitePoll& told = *poll;
  auto source = std::make_unique<PollingSource>(std::move(poll), context.clock);
  source->on_telemetry([&told](const Telemetry& telemetry) { told.tell(telemetry); });
  return source;
}

}  // namespace ebb::sources
