#include "sources/openadr/ven_poll.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ebb::sources::openadr {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using throttle::Now;
using throttle::SteadyTime;

constexpr seconds kProgramsAge{60};
constexpr seconds kEnrolAgain{60};
constexpr seconds kChoresAgain{3};
constexpr seconds kMaxSkew = throttle::SignalBook::kMaxSkew;
constexpr milliseconds kBetweenReadings{500};  // hints may come in floods
constexpr std::size_t kMaxWarned = 500;

/// After so many failures in a row.
milliseconds back_off(milliseconds poll, unsigned failures) {
  const milliseconds most =
      std::max<milliseconds>(poll, std::min<milliseconds>(4 * poll, seconds(60)));
  return std::min(most, poll * (1 << std::min(failures > 0 ? failures - 1 : 0, 4U)));
}

bool recovers_from_outage(const throttle::Decision& decision) {
  return std::any_of(
      decision.reasons.begin(), decision.reasons.end(), [](const throttle::Reason& reason) {
        return reason.source == "policy" && reason.text.starts_with("after an outage");
      });
}

/// A waiting time until `at`.
milliseconds until(SteadyTime at, const Now& now) {
  return std::max(std::chrono::ceil<milliseconds>(at - now.steady), milliseconds(0));
}

}  // namespace

VenPoll::VenPoll(VenSettings settings, VtnClient::Transport transport, VtnClient::Clock clock)
    : settings_(std::move(settings)),
      client_(settings_.vtn, std::move(transport), std::move(clock)),
      enrolment_(settings_.identity) {
  health_.where = settings_.vtn.url;
}

void VenPoll::add(std::unique_ptr<Chore> chore) {
  chores_.push_back(std::move(chore));
}

void VenPoll::on_warning(std::function<void(std::string)> warn) {
  warn_ = std::move(warn);
}

bool VenPoll::told(const Telemetry& telemetry) {
  const bool recovering = recovers_from_outage(telemetry.decision);
  const std::lock_guard lock(mutex_);
  telemetry_ = telemetry;
  const bool begins = recovering && !recovering_;
  recovering_ = recovering;
  if (begins) outage_over_ = hinted_ = true;
  return begins;
}

std::optional<Telemetry> VenPoll::telemetry() const {
  const std::lock_guard lock(mutex_);
  return telemetry_;
}

void VenPoll::hint() {
  hinted_ = true;
}

Answer VenPoll::ask(const Now& now, const std::stop_token& stop) {
  if (outage_over_.exchange(false)) limits_void_ = true;
  Answer answer;
  if (!not_before_ || now.steady >= *not_before_) {
    if (reading_is_due(now)) {
      hinted_ = false;
      read_and_say(now, stop, answer);
    } else if (chores_at_ && now.steady >= *chores_at_) {
      chores_at_.reset();
      do_chores(now, stop);
    }
  }
  health_.trouble = trouble();
  answer.health = health_;
  answer.again = wait(client_.now());
  return answer;
}

bool VenPoll::reading_is_due(const Now& now) const {
  if (!read_at_) return true;
  return now.steady >= *read_at_ || (hinted_ && now.steady >= *last_read_ + kBetweenReadings);
}

milliseconds VenPoll::wait(const Now& now) const {
  SteadyTime next = hinted_ ? *last_read_ + kBetweenReadings : *read_at_;
  if (chores_at_) next = std::min(next, *chores_at_);
  if (not_before_) next = std::max(next, *not_before_);
  return until(next, now);
}

void VenPoll::read_and_say(const Now& now, const std::stop_token& stop, Answer& answer) {
  last_read_ = now.steady;
  const auto done = read(now, stop);
  if (done) {
    after_reading(client_.now(), answer);
  } else {
    after_refusal(client_.now(), done.error(), answer);
  }
}

tl::expected<void, Refusal> VenPoll::read(const Now& now, const std::stop_token& stop) {
  if (auto done = read_programs_now(now, stop); !done) return done;
  EventSearch search;
  search.targets = settings_.targets;
  if (!settings_.programs.empty()) {
    for (const Program& program : programs_)
      search.program_ids.push_back(program.id);
  }
  for (const Event& event : events_)
    search.known.insert(event.id);
  auto events = read_events(client_, search, stop);
  if (!events) {
    programs_read_.reset();
    return tl::unexpected(
        Refusal{"events: " + events.error().text, events.error().status, events.error().wait});
  }
  fault_ = events->faults.empty() ? "" : events->faults.front();
  remember_events(now, std::move(events->items));
  return {};
}

tl::expected<void, Refusal> VenPoll::read_programs_now(const Now& now,
                                                       const std::stop_token& stop) {
  if (programs_read_ && now.steady - *programs_read_ < kProgramsAge) return {};
  auto programs = read_programs(client_, settings_.programs, stop);
  if (!programs) {
    return tl::unexpected(Refusal{"programs: " + programs.error().text, programs.error().status,
                                  programs.error().wait});
  }
  programs_ = std::move(programs->items);
  programs_read_ = now.steady;
  return {};
}

void VenPoll::remember_events(const Now& now, std::vector<Event> events) {
  FirstSeen seen;
  for (const Event& event : events) {
    const auto before = first_seen_.find(event.id);
    seen.emplace(event.id, before == first_seen_.end() ? now.wall : before->second);
  }
  first_seen_ = std::move(seen);
  events_ = std::move(events);
  have_read_ = true;
  limits_void_ = false;
  remember_baselines(now);
}

/// What the miner draws before an event begins is what the event's relative figures are of.
void VenPoll::remember_baselines(const Now& now) {
  const std::optional<Telemetry> latest = telemetry();
  std::map<std::string, double, std::less<>> baselines;
  for (const Event& event : events_) {
    const bool relative =
        std::any_of(event.intervals.begin(), event.intervals.end(), [&](const Interval& interval) {
          return std::any_of(interval.payloads.begin(), interval.payloads.end(),
                             [&](const Payload& payload) {
                               return is_relative(settings_.plan.caps, payload.type);
                             });
        });
    if (!relative) continue;
    const auto pass = one_pass(event, {settings_.plan.seed, first_seen_.find(event.id)->second});
    const bool begun = pass.empty() || pass.front().widest().from <= now.wall;
    if (const auto known = baselines_.find(event.id); begun && known != baselines_.end()) {
      baselines.insert(*known);
    } else if (!begun && latest && latest->power) {
      baselines.emplace(event.id, latest->power->watts);
    }
  }
  baselines_ = std::move(baselines);
}

double VenPoll::other_watts(const Now& now) const {
  if (!settings_.meter) return settings_.other_watts;
  const auto reading = settings_.meter->latest();
  const std::optional<Telemetry> latest = telemetry();
  const auto fresh = 3 * settings_.meter->period() + seconds(5);
  if (!reading || !reading->watts || now.steady - reading->at > fresh || !latest ||
      !latest->power) {
    return settings_.other_watts;
  }
  // In steps, lest each reading change every cap. What the sun gives may be gone in a moment.
  constexpr double kStep = 100;
  return kStep * std::ceil(std::max(0.0, *reading->watts - latest->power->watts) / kStep);
}

Plan VenPoll::plan(const Now& now) const {
  const std::optional<Telemetry> latest = telemetry();
  Site site;
  site.other_watts = other_watts(now);
  if (latest) site.full_watts = latest->plant.full_watts;
  site.baselines = baselines_;
  site.limits_void = limits_void_;
  return make_plan(settings_.plan, programs_, events_, first_seen_, site, now.wall);
}

void VenPoll::warn_once(std::string text) {
  if (warned_.size() >= kMaxWarned || !warned_.insert(text).second || !warn_) return;
  warn_(std::move(text));
}

void VenPoll::warn_of(const Plan& plan) {
  for (const std::string& text : plan.unclear)
    warn_once("not acted on: " + text);
  for (const std::string& text : plan.notices)
    warn_once("the VTN says " + text);
  if (plan.uses_site && !settings_.meter && settings_.other_watts == 0) {
    warn_once("the site's capacity is taken for the miner's alone: set other_load or meter");
  }
}

void VenPoll::after_reading(const Now& now, Answer& answer) {
  failures_ = 0;
  read_trouble_.clear();
  Plan plan = this->plan(now);
  warn_of(plan);
  health_.connected = true;
  health_.last = std::to_string(events_.size()) + (events_.size() == 1 ? " event" : " events");
  if (!plan.now.empty()) health_.last += ", now " + plan.now;
  answer.updates.emplace_back(SaidAll{std::move(plan.signals)});
  read_at_ = now.steady + settings_.poll;
  chores_at_ = now.steady;  // after what was read has been sent
}

void VenPoll::after_refusal(const Now& now, const Refusal& refusal, Answer& answer) {
  ++failures_;
  read_trouble_ = refusal.text;
  health_.connected = refusal.status != 0;
  wait_as_asked(now, refusal);
  read_at_ = now.steady + back_off(settings_.poll, failures_);
  if (limits_void_ && have_read_) {
    // Not a word from the VTN, and yet said once: what stands was for the grid before the outage.
    answer.updates.emplace_back(SaidAll{plan(now).signals});
    have_read_ = false;
  }
}

void VenPoll::wait_as_asked(const Now& now, const Refusal& refusal) {
  if (refusal.wait) not_before_ = now.steady + *refusal.wait;
}

void VenPoll::do_chores(const Now& now, const std::stop_token& stop) {
  chore_trouble_.clear();
  const std::optional<Telemetry> latest = telemetry();
  const auto may_go_on = [&](const tl::expected<void, Refusal>& done, std::string& trouble) {
    trouble = done ? "" : done.error().text;
    if (!done) wait_as_asked(client_.now(), done.error());
    return done || !done.error().wait;
  };
  if (settings_.enrol && !enrolment_.done() && (!enrol_at_ || now.steady >= *enrol_at_)) {
    enrol_at_ = now.steady + kEnrolAgain;
    const auto watts = latest ? latest->plant.full_watts : std::nullopt;
    const auto done = enrolment_.enrol(client_, watts, stop);
    if (done) read_at_ = now.steady;  // what is granted to us by name can be seen now
    if (!may_go_on(done, enrol_trouble_)) return;
  }
  const Chore::View view{client_, enrolment_, programs_, events_, first_seen_, latest};
  for (const auto& chore : chores_) {
    if (stop.stop_requested()) return;
    std::string trouble;
    const bool going_on = may_go_on(chore->run(view, stop), trouble);
    if (!trouble.empty()) {
      chore_trouble_ = std::move(trouble);
      chores_at_ = now.steady + kChoresAgain;
    }
    if (!going_on) return;
  }
}

std::string VenPoll::trouble() const {
  if (!read_trouble_.empty()) return read_trouble_;
  const auto skew = client_.skew();
  if (skew && std::chrono::abs(*skew) > kMaxSkew) {
    return "its clock and this one are more than 5 minutes apart";
  }
  if (!fault_.empty()) return fault_;
  return !enrol_trouble_.empty() ? enrol_trouble_ : chore_trouble_;
}

}  // namespace ebb::sources::openadr
