#include "throttle/simulation/timeline.h"

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "throttle/schedule/table_reader.h"
#include "throttle/schedule/time_zone.h"
#include "throttle/schedule/window_toml.h"

namespace ebb::throttle {
namespace {

using std::chrono::milliseconds;
using What = decltype(Step::what);

// Times stay where calendars and conversions are sure.
constexpr WallTime kEarliest = std::chrono::sys_days(std::chrono::year(1971) / 1 / 1);
constexpr WallTime kLatest = std::chrono::sys_days(std::chrono::year(2200) / 1 / 1);
constexpr milliseconds kMaxJumps = std::chrono::days(20 * 366);  // all together
constexpr std::size_t kMaxWord = 100, kMaxReason = 500;          // bytes

std::string quote(std::string_view text) {
  return "'" + std::string(text.substr(0, 100)) + "'";
}

/// "90s", "20m", "1.5h", "2d", "500ms", with a sign or without.
tl::expected<milliseconds, std::string> parse_difference(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = negative || text.starts_with('+') ? text.substr(1) : text;
  double number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const std::string_view unit =
      error == std::errc() ? digits.substr(static_cast<std::size_t>(end - digits.data())) : "";
  const double ms_per_unit = unit == "ms"  ? 1
                             : unit == "s" ? 1e3
                             : unit == "m" ? 60e3
                             : unit == "h" ? 3600e3
                             : unit == "d" ? 86400e3
                                           : 0;
  const double total = number * ms_per_unit;
  if (!(total >= 1 && total <= static_cast<double>(milliseconds(Timeline::kMaxLength).count()))) {
    return tl::unexpected(quote(text) + " is not a time span such as 500ms, 20s, 5m, 1h or 2d");
  }
  return milliseconds(std::llround(negative ? -total : total));
}

tl::expected<milliseconds, std::string> parse_span(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) {
    return tl::unexpected(quote(text) + " must be without a sign");
  }
  return parse_difference(text);
}

/// With an offset, or local time of `zone`.
tl::expected<WallTime, std::string> moment_of(const toml::date_time& value, std::string_view zone) {
  const LocalTime local{{std::chrono::year(value.date.year), std::chrono::month(value.date.month),
                         std::chrono::day(value.date.day)},
                        std::chrono::minutes(value.time.hour * 60 + value.time.minute)};
  const milliseconds rest =
      std::chrono::seconds(value.time.second) +
      std::chrono::floor<milliseconds>(std::chrono::nanoseconds(value.time.nanosecond));
  WallTime moment;
  if (value.offset) {
    moment = std::chrono::sys_days(local.date) + local.of_day -
             std::chrono::minutes(value.offset->minutes) + rest;
  } else if (zone.empty()) {
    return tl::unexpected<std::string>(
        "needs an offset such as +06:00, or a zone at the top of the file");
  } else {
    const auto converted = to_wall_time(local, zone);
    if (!converted) return tl::unexpected(converted.error());
    moment = *converted + rest;
  }
  if (moment < kEarliest || moment > kLatest)
    return tl::unexpected<std::string>("is not in 1971 to 2199");
  return moment;
}

std::optional<WallTime> moment(TableReader& reader, std::string_view key, std::string_view zone) {
  const toml::node* node = reader.node(key);
  if (node == nullptr) return std::nullopt;
  const auto* value = node->as_date_time();
  if (value == nullptr) {
    reader.fail(key, "must be a date and time without quotes such as 2022-01-31T23:00:00");
    return std::nullopt;
  }
  const auto result = moment_of(value->get(), zone);
  if (!result) reader.fail(key, result.error());
  return result ? std::optional(*result) : std::nullopt;
}

/// A short text without line breaks; empty when absent.
std::string word(TableReader& reader, std::string_view key, std::size_t most = kMaxWord) {
  std::string result = reader.string(key).value_or("");
  if (result.size() > most) {
    reader.fail(key, "is longer than " + std::to_string(most) + " bytes");
  }
  return result;
}

std::string needed_word(TableReader& reader, std::string_view key) {
  std::string result = word(reader, key);
  if (result.empty()) reader.fail(key, "is missing");
  return result;
}

/// `until` or `for`, not both.
struct End {
  std::optional<WallTime> until;
  std::optional<milliseconds> lasts;
};
End end_of(TableReader& reader, std::string_view zone) {
  End end;
  end.until = moment(reader, "until", zone);
  end.lasts = reader.parsed("for", parse_span);
  if (end.until && end.lasts) reader.fail("for", "and until exclude each other");
  return end;
}

/// One `key = value` of a step.
struct Action {
  const toml::node& node;
  std::string_view key;
  std::string_view zone;

  tl::unexpected<std::string> wrong(std::string_view text) const {
    return tl::unexpected(fault_at(node, key, text));
  }

  template <typename Read>
  tl::expected<What, std::string> table(Read read) const {
    const toml::table* table = node.as_table();
    if (table == nullptr) return wrong("must be a table such as { source = \"ups\" }");
    TableReader reader(*table);
    What what = read(reader);
    if (const auto all = reader.finish(); !all) return tl::unexpected(all.error());
    return what;
  }
};

tl::expected<What, std::string> read_signal(const Action& action) {
  return action.table([&](TableReader& reader) {
    SendSignal send;
    send.signal.source = needed_word(reader, "source");
    send.signal.id = word(reader, "id");
    if (send.signal.id.empty()) send.signal.id = send.signal.source;
    const auto cap = reader.parsed("cap", parse_cap);
    if (!cap) reader.fail("cap", "is missing: \"0%\", \"40%\", \"250W\" or \"20MH/s\"");
    send.signal.cap = cap.value_or(DutyCap{0});
    if (const auto name = reader.string("class")) {
      const auto signal_class = parse_signal_class(*name);
      if (!signal_class) {
        reader.fail("class", quote(*name) + " is not mandatory, protective, economic or operator");
      }
      send.signal.signal_class = signal_class.value_or(SignalClass::mandatory);
    }
    send.from = moment(reader, "from", action.zone);
    const End end = end_of(reader, action.zone);
    send.signal.valid_until = end.until;
    send.lasts = end.lasts;
    send.signal.sent_at = moment(reader, "sent_at", action.zone);
    const auto sequence = reader.integer("sequence");
    if (sequence && *sequence < 1) reader.fail("sequence", "must be 1 or more");
    send.signal.sequence = static_cast<std::uint64_t>(sequence.value_or(0));
    send.signal.reason = word(reader, "reason", kMaxReason);
    send.signal.outage = reader.boolean("outage").value_or(false);
    send.signal.urgent = reader.boolean("urgent").value_or(false);
    return What(std::move(send));
  });
}

tl::expected<What, std::string> read_retract(const Action& action) {
  return action.table([](TableReader& reader) {
    RetractSignal retract;
    retract.source = needed_word(reader, "source");
    retract.id = word(reader, "id");
    if (retract.id.empty()) retract.id = retract.source;
    return What(std::move(retract));
  });
}

tl::expected<What, std::string> read_heard(const Action& action) {
  const auto* source = action.node.as_string();
  if (source == nullptr || source->get().empty() || source->get().size() > kMaxWord) {
    return action.wrong("must be the name of a source");
  }
  return What(Heard{source->get()});
}

tl::expected<What, std::string> read_override(const Action& action) {
  if (action.node.value_exact<bool>() == false) return What(SetOverride{});
  return action.table([&](TableReader& reader) {
    SetOverride set;
    set.reason = word(reader, "reason", kMaxReason);
    if (set.reason->empty()) reader.fail("reason", "is missing");
    const End end = end_of(reader, action.zone);
    if (!end.until && !end.lasts) reader.fail("until", "is missing (or for): an override ends");
    set.until = end.until;
    set.lasts = end.lasts.value_or(milliseconds(0));
    return What(std::move(set));
  });
}

tl::expected<What, std::string> read_power_cut(const Action& action) {
  PowerCut cut;
  if (const auto* text = action.node.as_string()) {
    const auto lasts = parse_span(text->get());
    if (!lasts) return action.wrong(lasts.error());
    cut.lasts = *lasts;
    return What(cut);
  }
  return action.table([&](TableReader& reader) {
    const auto lasts = reader.parsed("for", parse_span);
    if (!lasts) reader.fail("for", "is missing: how long the machine is off");
    cut.lasts = lasts.value_or(milliseconds(0));
    cut.unclean = reader.boolean("unclean").value_or(true);
    return What(cut);
  });
}

template <typename Event>
tl::expected<What, std::string> read_plain(const Action& action) {
  if (action.node.value_exact<bool>() != true) return action.wrong("must be true");
  return What(Event{});
}

tl::expected<What, std::string> read_clock_jump(const Action& action) {
  const auto* text = action.node.as_string();
  if (text == nullptr) return action.wrong("must be a time span such as \"+1h\" or \"-5m\"");
  const auto by = parse_difference(text->get());
  if (!by) return action.wrong(by.error());
  return What(ClockJump{*by});
}

tl::expected<What, std::string> read_clock_synchronised(const Action& action) {
  const auto yes = action.node.value_exact<bool>();
  if (!yes) return action.wrong("must be true or false");
  return What(ClockSynchronised{*yes});
}

tl::expected<What, std::string> read_schedule(const Action& action) {
  const toml::array* windows = action.node.as_array();
  if (windows == nullptr) return action.wrong("must be a list of windows, [] for none");
  NewSchedule schedule;
  for (const toml::node& node : *windows) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return action.wrong("must be a list of windows, [] for none");
    auto window = read_window(*table, action.zone);
    if (!window) return tl::unexpected(window.error());
    schedule.windows.push_back(*std::move(window));
  }
  return What(std::move(schedule));
}

struct ActionReader {
  std::string_view key;
  tl::expected<What, std::string> (*read)(const Action&);
};
constexpr std::array<ActionReader, 10> kActions = {{
    {"signal", read_signal},
    {"retract", read_retract},
    {"heard", read_heard},
    {"override", read_override},
    {"power_cut", read_power_cut},
    {"restart", read_plain<Restart>},
    {"kill", read_plain<Kill>},
    {"clock_jump", read_clock_jump},
    {"clock_synchronised", read_clock_synchronised},
    {"schedule", read_schedule},
}};

std::int64_t repetitions(const Step& step) {
  return step.every ? (step.last - step.at) / *step.every + 1 : 1;
}

/// Reads the steps of a timeline whose beginning and end are known, within their bounds.
class StepReader {
 public:
  StepReader(const Timeline& timeline, std::string_view zone) : timeline_(timeline), zone_(zone) {}

  tl::expected<Step, std::string> read(const toml::table& table) {
    TableReader reader(table);
    Step step;
    const auto at = moment(reader, "at", zone_);
    if (!at) reader.fail("at", "is missing: when it happens");
    step.at = at.value_or(timeline_.begin);
    if (step.at < timeline_.begin || step.at > timeline_.end) {
      reader.fail("at", "is not between begin and end");
    }
    step.every = reader.parsed("every", parse_span);
    step.last = moment(reader, "until", zone_).value_or(timeline_.end);
    if (step.last > timeline_.end || step.last < step.at) {
      reader.fail("until", "is not between at and end");
    }
    if (!step.every && table.contains("until")) reader.fail("until", "needs every");
    if (const auto read = read_action(reader, table, step); !read) {
      return tl::unexpected(read.error());
    }
    if (const auto all = reader.finish(); !all) return tl::unexpected(all.error());
    if (const auto within = count(step); !within) {
      return tl::unexpected(fault_at(table, "", within.error()));
    }
    return step;
  }

 private:
  tl::expected<void, std::string> read_action(TableReader& reader, const toml::table& table,
                                              Step& step) const {
    const ActionReader* chosen = nullptr;
    for (const ActionReader& action : kActions) {
      if (reader.node(action.key) == nullptr) continue;
      if (chosen != nullptr) reader.fail(action.key, "is one thing too many for a step");
      chosen = &action;
    }
    if (chosen == nullptr) {
      reader.fail("", "a step needs something that happens: signal, heard, power_cut, ...");
      return {};
    }
    auto what = chosen->read({*table.get(chosen->key), chosen->key, zone_});
    if (!what) return tl::unexpected(what.error());
    step.what = *std::move(what);
    return {};
  }

  tl::expected<void, std::string> count(const Step& step) {
    const std::int64_t times = repetitions(step);
    steps_ += times;
    if (steps_ > static_cast<std::int64_t>(Timeline::kMaxSteps)) {
      return tl::unexpected<std::string>("more than 1,000,000 steps");
    }
    if (const auto* jump = std::get_if<ClockJump>(&step.what)) {
      jumps_ += std::chrono::abs(jump->by) * static_cast<double>(times);
      if (jumps_ > kMaxJumps)
        return tl::unexpected<std::string>("the clock jumps by more than 20 years in all");
    }
    return {};
  }

  const Timeline& timeline_;
  std::string_view zone_;
  std::int64_t steps_ = 0;
  std::chrono::duration<double, std::milli> jumps_{0};
};

tl::expected<Timeline, std::string> read_timeline(const toml::table& root) {
  TableReader reader(root);
  Timeline timeline;
  const std::string zone = word(reader, "zone");
  const auto begin = moment(reader, "begin", zone);
  const auto end = moment(reader, "end", zone);
  if (!begin) reader.fail("begin", "is missing: when the timeline begins");
  if (!end) reader.fail("end", "is missing: when the timeline ends");
  timeline.begin = begin.value_or(WallTime());
  timeline.end = end.value_or(WallTime());
  if (timeline.end <= timeline.begin) reader.fail("end", "is not after begin");
  if (timeline.end - timeline.begin > Timeline::kMaxLength) {
    reader.fail("end", "is more than ten years after begin");
  }
  timeline.clock_synchronised = reader.boolean("clock_synchronised").value_or(true);
  const toml::node* steps = reader.node("step");
  if (steps != nullptr && !steps->is_array_of_tables() && !steps->is_array()) {
    reader.fail("step", "must be written as [[step]]");
  }
  if (const auto all = reader.finish(); !all) return tl::unexpected(all.error());
  if (steps == nullptr) return timeline;

  StepReader step_reader(timeline, zone);
  std::vector<Step> read_steps;
  for (const toml::node& node : *steps->as_array()) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return tl::unexpected(fault_at(node, "step", "must be a table"));
    auto step = step_reader.read(*table);
    if (!step) return tl::unexpected(step.error());
    read_steps.push_back(*std::move(step));
  }
  std::stable_sort(read_steps.begin(), read_steps.end(),
                   [](const Step& a, const Step& b) { return a.at < b.at; });
  timeline.steps = std::move(read_steps);
  return timeline;
}

}  // namespace

tl::expected<Timeline, std::string> parse_timeline(std::string_view text) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return tl::unexpected(fault_at(parsed.error().source(), "", parsed.error().description()));
  }
  return read_timeline(parsed.table());
}

}  // namespace ebb::throttle
