#include "sources/mqtt/mqtt_feed.h"

#include <charconv>
#include <utility>

#include "sources/cap_message.h"
#include "sources/mqtt/target_message.h"
#include "throttle/limit.h"

namespace ebb::sources {
namespace {

using throttle::Now;
using throttle::Signal;
using throttle::SignalBook;
using throttle::WallTime;

throttle::Limit limit_of(const Signal& signal) {
  throttle::Limit limit;
  limit.lower_to(signal.cap);
  return limit;
}

/// Whether `signal` in the place of `old` permits nothing that `old` does not.
bool covers(const Signal& signal, const Signal& old) {
  return !limit_of(signal).is_above(limit_of(old)) && signal.valid_from <= old.valid_from &&
         (!signal.valid_until || (old.valid_until && *signal.valid_until >= *old.valid_until)) &&
         signal.signal_class == old.signal_class;
}

bool same(const std::optional<Signal>& a, const std::optional<Signal>& b) {
  if (!a || !b) return !a && !b;
  return a->cap == b->cap && a->valid_from == b->valid_from && a->valid_until == b->valid_until &&
         a->signal_class == b->signal_class && a->reason == b->reason;
}

bool permits(const std::optional<Signal>& signal) {
  return !signal || is_full(signal->cap);
}

/// The book takes a signal that cannot be dated only where it lowers what stands, and does not hear
/// its source.
Said only_to_lower(const Now& now, Signal signal) {
  const WallTime undated = now.wall - SignalBook::kMaxSkew - std::chrono::seconds(1);
  if (!signal.sent_at || std::chrono::abs(now.wall - *signal.sent_at) <= SignalBook::kMaxSkew) {
    signal.sent_at = undated;
  }
  signal.sequence = 0;
  return {std::move(signal)};
}

std::string text_of(std::string_view id, const std::optional<Signal>& signal) {
  return std::string(id) + ' ' + (signal ? text(signal->cap) : "is over");
}

/// "40", "40.0", "40%"
std::optional<double> parse_percent(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  double percent = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, percent);
  if (error != std::errc() || read != end || !(percent >= 0 && percent <= 100)) return std::nullopt;
  return percent;
}

}  // namespace

/// A message that makes sense.
struct MqttFeed::Word {
  std::string id;
  std::optional<Signal> signal;  ///< nothing: what stands under the id is over
  std::optional<WallTime> sent;
  std::uint64_t sequence = 0;
};

MqttFeed::MqttFeed(MqttFeedSettings settings, throttle::SteadyTime started) : settings_(settings) {
  for (Broker& broker : brokers_)
    broker.heard = started;
}

MqttFeed::Known& MqttFeed::known(const std::string& id) {
  // Who is forgotten may again be lowered only.
  if (ids_.size() >= kMaxIds && !ids_.contains(id)) ids_.erase(ids_.begin());
  return ids_[id];
}

MqttFeed::Outcome MqttFeed::take(const Now& now, const MqttArrival& arrival) {
  if (arrival.topic == MqttArrival::Topic::target) {
    const auto message = parse_target_message(arrival.payload);
    if (!message) return {{}, {}, message.error()};
    if (std::chrono::abs(now.wall - message->sent) > kTargetWindow) {
      return {{}, {}, "timestamp: more than 24 hours from this machine's clock"};
    }
    Signal signal;
    signal.id = kTargetId;
    signal.cap = throttle::DutyCap{message->on ? 1.0 : 0.0};
    signal.signal_class = settings_.signal_class;
    signal.reason = message->on ? "target 100" : "target 0";
    return hear(now, arrival, {signal.id, signal, message->sent, 0});
  }
  if (arrival.topic != MqttArrival::Topic::cap) return obey(now, arrival);

  auto message = parse_cap_message(arrival.payload);
  if (!message) return {{}, {}, message.error()};
  for (const std::string_view taken : {kTargetId, kSetCapId, kSetHoldId}) {
    if (message->id == taken) return {{}, {}, "id: stands for another topic"};
  }
  Word word{message->id, {}, message->sent, message->sequence};
  if (message->cap) {
    Signal signal;
    signal.id = std::move(message->id);
    signal.cap = *message->cap;
    signal.signal_class = message->signal_class.value_or(settings_.signal_class);
    signal.valid_from = message->from.value_or(WallTime{});
    signal.valid_until = message->until;
    signal.reason = std::move(message->reason);
    word.signal = std::move(signal);
  }
  return hear(now, arrival, std::move(word));
}

MqttFeed::Outcome MqttFeed::hear(const Now& now, const MqttArrival& arrival, Word word) {
  Broker& broker = brokers_[arrival.broker];
  if (word.sequence != 0 && word.sequence <= broker.sequence) {
    if (word.sequence == broker.sequence) return {};  // once more, as QoS 1 and reconnecting do
    return {{},
            {},
            "a replay: its sequence is " + std::to_string(word.sequence) + ", the newest " +
                std::to_string(broker.sequence)};
  }
  const auto age =
      word.sent ? std::optional(std::chrono::abs(now.wall - *word.sent)) : std::nullopt;
  const bool off = age && *age > SignalBook::kMaxSkew;
  const bool live = !arrival.retained || (age && *age <= settings_.stale_after);
  if (live && !off) return hear_live(now, arrival, std::move(word));

  if (permits(word.signal)) {
    if (!live) return {};  // of whatever age, so it says nothing
    return {{}, {}, "its clock is off by more than 5 minutes"};
  }
  broker.sequence = std::max(broker.sequence, word.sequence);
  Outcome outcome;
  outcome.said = text_of(word.id, word.signal) + (arrival.retained ? " (retained)" : " (late)");
  word.signal->sent_at = word.sent;
  outcome.updates.emplace_back(only_to_lower(now, *std::move(word.signal)));
  return outcome;
}

MqttFeed::Outcome MqttFeed::hear_live(const Now& now, const MqttArrival& arrival, Word word) {
  Broker& broker = brokers_[arrival.broker];
  const bool first_is_silent = now.steady - brokers_[0].heard > settings_.stale_after;
  Known& id = known(word.id);
  if (id.stands && id.stands->valid_until && *id.stands->valid_until <= now.wall) id.stands.reset();
  const auto last = id.sent[arrival.broker];
  const bool repeated = id.said && same(word.signal, id.stands);
  const bool reordered = word.sequence == 0 && word.sent && last && *word.sent <= *last;
  if (reordered && repeated) return {};  // a duplicate, or older: no sign of life
  broker.sequence = std::max(broker.sequence, word.sequence);
  if (!reordered) {
    broker.heard = now.steady;
    id.sent[arrival.broker] = word.sent;
  }
  const bool outdated = id.said && id.broker != arrival.broker &&
                        (word.sent && id.since ? *word.sent < *id.since
                                               : word.sequence != 0 && word.sequence < id.sequence);
  const bool has_a_say = arrival.broker == 0 || first_is_silent;
  if (has_a_say && !reordered && !outdated) return pass_on(arrival, id, std::move(word));
  if (repeated) return still_there();
  const bool lowers = word.signal && (!id.stands || covers(*word.signal, *id.stands));
  if (lowers && id.said) return pass_on(arrival, id, std::move(word));
  if (reordered) return {};
  if (id.said) return still_there();  // it permits as much as what stands, and more
  Outcome outcome;
  if (permits(word.signal)) return outcome;
  outcome.said = text_of(word.id, word.signal);
  word.signal->sent_at = word.sent;
  outcome.updates.emplace_back(only_to_lower(now, *std::move(word.signal)));
  return outcome;
}

MqttFeed::Outcome MqttFeed::pass_on(const MqttArrival& arrival, Known& known, Word word) {
  known.stands = word.signal;
  known.said = true;
  known.broker = arrival.broker;
  known.since = word.sent;
  known.sequence = word.sequence;
  // The book keeps one sequence of a source, over restarts. Two brokers may have two senders, and
  // what a broker retained has been seen before the restart.
  const std::uint64_t sequence = settings_.brokers == 1 && !arrival.retained ? word.sequence : 0;
  Outcome outcome;
  outcome.said = text_of(word.id, word.signal);
  if (word.signal) {
    word.signal->sent_at = word.sent;
    word.signal->sequence = sequence;
    outcome.updates.emplace_back(Said{*std::move(word.signal)});
  } else {
    outcome.updates.emplace_back(Retracted{std::move(word.id), sequence});
  }
  add_commands(outcome);
  return outcome;
}

MqttFeed::Outcome MqttFeed::still_there() {
  Outcome outcome;
  outcome.updates.emplace_back(StillThere{});
  add_commands(outcome);
  return outcome;
}

void MqttFeed::add_commands(Outcome& outcome) {
  for (auto& [id, update] : std::exchange(commands_, {}))
    outcome.updates.push_back(std::move(update));
}

MqttFeed::Outcome MqttFeed::obey(const Now& now, const MqttArrival& arrival) {
  Signal signal;
  signal.signal_class = throttle::SignalClass::by_operator;
  if (arrival.topic == MqttArrival::Topic::set_cap) {
    const auto percent = parse_percent(arrival.payload);
    if (!percent) return {{}, {}, "cap/set: must be a percentage from 0 to 100"};
    signal.id = kSetCapId;
    signal.cap = throttle::DutyCap{*percent / 100};
    signal.reason = kSetCapReason;
  } else {
    if (arrival.payload != "ON" && arrival.payload != "OFF") {
      return {{}, {}, "hold/set: must be ON or OFF"};
    }
    signal.id = kSetHoldId;
    signal.cap = throttle::DutyCap{arrival.payload == "ON" ? 0.0 : 1.0};
    signal.reason = kSetHoldReason;
  }
  const bool lifts = is_full(signal.cap);
  if (lifts && arrival.retained) return {};
  Outcome outcome;
  outcome.said = text_of(signal.id, lifts ? std::nullopt : std::optional(signal));
  Update update = lifts ? Update(Retracted{signal.id, 0}) : Update(Said{signal});
  if (!settings_.feed) {
    outcome.updates.push_back(std::move(update));
    return outcome;
  }
  // A hand on a slider is no sign that the grid has no objection: it may lower now, the rest comes
  // into force with the feed's next word.
  if (!lifts) outcome.updates.emplace_back(only_to_lower(now, signal));
  commands_.insert_or_assign(std::move(signal.id), std::move(update));
  return outcome;
}

}  // namespace ebb::sources
