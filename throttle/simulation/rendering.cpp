#include "throttle/simulation/rendering.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <set>
#include <utility>

#include "throttle/schedule/time_zone.h"

namespace ebb::throttle {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

/// Changes closer than this are one movement.
constexpr milliseconds kMovement{2000};
/// Of a percent: as fine as tables need it.
constexpr double kTenth = 0.001;

WallTime end_of(const Simulation& simulation, std::size_t index) {
  return index + 1 < simulation.changes.size() ? simulation.changes[index + 1].at : simulation.end;
}

/// A text that counts: "120 of 300 s" and "121 of 300 s" say the same.
bool same_but_for_digits(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t i = 0, j = 0;
  for (;; ++i, ++j) {
    while (i < a.size() && digit(a[i]))
      ++i;
    while (j < b.size() && digit(b[j]))
      ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (a[i] != b[j]) return false;
  }
}

/// The same but for the limit and what follows from it.
bool same_kind(const SimulatedChange& a, const SimulatedChange& b) {
  const auto same_reason = [](const Reason& x, const Reason& y) {
    return x.source == y.source && x.signal_class == y.signal_class &&
           x.overridden == y.overridden && same_but_for_digits(x.text, y.text);
  };
  const Decision &x = a.decision, &y = b.decision;
  return a.running == b.running && x.state == y.state && x.event == y.event &&
         std::equal(x.reasons.begin(), x.reasons.end(), y.reasons.begin(), y.reasons.end(),
                    same_reason);
}

/// Two units at most: "14 d 6 h", "40 min".
std::string duration_text(milliseconds duration) {
  struct Unit {
    std::int64_t seconds;
    const char* name;
  };
  constexpr Unit kUnits[] = {{86400, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}};
  std::int64_t rest = std::chrono::round<std::chrono::seconds>(duration).count();
  std::string result;
  int shown = 0;
  for (const auto& [length, name] : kUnits) {
    const std::int64_t count = rest / length;
    rest -= count * length;
    if (count > 0 && shown < 2) {
      result += (result.empty() ? "" : " ") + std::to_string(count) + name;
    }
    if (!result.empty()) ++shown;
  }
  return result.empty() ? "0 s" : result;
}

/// ISO 8601, UTC.
std::string iso(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto of_day = std::chrono::hh_mm_ss(std::chrono::floor<milliseconds>(time - day));
  char result[48];
  std::snprintf(
      result, sizeof result, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(of_day.hours().count()), static_cast<int>(of_day.minutes().count()),
      static_cast<int>(of_day.seconds().count()), static_cast<int>(of_day.subseconds().count()));
  return result;
}

template <typename T, typename To>
json::value or_null(const std::optional<T>& value, To to) {
  return value ? json::value(to(*value)) : json::value(nullptr);
}

json::object to_object(const Limit& limit) {
  const auto same = [](double number) { return number; };
  return {{"text", text(limit)},
          {"fraction", limit.fraction},
          {"watts", or_null(limit.watts, same)},
          {"hps", or_null(limit.hps, same)}};
}

json::object to_object(const Reason& reason) {
  return {{"source", reason.source},
          {"class",
           or_null(reason.signal_class, [](SignalClass it) { return json::string(name(it)); })},
          {"limit", to_object(reason.limit)},
          {"text", reason.text},
          {"until", or_null(reason.until, iso)},
          {"overridden", reason.overridden}};
}

json::object to_object(const SimulatedChange& change) {
  json::array reasons;
  for (const Reason& reason : change.decision.reasons)
    reasons.push_back(to_object(reason));
  return {{"at", iso(change.at)},
          {"happened", change.happened},
          {"running", change.running},
          {"state", json::string(state_name(change))},
          {"limit", to_object(change.decision.limit)},
          {"event", change.decision.event},
          {"reasons", std::move(reasons)},
          {"earliest_return", or_null(change.decision.earliest_return, iso)},
          {"next", or_null(change.decision.next, [](const PlannedChange& next) {
             return json::object{{"at", iso(next.at)}, {"text", next.text}};
           })}};
}

/// Columns as wide as their widest cell; the last one as it comes.
class Table {
 public:
  void add(std::vector<std::string> row) {
    widths_.resize(std::max(widths_.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths_[i] = std::max(widths_[i], row[i].size());
    rows_.push_back(std::move(row));
  }

  std::string text() const {
    std::string result;
    for (const auto& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        line += row[i];
        if (i + 1 < row.size()) line.append(widths_[i] - row[i].size() + 2, ' ');
      }
      // Reasons may come from calendars: nothing may steer the terminal.
      std::replace_if(
          line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
      line.erase(line.find_last_not_of(' ') + 1);
      result += line + '\n';
    }
    return result;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;
};

}  // namespace

SimulationSummary summarise(const Simulation& simulation) {
  SimulationSummary summary;
  std::set<std::uint64_t> events;
  double full_work_hours = 0;  // that were not done
  for (std::size_t i = 0; i < simulation.changes.size(); ++i) {
    const SimulatedChange& change = simulation.changes[i];
    const milliseconds lasts = end_of(simulation, i) - change.at;
    if (change.decision.event != 0) events.insert(change.decision.event);
    if (!change.running) {
      summary.off += lasts;
      continue;
    }
    if (change.decision.limit.is_zero()) summary.at_zero += lasts;
    full_work_hours += (1 - change.decision.limit.fraction_of(simulation.plant)) *
                       std::chrono::duration<double, std::ratio<3600>>(lasts).count();
  }
  summary.events = events.size();
  if (const Plant& plant = simulation.plant; plant.full_watts) {
    summary.energy_not_used_kwh =
        full_work_hours * (*plant.full_watts - plant.idle_watts.value_or(0)) / 1000;
  }
  return summary;
}

std::vector<const SimulatedChange*> rows(const Simulation& simulation) {
  std::vector<const SimulatedChange*> result;
  const auto& changes = simulation.changes;
  const auto goes_on_after = [&](std::size_t i) {
    return i + 1 < changes.size() && changes[i + 1].happened.empty() &&
           changes[i + 1].at - changes[i].at <= kMovement && same_kind(changes[i], changes[i + 1]);
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const bool begins = i == 0 || !goes_on_after(i - 1);
    const bool arrives = !goes_on_after(i) && changes[i].decision.state != State::ramping;
    if (begins || (arrives && changes[i].decision.limit != result.back()->decision.limit)) {
      result.push_back(&changes[i]);
    }
  }
  return result;
}

std::string_view state_name(const SimulatedChange& change) {
  return change.running ? name(change.decision.state) : "off";
}

std::string cap_text(const SimulatedChange& change) {
  if (!change.running) return "";
  Limit limit = change.decision.limit;
  if (limit.fraction >= kTenth) limit.fraction = std::round(limit.fraction / kTenth) * kTenth;
  return text(limit);
}

std::string reason_text(const Reason& reason, std::string_view zone) {
  std::string result = reason.source + ": " + reason.text;
  if (reason.until) result += ", until " + text(*reason.until, zone);
  if (reason.overridden) result += " (overridden)";
  return result;
}

std::string summary_text(const Simulation& simulation) {
  const SimulationSummary summary = summarise(simulation);
  std::string result = "At zero " + duration_text(summary.at_zero);
  if (summary.off > milliseconds(0)) result += ", off " + duration_text(summary.off);
  result += ", " + std::to_string(summary.events) + (summary.events == 1 ? " event" : " events");
  if (summary.energy_not_used_kwh) {
    char energy[48];
    std::snprintf(energy, sizeof energy, ", %.4g kWh not used (nameplate)",
                  *summary.energy_not_used_kwh);
    result += energy;
  }
  return result + ".";
}

std::string to_text(const Simulation& simulation, std::string_view zone) {
  Table table;
  table.add({"time", "state", "cap", "why"});
  for (const SimulatedChange* change : rows(simulation)) {
    std::vector<std::string> why;
    if (!change->happened.empty()) why.push_back("* " + change->happened);
    for (const Reason& reason : change->decision.reasons)
      why.push_back(reason_text(reason, zone));
    if (change->decision.earliest_return) {
      why.push_back("full at the earliest: " + text(*change->decision.earliest_return, zone));
    }
    if (why.empty()) why.emplace_back();
    table.add(
        {text(change->at, zone), std::string(state_name(*change)), cap_text(*change), why.front()});
    for (auto line = std::next(why.begin()); line != why.end(); ++line)
      table.add({"", "", "", *line});
  }
  return table.text() + '\n' + summary_text(simulation) + '\n';
}

std::string to_json(const Simulation& simulation) {
  const SimulationSummary summary = summarise(simulation);
  const auto seconds = [](milliseconds duration) {
    return static_cast<double>(duration.count()) / 1000;
  };
  json::array changes;
  for (const SimulatedChange& change : simulation.changes)
    changes.push_back(to_object(change));
  return json::serialize(json::object{
      {"begin", iso(simulation.begin)},
      {"end", iso(simulation.end)},
      {"summary", json::object{{"at_zero_s", seconds(summary.at_zero)},
                               {"off_s", seconds(summary.off)},
                               {"events", summary.events},
                               {"energy_not_used_kwh", or_null(summary.energy_not_used_kwh,
                                                               [](double kwh) { return kwh; })}}},
      {"changes", std::move(changes)}});
}

}  // namespace ebb::throttle
