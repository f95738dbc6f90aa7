#include "throttle/zero_proof.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace ebb::throttle {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::array kSteps{Escalation::stop_launches, Escalation::end_workers,
                            Escalation::release_contexts, Escalation::run_hook,
                            Escalation::raise_alarm};

template <typename... Values>
std::string format(const char* pattern, Values... values) {
  std::array<char, 160> line{};
  std::snprintf(line.data(), line.size(), pattern, values...);
  return line.data();
}

}  // namespace

std::string_view name(Escalation step) {
  switch (step) {
    case Escalation::stop_launches:
      return "stop launches";
    case Escalation::end_workers:
      return "end workers";
    case Escalation::release_contexts:
      return "release contexts";
    case Escalation::run_hook:
      return "run hook";
    case Escalation::raise_alarm:
      return "raise alarm";
  }
  return "?";
}

ZeroProof::ZeroProof(ZeroProofSettings settings) : settings_(settings) {}

void ZeroProof::begin(SteadyTime now, const ZeroEvidence& evidence) {
  if (active_) return;
  end();
  active_ = true;
  began_ = now;
  due_ = now + settings_.engine;
  samples_.push_back({now, evidence});
}

void ZeroProof::end() {
  *this = ZeroProof(settings_);
}

std::optional<Escalation> ZeroProof::update(SteadyTime now, const ZeroEvidence& evidence) {
  if (!active_) return std::nullopt;
  samples_.push_back({now, evidence});
  if (!counts_meter() || meter_is_down()) {
    meter_up_since_.reset();
  } else if (!meter_up_since_) {
    meter_up_since_ = now;
  }
  if (proved_) {
    if (!is_refuted()) {
      forget_before(now - settings_.engine);
      return std::nullopt;
    }
    proved_ = late_ = false;
    refuted_ = true;
    steps_ = 0;
    due_ = now;
  }
  look_for_quiet();
  forget_before(now - settings_.quiet);
  if (is_quiet_for_long_enough() && !meter_up_since_) {
    prove();
    return std::nullopt;
  }
  return escalate(now);
}

Zero ZeroProof::zero() const {
  if (!active_) return Zero::not_asked;
  if (failed_) return Zero::failed;
  if (!proved_) return Zero::awaited;
  return samples_.back().seen.released ? Zero::released : Zero::proved;
}

std::optional<std::chrono::milliseconds> ZeroProof::time_to_zero() const {
  if (!proved_) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(*quiet_since_ - began_);
}

std::string ZeroProof::text() const {
  if (!active_) return {};
  std::string text;
  if (proved_) {
    text = format("zero after %.1f s: ", Seconds(*quiet_since_ - began_).count());
  } else {
    text = failed_ ? "zero cannot be reached: " : "zero is awaited: ";
  }
  text += evidence_text();
  if (steps_ == 0) return text;
  text += proved_ ? (late_ ? "; late, after the alarm; it took: " : "; it took: ") : "; tried: ";
  for (std::size_t i = 0; i < steps_; ++i) {
    if (i > 0) text += ", ";
    text += name(kSteps.at(i));
  }
  return text;
}

bool ZeroProof::counts_meter() const {
  const ZeroEvidence& seen = samples_.back().seen;
  return seen.watts && seen.idle_watts && seen.full_watts && *seen.full_watts > *seen.idle_watts;
}

bool ZeroProof::meter_is_down() const {
  const ZeroEvidence& seen = samples_.back().seen;
  const double room = settings_.watts_above_idle * (*seen.full_watts - *seen.idle_watts);
  return *seen.watts <= *seen.idle_watts + room;
}

double ZeroProof::idle_cpu_seconds(std::chrono::nanoseconds span) const {
  return settings_.idle_cpu * Seconds(span).count();
}

const ZeroProof::Sample* ZeroProof::start_of_quiet() const {
  const SteadyTime latest = samples_.back().at - settings_.quiet;
  const auto after = std::find_if(samples_.begin(), samples_.end(),
                                  [&](const Sample& sample) { return sample.at > latest; });
  return after == samples_.begin() ? nullptr : &*std::prev(after);
}

void ZeroProof::look_for_quiet() {
  const Sample* start = start_of_quiet();
  const Sample& last = samples_.back();
  const bool is_quiet = start != nullptr && last.seen.hashes == start->seen.hashes &&
                        Seconds(last.seen.cpu_time - start->seen.cpu_time).count() <
                            idle_cpu_seconds(last.at - start->at);
  if (!is_quiet) {
    quiet_since_.reset();
  } else if (!quiet_since_) {
    quiet_since_ = start->at;
  }
}

bool ZeroProof::is_quiet_for_long_enough() const {
  const bool answered = samples_.back().seen.answered;
  const auto needed =
      refuted_ || !answered ? std::max(settings_.quiet, settings_.engine) : settings_.quiet;
  return quiet_since_ && samples_.back().at - *quiet_since_ >= needed;
}

/// One sample that is older stays, as the start of what the others tell.
void ZeroProof::forget_before(SteadyTime oldest) {
  while (samples_.size() > 1 && samples_[1].at <= oldest)
    samples_.pop_front();
}

void ZeroProof::prove() {
  proved_ = true;
  late_ = failed_;
  failed_ = false;
}

bool ZeroProof::is_refuted() {
  const Sample& last = samples_.back();
  const Sample& first = samples_.front();
  const Sample& previous = samples_[samples_.size() - 2];
  const bool hashed = last.seen.hashes != previous.seen.hashes;
  const bool busy =
      Seconds(last.seen.cpu_time - first.seen.cpu_time).count() >=
      idle_cpu_seconds(std::max<std::chrono::nanoseconds>(last.at - first.at, settings_.engine));
  return hashed || busy || (meter_up_since_ && last.at - *meter_up_since_ >= settings_.meter);
}

std::optional<Escalation> ZeroProof::escalate(SteadyTime now) {
  if (now < due_ || steps_ == kSteps.size()) return std::nullopt;
  // Where work no longer shows, only the meter can still say that there is some.
  const bool meter_is_late =
      quiet_since_ && meter_up_since_ && now - *quiet_since_ >= settings_.meter;
  if (quiet_since_ && !meter_is_late) return std::nullopt;
  due_ = now + settings_.step;
  const Escalation step = kSteps.at(steps_++);
  failed_ = step == Escalation::raise_alarm;
  return step;
}

std::string ZeroProof::evidence_text() const {
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  const double seconds = Seconds(last.at - first.at).count();
  const double cpu = Seconds(last.seen.cpu_time - first.seen.cpu_time).count();
  std::string text = format("%llu hashes and %.1f%% of a core in the last %.1f s",
                            static_cast<unsigned long long>(last.seen.hashes - first.seen.hashes),
                            seconds > 0 ? 100 * cpu / seconds : 0.0, seconds);
  if (counts_meter())
    text += format(", %.0f W (%.0f W idle)", *last.seen.watts, *last.seen.idle_watts);
  return text;
}

}  // namespace ebb::throttle
