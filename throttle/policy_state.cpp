#include "throttle/policy_state.h"

#include <algorithm>
#include <boost/json.hpp>

#include "throttle/saved_fields.h"

namespace ebb::throttle {
namespace {

constexpr std::size_t kMaxKept = SignalBook::kMaxSignals * SignalBook::kMaxSources;

boost::json::object json_of(const Dwell& dwell) {
  return {{"asked", to_json(dwell.asked)},
          {"counted", to_json(dwell.counted)},
          {"counts", dwell.counts},
          {"limit", to_json(dwell.limit)}};
}

Dwell read_dwell(const SavedFields& fields) {
  Dwell dwell;
  dwell.asked = fields.waited("asked");
  dwell.counted = fields.waited("counted");
  dwell.counts = fields.flag("counts");
  dwell.limit = read_limit(SavedFields(fields.object("limit"), fields.error()));
  return dwell;
}

}  // namespace

PolicyState restarted(PolicyState saved, Start how, const PolicySettings& settings) {
  saved.started.reset();
  saved.last.reset();
  const bool outage = how == Start::outage || (how == Start::killed && saved.event != 0);
  if (outage && settings.recover_from_outages) {
    saved.recovering = true;
    saved.mains_good = std::chrono::nanoseconds(0);
  }
  return saved;
}

std::string save(const PolicyState& state) {
  boost::json::object outages;
  for (const auto& [key, live] : state.outages)
    outages[key] = to_json(live);
  boost::json::object dwells;
  for (const auto& [source, dwell] : state.dwells)
    dwells[source] = json_of(dwell);
  boost::json::object json{{"seed", state.seed},
                           {"last_event", state.last_event},
                           {"event", state.event},
                           {"others", state.others},
                           {"random_return_ms", state.random_return.count()},
                           {"in_force", to_json(state.in_force)},
                           {"demand", to_json(state.demand)},
                           {"phase", static_cast<int>(state.phase)},
                           {"waited", to_json(state.waited)},
                           {"ramp", to_json(state.ramp)},
                           {"recovering", state.recovering},
                           {"mains_good", to_json(state.mains_good)},
                           {"outages", std::move(outages)},
                           {"dwells", std::move(dwells)},
                           {"wall", to_json(state.wall)},
                           {"highest", to_json(state.highest)}};
  if (state.settling) json["settling"] = to_json(*state.settling);
  return boost::json::serialize(json);
}

tl::expected<PolicyState, std::string> load_policy_state(std::string_view text) {
  const auto json = parse_saved(text);
  if (!json) return tl::unexpected(json.error());
  std::string error;
  const SavedFields fields(*json, error);
  PolicyState state;
  state.seed = fields.whole("seed");
  state.last_event = fields.whole("last_event");
  state.event = fields.whole("event");
  if (state.event > state.last_event) fields.fail("event", "is above the last");
  state.others = fields.flag("others");
  state.random_return = std::chrono::milliseconds(
      std::min<std::uint64_t>(fields.whole("random_return_ms"), 1'000'000'000'000));
  state.in_force = read_limit(SavedFields(fields.object("in_force"), error));
  state.demand = read_limit(SavedFields(fields.object("demand"), error));
  const std::uint64_t phase = fields.whole("phase");
  if (phase > static_cast<std::uint64_t>(Return::ramping)) fields.fail("phase", "is not known");
  state.phase = static_cast<Return>(phase);
  state.waited = fields.waited("waited");
  state.ramp = std::min(fields.number("ramp"), 1.0);
  state.recovering = fields.flag("recovering");
  state.mains_good = fields.waited("mains_good");
  const SavedFields outages(fields.object("outages"), error);
  for (const auto& item : fields.object("outages"))
    state.outages.emplace(item.key(), outages.waited(item.key()));
  const SavedFields dwells(fields.object("dwells"), error);
  for (const auto& item : fields.object("dwells"))
    state.dwells.emplace(item.key(), read_dwell(SavedFields(dwells.object(item.key()), error)));
  if (std::max(state.outages.size(), state.dwells.size()) > kMaxKept) {
    fields.fail("outages", "are too many");
  }
  state.wall = fields.optional_time("wall");
  state.highest = fields.optional_time("highest");
  if (fields.has("settling")) state.settling = fields.waited("settling");
  if (!error.empty()) return tl::unexpected(error);
  return state;
}

}  // namespace ebb::throttle
