#include "throttle/policy.h"

#include <algorithm>
#include <array>

#include "throttle/policy_caps.h"
#include "throttle/policy_return.h"
#include "throttle/policy_state.h"

namespace ebb::throttle {
namespace {

constexpr std::array<std::string_view, 8> kStates{"FULL",     "LIMITED", "SHEDDING", "PARKED",
                                                  "RELEASED", "HOLDOFF", "RAMPING",  "FAULT"};

State state_of(const PolicyState& state, const Standing& standing, Zero zero) {
  const bool down = zero == Zero::proved || zero == Zero::released;
  if (state.in_force.is_zero()) {
    if (zero == Zero::failed) return State::fault;
    if (!down) return State::shedding;
    if (standing.capped) return zero == Zero::proved ? State::parked : State::released;
  }
  if (state.phase == Return::ramping) return State::ramping;
  if (state.phase == Return::waiting || state.in_force.is_zero()) return State::holdoff;
  return state.in_force.is_full() ? State::full : State::limited;
}

/// The nearest beginning or end of a cap after now.
std::optional<PlannedChange> next_change(std::span<const Signal> signals, const Moment& moment) {
  const Signal* next = nullptr;
  std::optional<WallTime> at;
  for (const Signal& signal : signals) {
    if (is_full(signal.cap)) continue;
    for (const auto& edge : {std::optional(signal.valid_from), signal.valid_until}) {
      if (!edge || *edge <= moment.wall || (at && *edge >= *at)) continue;
      at = edge;
      next = &signal;
    }
  }
  if (next == nullptr) return std::nullopt;
  std::string what = next->source + ": " + text(next->cap);
  if (*at != next->valid_from) what += " ends";
  if (!next->reason.empty()) what += " (" + next->reason + ")";
  return PlannedChange{*at, std::move(what)};
}

void sort(std::vector<Reason>& reasons, const Plant& plant) {
  std::stable_sort(reasons.begin(), reasons.end(), [&](const Reason& a, const Reason& b) {
    if (a.overridden != b.overridden) return b.overridden;
    return a.limit.fraction_of(plant) < b.limit.fraction_of(plant);
  });
}

}  // namespace

std::string_view name(State state) {
  return kStates.at(static_cast<std::size_t>(state));
}

Evaluation evaluate(const PolicySettings& settings, const Situation& situation, PolicyState past) {
  PolicyState& state = past;
  const Moment moment = advance_clock(settings, situation.now, state);
  Evaluation result;
  result.clock_believed = moment.believed;
  const auto& forced = situation.override;
  result.override_over = forced && (!moment.believed || forced->until <= moment.wall);
  const bool override_active = forced && !result.override_over;

  Standing stands = standing(settings, situation, moment, override_active, state);
  begin_event(settings, stands, state);
  advance_return(settings, situation, moment, stands, override_active, state);
  if (!stands.any && state.in_force.is_full()) state.event = 0;

  Decision& decision = result.decision;
  decision.limit = state.in_force;
  decision.state = state_of(state, stands, situation.zero);
  decision.event = state.event;
  decision.recovering = state.recovering;
  decision.earliest_return =
      earliest_return(settings, situation.plant, moment, stands, override_active, state);
  decision.next = next_change(situation.signals, moment);
  decision.reasons = std::move(stands.reasons);
  if (auto reason = reason_of_return(settings, situation.plant, moment, override_active, state)) {
    decision.reasons.push_back(std::move(*reason));
  }
  sort(decision.reasons, situation.plant);
  result.state = std::move(past);
  return result;
}

}  // namespace ebb::throttle
