#include "throttle/ledger/entry_rows.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "throttle/saved_fields.h"

namespace ebb::throttle {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxText = 16 * 1024;
constexpr std::array kStates{State::full,     State::limited, State::shedding, State::parked,
                             State::released, State::holdoff, State::ramping,  State::fault};
constexpr std::array<std::string_view, 4> kStarts{"fresh", "clean", "killed", "outage"};

json::object reason_to_json(const Reason& reason) {
  json::object object{{"source", reason.source},
                      {"limit", to_json(reason.limit)},
                      {"text", reason.text},
                      {"until", to_json(reason.until)},
                      {"overridden", reason.overridden}};
  if (reason.signal_class) object["class"] = name(*reason.signal_class);
  return object;
}

struct ToJson {
  json::object operator()(const SignalEntry& entry) const {
    json::object object{{"signal", to_json(entry.signal)}};
    if (!entry.refused.empty()) object["refused"] = entry.refused;
    return object;
  }
  json::object operator()(const RetractEntry& entry) const {
    return {{"source", entry.source}, {"id", entry.id}};
  }
  json::object operator()(const DecisionEntry& entry) const {
    const Decision& decision = entry.decision;
    json::array reasons;
    for (const Reason& reason : decision.reasons)
      reasons.push_back(reason_to_json(reason));
    json::object object{{"limit", to_json(decision.limit)},
                        {"state", name(decision.state)},
                        {"reasons", std::move(reasons)},
                        {"earliest_return", to_json(decision.earliest_return)},
                        {"event", decision.event}};
    if (decision.next) {
      object["next"] = json::object{{"at", to_json(std::optional(decision.next->at))},
                                    {"text", decision.next->text}};
    }
    return object;
  }
  json::object operator()(const OverrideEntry& entry) const {
    if (!entry.override) return {{"override", nullptr}};
    return {{"override", to_json(*entry.override)}};
  }
  json::object operator()(const RunEntry& entry) const {
    return {{"started", entry.started},
            {"how", kStarts.at(static_cast<std::size_t>(entry.how))},
            {"boot_id", entry.boot_id},
            {"version", entry.version}};
  }
  json::object operator()(const ZeroEntry& entry) const {
    json::object object{{"proved", entry.proved}, {"text", entry.text}};
    if (entry.time_to_zero) object["time_to_zero_ms"] = entry.time_to_zero->count();
    return object;
  }
  json::object operator()(const SampleEntry&) const { return {}; }
};

constexpr std::array<std::string_view, 6> kKinds{"signal",   "retract", "decision",
                                                 "override", "run",     "zero"};

Reason read_reason(const SavedFields& fields) {
  Reason reason;
  reason.source = fields.text("source", kMaxText);
  if (fields.has("class")) {
    reason.signal_class = parse_signal_class(fields.text("class", kMaxText));
    if (!reason.signal_class) fields.fail("class", "is not a class of signals");
  }
  reason.limit = read_limit(SavedFields(fields.object("limit"), fields.error()));
  reason.text = fields.text("text", kMaxText);
  reason.until = fields.optional_time("until");
  reason.overridden = fields.flag("overridden");
  return reason;
}

State read_state(const SavedFields& fields) {
  const std::string text = fields.text("state", kMaxText);
  for (const State state : kStates) {
    if (name(state) == text) return state;
  }
  fields.fail("state", "is not a state");
  return State::fault;
}

DecisionEntry read_decision(const SavedFields& fields) {
  Decision decision;
  decision.limit = read_limit(SavedFields(fields.object("limit"), fields.error()));
  decision.state = read_state(fields);
  for (const json::value& reason : fields.array("reasons")) {
    if (const auto* object = reason.if_object()) {
      decision.reasons.push_back(read_reason(SavedFields(*object, fields.error())));
    } else {
      fields.fail("reasons", "holds something else");
    }
  }
  decision.earliest_return = fields.optional_time("earliest_return");
  if (fields.has("next")) {
    const SavedFields next(fields.object("next"), fields.error());
    decision.next = PlannedChange{next.time("at"), next.text("text", kMaxText)};
  }
  decision.event = fields.whole("event");
  return {std::move(decision)};
}

RunEntry read_run(const SavedFields& fields) {
  RunEntry run;
  run.started = fields.flag("started");
  const std::string how = fields.text("how", kMaxText);
  const auto* const start = std::find(kStarts.begin(), kStarts.end(), how);
  if (start == kStarts.end()) {
    fields.fail("how", "is not a start");
  } else {
    run.how = static_cast<Start>(start - kStarts.begin());
  }
  run.boot_id = fields.text("boot_id", kMaxText);
  run.version = fields.text("version", kMaxText);
  return run;
}

ZeroEntry read_zero(const SavedFields& fields) {
  ZeroEntry zero;
  zero.proved = fields.flag("proved");
  zero.text = fields.text("text", kMaxText);
  if (fields.has("time_to_zero_ms")) {
    const auto* number = fields.at("time_to_zero_ms").if_int64();
    if (number == nullptr) {
      fields.fail("time_to_zero_ms", "is not a length of time");
    } else {
      zero.time_to_zero = std::chrono::milliseconds(*number);
    }
  }
  return zero;
}

SignalEntry read_signal_entry(const SavedFields& fields) {
  return {read_signal(SavedFields(fields.object("signal"), fields.error())),
          fields.has("refused") ? fields.text("refused", kMaxText) : ""};
}

OverrideEntry read_override_entry(const SavedFields& fields) {
  if (fields.at("override").is_null()) return {};
  return {read_override(SavedFields(fields.object("override"), fields.error()))};
}

}  // namespace

std::optional<EntryRow> to_row(const LedgerEntry& entry) {
  if (entry.what.index() >= kKinds.size()) return std::nullopt;
  return EntryRow{kKinds.at(entry.what.index()), json::serialize(std::visit(ToJson{}, entry.what))};
}

std::optional<LedgerEntry> from_row(std::string_view kind, std::string_view data) {
  const auto object = parse_saved(data);
  if (!object) return std::nullopt;
  std::string error;
  const SavedFields fields(*object, error);
  LedgerEntry entry;
  if (kind == "signal") {
    entry.what = read_signal_entry(fields);
  } else if (kind == "retract") {
    entry.what = RetractEntry{fields.text("source", kMaxText), fields.text("id", kMaxText)};
  } else if (kind == "decision") {
    entry.what = read_decision(fields);
  } else if (kind == "override") {
    entry.what = read_override_entry(fields);
  } else if (kind == "run") {
    entry.what = read_run(fields);
  } else if (kind == "zero") {
    entry.what = read_zero(fields);
  } else {
    return std::nullopt;
  }
  if (!error.empty()) return std::nullopt;
  return entry;
}

}  // namespace ebb::throttle
