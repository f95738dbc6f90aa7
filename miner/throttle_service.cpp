#include "miner/throttle_service.h"

#include <spdlog/logger.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>

namespace ebb::miner {
namespace {

using std::chrono::seconds;
using throttle::Decision;
using throttle::State;

constexpr std::string_view kOperator = "operator";
constexpr std::string_view kHold = "hold";
constexpr std::string_view kLostLedger = "ledger";

// Waits and ramps are kept this often during an event; at worst so much of them is waited again.
constexpr seconds kSavePeriod{5};
// Outside events the ledger has a sample a minute, for baselines.
constexpr seconds kQuietPeriod{60};
// Samples of a second are kept for so long, then means of a minute: a fortnight's event would be
// some 350 MB otherwise.
constexpr std::chrono::days kSecondsKept{1};
constexpr std::chrono::hours kRollUpPeriod{1};

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

throttle::Signal operator_signal(const throttle::Now& now, std::string_view id, throttle::Cap cap,
                                 std::string reason) {
  throttle::Signal signal;
  signal.source = kOperator;
  signal.id = id;
  signal.cap = cap;
  signal.signal_class = throttle::SignalClass::by_operator;
  signal.valid_from = signal.received_at = now.wall;
  signal.reason = std::move(reason);
  return signal;
}

State state_at_zero(throttle::Zero zero) {
  switch (zero) {
    case throttle::Zero::proved:
      return State::parked;
    case throttle::Zero::released:
      return State::released;
    case throttle::Zero::failed:
      return State::fault;
    case throttle::Zero::not_asked:
    case throttle::Zero::awaited:
      break;
  }
  return State::shedding;
}

/// Beside the numbers that only count on: a ramp's level, a wait's seconds.
bool is_same(const Decision& a, const Decision& b) {
  const auto same_reason = [](const throttle::Reason& x, const throttle::Reason& y) {
    return x.source == y.source && x.overridden == y.overridden &&
           (!x.signal_class || (x.limit == y.limit && x.text == y.text && x.until == y.until));
  };
  return a.state == b.state && a.event == b.event &&
         (a.limit == b.limit || a.state == State::ramping) &&
         std::equal(a.reasons.begin(), a.reasons.end(), b.reasons.begin(), b.reasons.end(),
                    same_reason);
}

}  // namespace

void ThrottleService::Samples::add(const Observation& seen) {
  ++count_;
  hps_ += seen.hps;
  fraction_ += seen.fraction;
  if (!seen.power) return;
  ++with_watts_;
  watts_ += seen.power->watts;
  meter_ = seen.power->meter;
  estimated_ = estimated_ || seen.power->estimated;
}

throttle::SampleEntry ThrottleService::Samples::take() {
  throttle::SampleEntry mean;
  mean.hps = hps_ / count_;
  mean.limit_fraction = fraction_ / count_;
  if (with_watts_ > 0) mean.watts = watts_ / with_watts_;
  mean.meter = std::move(meter_);
  mean.estimated = estimated_;
  mean.over = seconds(count_);
  *this = {};
  return mean;
}

ThrottleService::ThrottleService(const throttle::Limit& permanent, StateFolder folder,
                                 Journal journal, throttle::Throttle throttle,
                                 ScheduleSource schedule, throttle::Start how, spdlog::logger& log)
    : permanent_(permanent),
      folder_(std::move(folder)),
      journal_(std::move(journal)),
      throttle_(std::move(throttle)),
      schedule_(std::move(schedule)),
      how_(how),
      log_(log) {}

tl::expected<std::unique_ptr<ThrottleService>, std::string> ThrottleService::start(
    const ThrottleOptions& options, const throttle::Limit& permanent, const throttle::Now& now,
    spdlog::logger& log) {
  auto schedule = ScheduleSource::open(options);
  if (!schedule) return tl::unexpected(schedule.error());
  auto folder = StateFolder::open(options.state_folder);
  if (!folder) return tl::unexpected(folder.error());
  const std::string boot = boot_id();
  auto [journal, past] = Journal::open(StateFolder::ledger(folder->path()), boot, log);
  const std::uint64_t seed = random_seed();
  auto throttle = throttle::Throttle::start(options.policy, past.how, past.saved, seed);
  if (!throttle) {
    past.unreadable = throttle.error();
    throttle = throttle::Throttle::start(options.policy, past.how, {}, seed);
  }
  std::unique_ptr<ThrottleService> service(
      new ThrottleService(permanent, std::move(*folder), std::move(journal), std::move(*throttle),
                          std::move(*schedule), past.how, log));
  if (past.unreadable) service->hold_for_lost_ledger(now, *past.unreadable);
  service->drop_others(now, options.policy.sources);
  service->write(now, throttle::RunEntry{true, past.how, boot, EBB_VERSION});
  service->decide(now, throttle::Zero::not_asked, {});
  return service;
}

const Decision& ThrottleService::decide(const throttle::Now& now, throttle::Zero zero,
                                        const throttle::Plant& plant) {
  throttle::LedgerBatch planned;
  for (throttle::Signal& signal : schedule_.update(now, throttle_, log_)) {
    planned.entries.push_back(
        {now.wall, shown_.event, throttle::SignalEntry{std::move(signal), {}}});
  }
  if (!planned.entries.empty()) write(now, std::move(planned));
  shown_ = throttle_.decide(now, zero, plant);
  if (!permanent_.is_full()) {
    shown_.limit.lower_to(permanent_);
    if (shown_.state == State::full) {
      shown_.state = permanent_.is_zero() ? state_at_zero(zero) : State::limited;
    }
    shown_.reasons.push_back({.source = "command line",
                              .signal_class = std::nullopt,
                              .limit = permanent_,
                              .text = "command line " + throttle::text(permanent_),
                              .until = std::nullopt,
                              .overridden = false});
  }
  note_change(now);
  return shown_;
}

void ThrottleService::note_change(const throttle::Now& now) {
  const bool changed = !noted_ || !is_same(*noted_, shown_);
  if (changed) {
    if (noted_ || !shown_.limit.is_full()) log_.info("throttle: {}", decision_line(shown_));
    noted_ = shown_;
    write(now, throttle::DecisionEntry{shown_});
  } else if (now.steady - *saved_at_ >= (shown_.event != 0 ? kSavePeriod : kQuietPeriod)) {
    saved_at_ = now.steady;
    journal_.write({{}, throttle_.save()});
  }
}

std::string ThrottleService::hear(const throttle::Now& now, const throttle::SourceRule& rule,
                                  std::vector<sources::Update> updates) {
  Taken taken = intake_.take(now, rule, std::move(updates), throttle_);
  for (const std::string& line : taken.refusals)
    log_.warn("{}", line);
  if (taken.sequenced || !taken.batch.entries.empty()) write(now, std::move(taken.batch));
  return std::move(taken.refused);
}

SourceStatus ThrottleService::status_of(const throttle::Now& now,
                                        const SourceFigures& source) const {
  const throttle::SourceRule& rule = *source.rule;
  SourceStatus status{rule, source.type, source.health, {}, false, {}};
  if (const auto heard = throttle_.heard_at(rule.name)) {
    status.silent_for = std::chrono::duration_cast<seconds>(now.steady - *heard);
    status.fresh = !rule.feed || now.steady - *heard <= rule.stale_after;
  }
  for (const throttle::Signal& signal : throttle_.signals()) {
    const bool live = signal.source == rule.name && signal.valid_from <= now.wall &&
                      !(signal.valid_until && *signal.valid_until <= now.wall);
    if (live) status.says.lower_to(signal.cap);
  }
  return status;
}

void ThrottleService::sample(const throttle::Now& now, const Observation& seen) {
  const seconds period = shown_.event != 0 ? seconds(1) : kQuietPeriod;
  note_trouble();
  roll_up(now);
  samples_.add(seen);
  if (sampled_at_ && now.steady - *sampled_at_ < period) return;
  sampled_at_ = now.steady;
  throttle::LedgerBatch batch;
  batch.entries.push_back({now.wall, shown_.event, samples_.take()});
  journal_.write(std::move(batch));
}

void ThrottleService::roll_up(const throttle::Now& now) {
  if (rolled_up_at_ && now.steady - *rolled_up_at_ < kRollUpPeriod) return;
  rolled_up_at_ = now.steady;
  journal_.roll_up(now.wall - kSecondsKept);
}

void ThrottleService::record(const throttle::Now& now, throttle::ZeroEntry entry) {
  write(now, std::move(entry));
}

tl::expected<void, std::string> ThrottleService::handle(const throttle::Now& now,
                                                        const ControlRequest& request,
                                                        throttle::LedgerWriter::Done kept) {
  if (const auto* hold = std::get_if<HoldRequest>(&request)) {
    throttle::Signal signal = operator_signal(now, kHold, hold->cap, hold->reason);
    signal.valid_until = hold->until;
    if (auto accepted = throttle_.accept(now, signal); !accepted) return accepted;
    write(now, throttle::SignalEntry{std::move(signal), {}}, std::move(kept));
  } else if (std::holds_alternative<ReleaseRequest>(request)) {
    for (const std::string_view id : {kHold, kLostLedger})
      throttle_.retract(now, kOperator, id, 0);
    write(now, throttle::RetractEntry{std::string(kOperator), std::string(kHold)}, std::move(kept));
  } else if (const auto* override = std::get_if<OverrideRequest>(&request)) {
    if (override->override && !throttle_.clock_believed()) {
      return tl::unexpected<std::string>(
          "the clock is not believed, so an override would never end (--trust-clock believes it)");
    }
    throttle_.set_override(override->override);
    write(now, throttle::OverrideEntry{override->override}, std::move(kept));
  } else {
    kept({});
  }
  return {};
}

std::string ThrottleService::status(const Observation& seen,
                                    const std::vector<SourceStatus>& sources) const {
  return status_json(shown_, seen, sources, journal_.trouble(), throttle_.clock_believed());
}

void ThrottleService::stop(const throttle::Now& now) {
  throttle::LedgerBatch batch;
  batch.entries.push_back(
      {now.wall, shown_.event,
       throttle::RunEntry{false, throttle::Start::clean, boot_id(), EBB_VERSION}});
  batch.state = throttle_.save();
  journal_.close(std::move(batch));
}

void ThrottleService::hold_for_lost_ledger(const throttle::Now& now, const std::string& why) {
  throttle::Signal signal = operator_signal(now, kLostLedger, throttle::DutyCap{0},
                                            "holds may be lost, for the ledger cannot be read (" +
                                                why + "): `ebb release` when none should stand");
  log_.error("held at zero: {}", signal.reason);
  if (throttle_.accept(now, signal)) write(now, throttle::SignalEntry{std::move(signal), {}});
}

void ThrottleService::drop_others(const throttle::Now& now,
                                  const std::vector<throttle::SourceRule>& rules) {
  std::set<std::string> others;
  for (const throttle::Signal& signal : throttle_.signals())
    others.insert(signal.source);
  others.erase(std::string(kOperator));
  others.erase(std::string(throttle::Schedule::kSource));
  for (const throttle::SourceRule& rule : rules)
    others.erase(rule.name);
  for (const std::string& name : others) {
    log_.info("source '{}' is configured no more: what it said is dropped", name);
    const Taken taken = intake_.take(now, {.name = name}, {sources::SaidAll{}}, throttle_);
    write(now, taken.batch);
  }
}

void ThrottleService::write(const throttle::Now& now, decltype(throttle::LedgerEntry::what) what,
                            throttle::LedgerWriter::Done done) {
  throttle::LedgerBatch batch;
  batch.entries.push_back({now.wall, shown_.event, std::move(what)});
  write(now, std::move(batch), std::move(done));
}

void ThrottleService::write(const throttle::Now& now, throttle::LedgerBatch batch,
                            throttle::LedgerWriter::Done done) {
  saved_at_ = now.steady;
  batch.state = throttle_.save();
  journal_.write(std::move(batch), std::move(done));
}

void ThrottleService::note_trouble() {
  auto trouble = journal_.trouble();
  if (trouble == trouble_told_) return;
  if (trouble) {
    log_.error("ledger: {}; the throttle goes on without", *trouble);
  } else {
    log_.info("ledger: writes again");
  }
  trouble_told_ = std::move(trouble);
}

}  // namespace ebb::miner
