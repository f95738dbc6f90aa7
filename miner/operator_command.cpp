#include "miner/operator_command.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <optional>

#include "miner/control_client.h"
#include "stratum/line.h"
#include "throttle/cap.h"

namespace ebb::miner {
namespace {

namespace json = boost::json;

/// Members of a status; what is absent or of another type is nothing.
std::optional<std::string> string_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  std::string text(value->get_string());
  // Reasons come from calendars and remote sources, too: nothing may steer the terminal.
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return text;
}

std::optional<double> number_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

bool is(const json::object& object, std::string_view key, bool expected) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && *value == expected;
}

const json::object* object_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

std::string reason_text(const json::object& reason) {
  const std::string limit = string_in(reason, "limit").value_or("");
  const std::string why = string_in(reason, "text").value_or("");
  const std::string source = string_in(reason, "source").value_or("unnamed");
  // Most reasons name their limit, and some their source.
  std::string text = why.starts_with(source) ? "" : source + ": ";
  if (why.find(limit) == std::string::npos) text += limit + (why.empty() ? "" : ", ");
  text += why;
  if (const auto until = string_in(reason, "until")) text += ", until " + *until;
  if (is(reason, "overridden", true)) text += " (overridden)";
  return text;
}

/// "fresh, 100%: OL CHRG (nut, ups@localhost:3493)"
std::string source_text(const json::object& source) {
  std::string text = is(source, "fresh", true) ? "fresh" : "NOT FRESH";
  if (const auto silent = number_in(source, "silent_seconds")) {
    text += ", heard " + std::to_string(static_cast<long>(*silent)) + " s ago";
  } else {
    text += ", not heard since the start";
  }
  text += ", says " + string_in(source, "says").value_or("nothing");
  if (const auto last = string_in(source, "last"); last && !last->empty()) text += ": " + *last;
  text += " (" + string_in(source, "type").value_or("");
  const auto where = string_in(source, "where");
  if (where && !where->empty()) text += ", " + *where;
  text += ")";
  if (const auto trouble = string_in(source, "trouble"); trouble && !trouble->empty()) {
    text += "; " + *trouble;
  }
  return text;
}

/// "stratum+tcp://pool.example.org:3333: mined, 12 accepted, 1 rejected, 0 stale, 31 ms"
std::string pool_line(const json::object& pool) {
  const auto count = [&](std::string_view key) {
    return std::to_string(static_cast<long long>(number_in(pool, key).value_or(0)));
  };
  double refused = 0;
  if (const auto* rejected = object_in(pool, "rejected")) {
    for (const auto& [reason, value] : *rejected)
      refused += value.is_number() ? value.to_number<double>() : 0;
  }
  std::string text = string_in(pool, "url").value_or("unnamed") + ": " +
                     string_in(pool, "state").value_or("unknown") + ", " + count("accepted") +
                     " accepted, " + std::to_string(static_cast<long long>(refused)) +
                     " rejected, " + count("stale") + " stale";
  if (const auto* latency = object_in(pool, "latency_ms")) {
    if (const auto median = number_in(*latency, "p50")) {
      text += ", verdicts after " + std::to_string(static_cast<long long>(*median)) + " ms";
    }
  }
  const auto payout = string_in(pool, "payout");
  if (payout && !payout->empty()) text += "; pays " + *payout;
  return text;
}

std::string zero_text(const json::object& zero) {
  std::string text = is(zero, "proved", true) ? "proved" : "NOT PROVED";
  if (const auto how = string_in(zero, "text"); how && !how->empty()) text += ": " + *how;
  if (const auto after = number_in(zero, "time_to_zero_ms")) {
    char milliseconds[48];
    std::snprintf(milliseconds, sizeof milliseconds, ", after %.0f ms", *after);
    text += milliseconds;
  }
  return text;
}

}  // namespace

std::string status_text(std::string_view text) {
  const auto status = stratum::parse_line(text);
  if (!status) return std::string(text) + "\n";
  std::string result;
  const auto add = [&](std::string_view name, const std::string& value) {
    constexpr std::size_t kColumn = 17;
    std::string line(name);
    line.resize(std::max(kColumn, line.size() + 1), ' ');
    result += line + value + "\n";
  };
  const auto add_string = [&](std::string_view name, const json::object& object,
                              std::string_view key) {
    if (const auto value = string_in(object, key)) add(name, *value);
  };

  add_string("state", *status, "state");
  add_string("limit", *status, "limit");
  const json::value* reasons = status->if_contains("reasons");
  if (reasons != nullptr && reasons->is_array()) {
    for (const json::value& reason : reasons->get_array()) {
      if (reason.is_object()) add("because of", reason_text(reason.get_object()));
    }
  }
  if (string_in(*status, "state") != "FULL") {
    add("earliest return", string_in(*status, "earliest_return").value_or("not known"));
  }
  if (const auto* next = object_in(*status, "next")) {
    add("next change",
        string_in(*next, "at").value_or("") + "  " + string_in(*next, "text").value_or(""));
  }
  if (const auto event = number_in(*status, "event"); event && *event > 0) {
    add("event", json::serialize(status->at("event")));
  }
  if (const auto hps = number_in(*status, "hashrate")) {
    add("hashrate", throttle::text(throttle::HashrateCap{*hps}));
  }
  if (const auto* power = object_in(*status, "power")) {
    const auto watts = number_in(*power, "watts");
    if (watts) {
      add("power", throttle::text(throttle::PowerCap{*watts}) + " by " +
                       string_in(*power, "meter").value_or("an unnamed meter") +
                       (is(*power, "estimated", true) ? ", estimated" : ""));
    }
  }
  if (const auto* zero = object_in(*status, "zero")) add("zero", zero_text(*zero));
  if (const json::value* sources = status->if_contains("sources"); sources && sources->is_array()) {
    for (const json::value& source : sources->get_array()) {
      const json::object* object = source.if_object();
      if (object == nullptr) continue;
      add(string_in(*object, "name").value_or("source"), source_text(*object));
    }
  }
  if (const json::value* pools = status->if_contains("pools"); pools && pools->is_array()) {
    for (const json::value& pool : pools->get_array()) {
      if (pool.is_object()) add("pool", pool_line(pool.get_object()));
    }
  }
  add_string("ledger", *status, "ledger_trouble");
  if (is(*status, "clock_believed", false)) {
    add("clock", "not believed: nothing is raised until it is synchronised (or --trust-clock)");
  }
  return result;
}

int run_control(const ControlOptions& options) {
  const ControlReply reply = ask_miner(options.state_folder, options.request);
  if (!reply) {
    std::fprintf(stderr, "ebb: %s\n", reply.error().c_str());
    return 1;
  }
  std::fputs(options.json ? (*reply + "\n").c_str() : status_text(*reply).c_str(), stdout);
  return 0;
}

}  // namespace ebb::miner
