#include "miner/throttle_text.h"

#include <boost/json.hpp>

#include "miner/pool_text.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::miner {
namespace {

namespace json = boost::json;

/// Of reasons that stand, as many as a line has room for; the status has them all.
constexpr std::size_t kReasonsInLine = 3;

json::object to_json(const throttle::Reason& reason) {
  json::object object{{"source", reason.source},
                      {"limit", throttle::text(reason.limit)},
                      {"text", reason.text},
                      {"overridden", reason.overridden}};
  if (reason.signal_class) object["class"] = throttle::name(*reason.signal_class);
  if (reason.until) object["until"] = throttle::text(*reason.until);
  return object;
}

json::object to_json(const SourceStatus& source) {
  json::object object{{"name", source.rule.name},
                      {"type", source.type},
                      {"class", throttle::name(source.rule.signal_class)},
                      {"fresh", source.fresh},
                      {"connected", source.health.connected},
                      {"where", source.health.where},
                      {"says", throttle::text(source.says)},
                      {"last", source.health.last},
                      {"trouble", source.health.trouble}};
  if (source.silent_for) object["silent_seconds"] = source.silent_for->count();
  return object;
}

}  // namespace

std::string decision_line(const throttle::Decision& decision) {
  std::string line(throttle::name(decision.state));
  if (!decision.limit.is_full()) line += ", " + throttle::text(decision.limit);
  std::size_t told = 0;
  for (const throttle::Reason& reason : decision.reasons) {
    if (told == kReasonsInLine) {
      line += "; and " + std::to_string(decision.reasons.size() - told) + " more";
      break;
    }
    line += told++ == 0 ? ": " : "; ";
    line += reason.text;
    if (reason.until) line += ", until " + throttle::text(*reason.until);
    if (reason.overridden) line += " (overridden)";
  }
  return line;
}

std::string status_json(const throttle::Decision& decision, const Observation& seen,
                        const std::vector<SourceStatus>& sources,
                        const std::optional<std::string>& trouble, bool clock_believed) {
  json::object status{{"state", throttle::name(decision.state)},
                      {"limit", throttle::text(decision.limit)},
                      {"fraction", seen.fraction},
                      {"hashrate", seen.hps},
                      {"event", decision.event},
                      {"clock_believed", clock_believed}};
  json::array& reasons = status["reasons"].emplace_array();
  for (const throttle::Reason& reason : decision.reasons)
    reasons.push_back(to_json(reason));
  if (decision.earliest_return) {
    status["earliest_return"] = throttle::text(*decision.earliest_return);
  }
  if (decision.next) {
    status["next"] = {{"at", throttle::text(decision.next->at)}, {"text", decision.next->text}};
  }
  if (seen.power) {
    status["power"] = {{"watts", seen.power->watts},
                       {"meter", seen.power->meter},
                       {"estimated", seen.power->estimated}};
  }
  if (decision.limit.is_zero()) {
    using throttle::Zero;
    json::object zero{{"proved", seen.zero == Zero::proved || seen.zero == Zero::released},
                      {"text", seen.zero_text}};
    if (seen.time_to_zero) zero["time_to_zero_ms"] = seen.time_to_zero->count();
    status["zero"] = std::move(zero);
  }
  json::array& all = status["sources"].emplace_array();
  for (const SourceStatus& source : sources)
    all.push_back(to_json(source));
  status["pools"] = pools_json(seen.pools);
  if (trouble) status["ledger_trouble"] = *trouble;
  return json::serialize(status);
}

}  // namespace ebb::miner
