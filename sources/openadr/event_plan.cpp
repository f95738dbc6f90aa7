#include "sources/openadr/event_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

namespace ebb::sources::openadr {
namespace {

using throttle::Cap;
using throttle::PowerCap;
using throttle::Signal;

constexpr std::size_t kMaxAsks = 20'000;  // of all events together
constexpr std::size_t kMaxTexts = 50;

/// What one payload asks in one stretch of time.
struct Ask {
  Asked asked;
  const Event* event = nullptr;
  std::string_view type;
  Stretch stretch;
  std::vector<Span> holds;  ///< when it restricts
};

bool is_same(const Asked& a, const Asked& b) {
  return a.meaning == b.meaning && a.cap == b.cap && a.site_watts == b.site_watts &&
         a.signal_class == b.signal_class && a.outage == b.outage && a.text == b.text;
}

void add_once(std::vector<std::string>& texts, std::string text) {
  if (texts.size() >= kMaxTexts || std::find(texts.begin(), texts.end(), text) != texts.end()) {
    return;
  }
  texts.push_back(std::move(text));
}

std::string kilowatts(double watts) {
  const auto tenths = static_cast<long long>(std::llround(watts / 100));
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " kW";
}

/// Spans, apart and in order.
class Cover {
 public:
  void add(std::vector<Span> spans) {
    spans.insert(spans.end(), spans_.begin(), spans_.end());
    std::sort(spans.begin(), spans.end(),
              [](const Span& a, const Span& b) { return a.from < b.from; });
    spans_.clear();
    for (const Span& span : spans) {
      if (span.empty()) continue;
      if (!spans_.empty() && span.from <= spans_.back().until) {
        spans_.back().until = std::max(spans_.back().until, span.until);
      } else {
        spans_.push_back(span);
      }
    }
  }

  /// What of `span` lies outside.
  std::vector<Span> rest_of(Span span) const {
    std::vector<Span> rest;
    auto next = std::upper_bound(spans_.begin(), spans_.end(), span.from,
                                 [](WallTime time, const Span& it) { return time < it.until; });
    for (; next != spans_.end() && next->from < span.until; ++next) {
      if (span.from < next->from) rest.push_back({span.from, next->from});
      span.from = next->until;
    }
    if (!span.empty()) rest.push_back(span);
    return rest;
  }

 private:
  std::vector<Span> spans_;
};

class Planner {
 public:
  Planner(const PlanSettings& settings, const Site& site, WallTime now)
      : settings_(settings), site_(site), now_(now) {}

  Plan plan(std::span<const Program> programs, std::span<const Event> events,
            const FirstSeen& first_seen) {
    for (const Program& program : programs)
      programs_.emplace(program.id, &program);
    const std::size_t quota = kMaxAsks / std::max<std::size_t>(events.size(), 1);
    for (const Event& event : events) {
      const auto seen = first_seen.find(event.id);
      gather(event, {settings_.seed, seen == first_seen.end() ? now_ : seen->second},
             std::max<std::size_t>(quota, 50));
    }
    settle_conflicts();
    emit_caps();
    emit_capacity();
    finish();
    return std::move(plan_);
  }

 private:
  PayloadContext context_of(const Event& event, std::string_view type) const {
    PayloadContext context;
    const auto look = [&](const std::vector<PayloadDescriptor>& descriptors) {
      for (const PayloadDescriptor& it : descriptors) {
        if (it.type != type) continue;
        context.units = it.units;
        context.currency = it.currency;
        return true;
      }
      return false;
    };
    const auto program = programs_.find(event.program_id);
    if (!look(event.payloads) && program != programs_.end()) look(program->second->payloads);
    const auto baseline = site_.baselines.find(event.id);
    context.baseline_watts =
        baseline == site_.baselines.end() ? site_.full_watts : std::optional(baseline->second);
    return context;
  }

  void gather(const Event& event, const TimelineSettings& timeline_settings, std::size_t most) {
    last_.clear();
    const std::size_t end = asks_.size() + most;
    for (const Stretch& stretch : timeline(event, timeline_settings, now_, most)) {
      for (const Payload& payload : event.intervals[stretch.interval].payloads) {
        if (gather(event, payload, stretch, end)) continue;
        add_once(plan_.unclear, "event '" + event.id + "' has more to say than is looked at");
        return;
      }
    }
  }

  /// Up to `end` asks in all; false: there is no more room.
  bool gather(const Event& event, const Payload& payload, const Stretch& stretch, std::size_t end) {
    const PayloadContext context = context_of(event, payload.type);
    const bool sequence = is_sequence(payload.type);
    const std::vector<Stretch> parts =
        divided(stretch, sequence ? payload.values.size() : std::size_t{1});
    for (std::size_t i = 0; i < payload.values.size(); ++i) {
      const Stretch& part = parts[std::min(i, parts.size() - 1)];
      if (part.planned.empty() || part.widest().until <= now_) continue;
      Asked asked = read_payload(settings_.caps, payload.type, payload.values[i], context);
      if (asked.meaning == Meaning::unclear) add_once(plan_.unclear, asked.text);
      if (asked.meaning == Meaning::notice) add_once(plan_.notices, asked.text);
      if (asked.meaning == Meaning::unclear || asked.meaning == Meaning::notice ||
          asked.meaning == Meaning::ignored) {
        continue;
      }
      if (asks_.size() >= end) return false;
      add({std::move(asked), &event, payload.type, part, {}});
    }
    return true;
  }

  /// As a part of the one before, if it goes on with the same.
  void add(Ask ask) {
    const auto [last, first] = last_.try_emplace(ask.type, asks_.size());
    if (!first) {
      Ask& before = asks_[last->second];
      if (before.stretch.planned.until == ask.stretch.planned.from &&
          before.stretch.shift == ask.stretch.shift && is_same(before.asked, ask.asked)) {
        before.stretch.planned.until = ask.stretch.planned.until;
        return;
      }
      last->second = asks_.size();
    }
    asks_.push_back(std::move(ask));
  }

  static std::uint64_t priority_of(const Ask& ask) {
    return ask.event->priority.value_or(std::numeric_limits<std::uint64_t>::max());
  }

  /// Within a program; what programs ask apart from each other all counts.
  void settle_conflicts() {
    std::map<std::pair<std::string_view, std::string_view>, std::vector<Ask*>> groups;
    for (Ask& ask : asks_) {
      ask.holds = {ask.stretch.widest()};
      if (conflicts(ask.type)) groups[{ask.event->program_id, ask.type}].push_back(&ask);
    }
    for (auto& [key, group] : groups) {
      std::stable_sort(group.begin(), group.end(), [](const Ask* a, const Ask* b) {
        return priority_of(*a) < priority_of(*b);
      });
      Cover above;
      for (auto first = group.begin(); first != group.end();) {
        const auto last = std::find_if(first, group.end(), [&](const Ask* it) {
          return priority_of(*it) != priority_of(**first);
        });
        std::vector<Span> level;
        for (; first != last; ++first) {
          (*first)->holds = above.rest_of((*first)->stretch.widest());
          level.push_back((*first)->stretch.surely());
        }
        above.add(std::move(level));
      }
    }
  }

  void emit_caps() {
    std::vector<std::pair<Span, const Ask*>> later;
    for (const Ask& ask : asks_) {
      if (ask.asked.meaning != Meaning::cap) continue;
      for (const Span& span : ask.holds) {
        if (span.until <= now_) continue;
        if (span.from <= now_) {
          emit(ask, span);
        } else if (!throttle::is_full(ask.asked.cap)) {
          later.emplace_back(span, &ask);
        }
      }
    }
    // A loop of hourly prices goes on for years: words are made of the next ones alone.
    if (later.size() > kMaxSignals) {
      std::nth_element(later.begin(), later.begin() + kMaxSignals, later.end(),
                       [](const auto& a, const auto& b) { return a.first.from < b.first.from; });
      later.resize(kMaxSignals);
    }
    for (const auto& [span, ask] : later)
      emit(*ask, span);
  }

  void emit(const Ask& ask, const Span& span) {
    const std::string& name = ask.event->name.empty() ? ask.event->id : ask.event->name;
    emit(ask.event->id + '/' + std::string(ask.type), span, ask.asked, ask.asked.cap,
         ask.asked.text + " (" + name + ")");
  }

  void emit(const std::string& what, const Span& span, const Asked& asked, const Cap& cap,
            std::string reason) {
    if (span.until <= now_) return;
    if (span.from <= now_) note_now(reason);
    if (throttle::is_full(cap)) return;
    Signal signal;
    signal.id = what + '/' + date_time_text(span.from);
    signal.cap = cap;
    signal.signal_class = asked.signal_class.value_or(settings_.signal_class);
    signal.valid_from = span.from;
    if (span.until < kForever) signal.valid_until = span.until;
    signal.reason = std::move(reason);
    signal.outage = asked.outage;
    signal.urgent = asked.outage;
    plan_.signals.push_back(std::move(signal));
  }

  void note_now(const std::string& text) {
    if (plan_.now.size() > 200) return;
    if (!plan_.now.empty()) plan_.now += ", ";
    plan_.now += text;
  }

  // The site's capacity: LIMIT where there is one, else SUBSCRIPTION and RESERVATION.

  struct Edge {
    WallTime at{};
    Meaning meaning = Meaning::limit;
    double watts = 0;
    bool begins = false;
    bool surely = false;  ///< of a limit: it stands in the place of the subscription
  };

  /// What stands between two edges.
  struct Capacity {
    std::multiset<double> limits, subscriptions, reservations;
    std::size_t sure_limits = 0;

    void pass(const Edge& edge) {
      if (edge.surely) {
        edge.begins ? ++sure_limits : --sure_limits;
        return;
      }
      auto& set = edge.meaning == Meaning::limit          ? limits
                  : edge.meaning == Meaning::subscription ? subscriptions
                                                          : reservations;
      if (edge.begins) {
        set.insert(edge.watts);
      } else {
        set.erase(set.find(edge.watts));
      }
    }
  };

  std::vector<Edge> edges() const {
    std::vector<Edge> edges;
    const auto add = [&](const Ask& ask, Span span, bool surely) {
      span.from = std::max(span.from, WallTime{});
      if (span.empty()) return;
      edges.push_back({span.from, ask.asked.meaning, ask.asked.site_watts, true, surely});
      edges.push_back({span.until, ask.asked.meaning, ask.asked.site_watts, false, surely});
    };
    for (const Ask& ask : asks_) {
      if (ask.asked.meaning == Meaning::cap) continue;
      const bool lifts = ask.asked.meaning == Meaning::reservation;
      for (const Span& span : ask.holds) {
        const Span sure{std::max(span.from, ask.stretch.surely().from),
                        std::min(span.until, ask.stretch.surely().until)};
        add(ask, lifts ? sure : span, false);
        if (ask.asked.meaning == Meaning::limit) add(ask, sure, true);
      }
    }
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
    return edges;
  }

  void emit_capacity() {
    const std::vector<Edge> all = edges();
    if (all.empty() && !settings_.subscription) return;
    plan_.uses_site = true;
    Capacity capacity;
    Span span;
    std::string said;
    Asked asked;
    const auto flush = [&](WallTime until) {
      span.until = until;
      if (!span.empty() && !said.empty()) {
        emit("capacity", span, asked, PowerCap{std::max(0.0, asked.site_watts - site_.other_watts)},
             said);
      }
      span.from = until;
    };
    for (auto edge = all.begin();;) {
      for (; edge != all.end() && edge->at <= span.until; ++edge)
        capacity.pass(*edge);
      auto [text, watts] = allowed(capacity);
      if (text != said) {
        flush(span.until);
        said = std::move(text);
        asked.site_watts = watts;
      }
      if (edge == all.end()) break;
      span.until = edge->at;
    }
    flush(kForever);
  }

  /// What may be imported, and why; empty: as much as is wanted.
  std::pair<std::string, double> allowed(const Capacity& capacity) const {
    std::string text;
    double watts = std::numeric_limits<double>::infinity();
    if (!site_.limits_void && !capacity.limits.empty()) {
      watts = *capacity.limits.begin();
      text = "IMPORT_CAPACITY_LIMIT " + kilowatts(watts);
    }
    if (site_.limits_void || capacity.sure_limits == 0) {
      std::optional<double> subscribed = settings_.subscription;
      if (!capacity.subscriptions.empty()) subscribed = *capacity.subscriptions.begin();
      if (subscribed && !capacity.reservations.empty()) {
        *subscribed += *capacity.reservations.begin();
      }
      if (!subscribed && site_.limits_void && !capacity.limits.empty()) subscribed = 0;
      if (subscribed && *subscribed < watts) {
        watts = *subscribed;
        text = "IMPORT_CAPACITY_SUBSCRIPTION " + kilowatts(watts);
      }
    }
    if (text.empty()) return {};
    if (site_.limits_void) text += ", for limits from before an outage do not count";
    if (site_.other_watts > 0) text += ", less " + kilowatts(site_.other_watts) + " of other load";
    return {std::move(text), watts};
  }

  void finish() {
    std::sort(plan_.signals.begin(), plan_.signals.end(), [](const Signal& a, const Signal& b) {
      return std::tie(a.valid_from, a.id) < std::tie(b.valid_from, b.id);
    });
    if (plan_.signals.size() > kMaxSignals) plan_.signals.resize(kMaxSignals);
    // Two payloads of one type in one interval, or two values that hold at once.
    std::set<std::string> ids;
    for (Signal& signal : plan_.signals) {
      const std::string id = signal.id;
      for (unsigned number = 2; !ids.insert(signal.id).second; ++number)
        signal.id = id + '#' + std::to_string(number);
    }
  }

  const PlanSettings& settings_;
  const Site& site_;
  WallTime now_;
  std::map<std::string_view, const Program*> programs_;
  std::vector<Ask> asks_;
  std::map<std::string_view, std::size_t> last_;  ///< of an event, by payload type
  Plan plan_;
};

}  // namespace

Plan make_plan(const PlanSettings& settings, std::span<const Program> programs,
               std::span<const Event> events, const FirstSeen& first_seen, const Site& site,
               WallTime now) {
  return Planner(settings, site, now).plan(programs, events, first_seen);
}

}  // namespace ebb::sources::openadr
