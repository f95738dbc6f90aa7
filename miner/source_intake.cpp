#include "miner/source_intake.h"

#include <algorithm>
#include <utility>

#include "core/printable.h"

namespace ebb::miner {
namespace {

using throttle::Signal;

constexpr std::chrono::minutes kBudgetPeriod{1};

/// Beside the times and numbers that a repetition changes.
bool says_the_same(const Signal& a, Signal b) {
  b.received_at = a.received_at;
  b.sent_at = a.sent_at;
  b.sequence = a.sequence;
  return a == b;
}

const Signal* find(const std::vector<Signal>& signals, std::string_view source,
                   std::string_view id) {
  const auto found = std::find_if(signals.begin(), signals.end(), [&](const Signal& signal) {
    return signal.source == source && signal.id == id;
  });
  return found == signals.end() ? nullptr : &*found;
}

}  // namespace

/// One batch of one source.
class SourceIntake::Batch {
 public:
  Batch(const throttle::Now& now, const throttle::SourceRule& rule, throttle::Throttle& throttle,
        Budget& budget, Taken& taken)
      : now_(now), rule_(rule), throttle_(throttle), budget_(budget), taken_(taken) {}

  void take(sources::Said said) {
    Signal signal = completed(std::move(said.signal));
    const Signal* stood = find(throttle_.signals(), rule_.name, signal.id);
    const bool repeated = stood != nullptr && says_the_same(*stood, signal);
    taken_.sequenced = taken_.sequenced || signal.sequence != 0;
    auto accepted = throttle_.accept(now_, signal);
    if (!accepted) {
      refuse(std::move(signal), std::move(accepted.error()));
    } else if (!repeated) {
      note(throttle::SignalEntry{std::move(signal), {}});
    }
  }

  void take(sources::SaidAll said) {
    for (Signal& signal : said.signals) {
      signal = completed(std::move(signal));
      taken_.sequenced = taken_.sequenced || signal.sequence != 0;
    }
    std::vector<Signal> before;
    for (const Signal& signal : throttle_.signals()) {
      if (signal.source == rule_.name) before.push_back(signal);
    }
    throttle_.replace(now_, rule_.name, std::move(said.signals));
    for (const Signal& signal : throttle_.signals()) {
      if (signal.source != rule_.name) continue;
      const Signal* stood = find(before, rule_.name, signal.id);
      if (stood == nullptr || !says_the_same(*stood, signal)) {
        note(throttle::SignalEntry{signal, {}});
      }
    }
    for (const Signal& signal : before) {
      if (find(throttle_.signals(), rule_.name, signal.id) == nullptr) {
        note(throttle::RetractEntry{rule_.name, signal.id});
      }
    }
  }

  void take(const sources::Retracted& retracted) {
    const std::string id = core::printable(retracted.id, throttle::SignalBook::kMaxName);
    taken_.sequenced = taken_.sequenced || retracted.sequence != 0;
    if (throttle_.retract(now_, rule_.name, id, retracted.sequence)) {
      note(throttle::RetractEntry{rule_.name, id});
    }
  }

  void take(const sources::StillThere&) { throttle_.heard(now_, rule_.name); }

 private:
  Signal completed(Signal signal) const {
    signal.source = rule_.name;
    signal.received_at = now_.wall;
    signal.id = core::printable(signal.id, throttle::SignalBook::kMaxName);
    signal.reason = core::printable(signal.reason, throttle::SignalBook::kMaxReason);
    return signal;
  }

  void refuse(Signal signal, std::string why) {
    if (taken_.refused.empty()) taken_.refused = why;
    // A sender that repeats itself is told of once.
    if (std::exchange(budget_.refused, why) == why) return;
    taken_.refusals.push_back(rule_.name + ": " + throttle::text(signal.cap) + " refused: " + why);
    note(throttle::SignalEntry{std::move(signal), std::move(why)});
  }

  void note(decltype(throttle::LedgerEntry::what) what) {
    if (now_.steady - budget_.since >= kBudgetPeriod) {
      budget_.since = now_.steady;
      budget_.used = 0;
    }
    if (budget_.used > kMostEntries) return;
    if (budget_.used++ == kMostEntries) {
      taken_.refusals.push_back(rule_.name + ": says more than " + std::to_string(kMostEntries) +
                                " new things a minute: obeyed, but not kept in the ledger");
      return;
    }
    taken_.batch.entries.push_back({now_.wall, throttle_.decision().event, std::move(what)});
  }

  const throttle::Now& now_;
  const throttle::SourceRule& rule_;
  throttle::Throttle& throttle_;
  Budget& budget_;
  Taken& taken_;
};

Taken SourceIntake::take(const throttle::Now& now, const throttle::SourceRule& rule,
                         std::vector<sources::Update> updates, throttle::Throttle& throttle) {
  Taken taken;
  Batch batch(now, rule, throttle, budgets_[rule.name], taken);
  for (sources::Update& update : updates) {
    std::visit([&](auto& it) { batch.take(std::move(it)); }, update);
  }
  return taken;
}

}  // namespace ebb::miner
