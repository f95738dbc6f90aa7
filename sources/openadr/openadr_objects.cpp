#include "sources/openadr/openadr_objects.h"

#include <algorithm>

#include "sources/openadr/openadr_json.h"

namespace ebb::sources::openadr {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxFaults = 20;        // of a page
constexpr std::size_t kMaxStringValue = 500;  // bytes; enumerations say 128, alerts are free text

/// Collects what is wrong with one object.
class Faults {
 public:
  Faults(std::vector<std::string>& faults, std::string subject)
      : faults_(faults), subject_(std::move(subject)) {}
  void add(std::string_view text) {
    if (faults_.size() < kMaxFaults) faults_.push_back(subject_ + ": " + std::string(text));
  }

 private:
  std::vector<std::string>& faults_;
  std::string subject_;
};

bool is_present(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && !value->is_null();
}

std::optional<Duration> duration_member(const json::object& object, std::string_view name,
                                        bool either_sign, Faults& faults) {
  if (!is_present(object, name)) return std::nullopt;
  auto duration = parse_duration(string_member(object, name), either_sign);
  if (!duration) faults.add(std::string(name) + " is no duration");
  return duration;
}

/// Nothing when a start is there that cannot be read.
std::optional<IntervalPeriod> read_period(const json::object& object, Faults& faults) {
  IntervalPeriod period;
  if (is_present(object, "start")) {
    period.start = parse_start(string_member(object, "start"));
    if (!period.start) {
      faults.add("start is no date and time");
      return std::nullopt;
    }
  }
  period.duration = duration_member(object, "duration", false, faults);
  if (is_present(object, "duration") && !period.duration) return std::nullopt;
  period.randomize_start = duration_member(object, "randomizeStart", true, faults);
  return period;
}

std::vector<Value> read_values(const json::array& values) {
  std::vector<Value> result;
  for (const json::value& value : values) {
    if (result.size() >= kMaxValues) break;
    if (const auto number = number_of(value)) {
      result.emplace_back(*number);
    } else if (const bool* yes = value.if_bool()) {
      result.emplace_back(*yes);
    } else if (const json::string* text = value.if_string()) {
      result.emplace_back(std::string(text->data(), std::min(text->size(), kMaxStringValue)));
    }
  }
  return result;
}

/// Calls `take` with each object of an array, up to `most` of them.
template <class Take>
void each_object(const json::object& parent, std::string_view name, std::size_t most, Take take) {
  const json::array* items = array_member(parent, name);
  if (items == nullptr) return;
  for (const json::value& item : *items) {
    if (most-- == 0) return;
    if (const json::object* object = item.if_object()) take(*object);
  }
}

std::optional<Interval> read_interval(const json::object& object, Faults& faults) {
  Interval interval;
  interval.id = integer_member(object, "id").value_or(0);
  if (const json::object* period = object_member(object, "intervalPeriod")) {
    interval.period = read_period(*period, faults);
    if (!interval.period) return std::nullopt;
  }
  each_object(object, "payloads", kMaxPayloads, [&](const json::object& payload) {
    const json::array* values = array_member(payload, "values");
    const std::string type = string_member(payload, "type");
    if (values == nullptr || type.empty()) return faults.add("a payload without type or values");
    interval.payloads.push_back({type, read_values(*values)});
  });
  return interval;
}

std::vector<PayloadDescriptor> read_payload_descriptors(const json::object& object) {
  std::vector<PayloadDescriptor> result;
  each_object(object, "payloadDescriptors", kMaxDescriptors, [&](const json::object& it) {
    result.push_back({string_member(it, "payloadType"), string_member(it, "units"),
                      string_member(it, "currency")});
  });
  return result;
}

std::vector<ReportDescriptor> read_report_descriptors(const json::object& object) {
  std::vector<ReportDescriptor> result;
  each_object(object, "reportDescriptors", kMaxDescriptors, [&](const json::object& it) {
    ReportDescriptor report;
    report.type = string_member(it, "payloadType");
    if (report.type.empty()) report.type = string_member(it, "payLoadType");  // as example 7.7-1
    report.reading_type = string_member(it, "readingType");
    report.units = string_member(it, "units");
    report.aggregate = boolean_member(it, "aggregate").value_or(false);
    report.historical = boolean_member(it, "historical").value_or(true);
    report.start_interval = integer_member(it, "startInterval").value_or(-1);
    report.num_intervals = integer_member(it, "numIntervals").value_or(-1);
    report.frequency = integer_member(it, "frequency").value_or(-1);
    report.repeat = integer_member(it, "repeat").value_or(1);
    if (!report.type.empty()) result.push_back(std::move(report));
  });
  return result;
}

std::optional<Event> read_event(const json::object& object, std::vector<std::string>& all_faults) {
  Event event;
  event.id = string_member(object, "id");
  event.program_id = string_member(object, "programID");
  event.name = string_member(object, "eventName", 500);
  Faults faults(all_faults, "event '" + (event.id.empty() ? event.name : event.id) + "'");
  if (event.id.empty() || event.program_id.empty()) {
    faults.add("it has no id or no programID");
    return std::nullopt;
  }
  if (const auto priority = integer_member(object, "priority"); priority && *priority >= 0) {
    event.priority = static_cast<std::uint64_t>(*priority);
  }
  event.written = parse_date_time(string_member(object, "modificationDateTime"));
  if (!event.written) event.written = parse_date_time(string_member(object, "createdDateTime"));
  event.duration = duration_member(object, "duration", false, faults);
  if (const json::object* period = object_member(object, "intervalPeriod")) {
    event.period = read_period(*period, faults);
  }
  each_object(object, "intervals", kMaxIntervals, [&](const json::object& it) {
    if (auto interval = read_interval(it, faults)) event.intervals.push_back(*std::move(interval));
  });
  event.payloads = read_payload_descriptors(object);
  event.reports = read_report_descriptors(object);
  return event;
}

std::optional<Program> read_program(const json::object& object, std::vector<std::string>& faults) {
  Program program{string_member(object, "id"), string_member(object, "programName"),
                  read_payload_descriptors(object)};
  if (!program.id.empty()) return program;
  Faults(faults, "program '" + program.name + "'").add("it has no id");
  return std::nullopt;
}

template <class T, class Read>
tl::expected<Page<T>, std::string> parse_page(std::string_view text, Read read) {
  const auto value = parse_json(text);
  if (!value) return tl::unexpected<std::string>("its answer is no JSON");
  const json::array* items = value->if_array();
  if (items == nullptr) return tl::unexpected<std::string>("its answer is no array");
  Page<T> page;
  page.count = items->size();
  for (const json::value& item : *items) {
    const json::object* object = item.if_object();
    if (object == nullptr) {
      Faults(page.faults, "an element").add("it is no object");
    } else if (auto it = read(*object, page.faults)) {
      page.items.push_back(*std::move(it));
    }
  }
  return page;
}

}  // namespace

tl::expected<Page<Event>, std::string> parse_events(std::string_view text) {
  return parse_page<Event>(text, read_event);
}

tl::expected<Page<Program>, std::string> parse_programs(std::string_view text) {
  return parse_page<Program>(text, read_program);
}

tl::expected<std::vector<Named>, std::string> parse_named(std::string_view text,
                                                          std::string_view name) {
  auto page = parse_page<Named>(text, [&](const json::object& object, std::vector<std::string>&) {
    return std::optional(Named{string_member(object, "id"), string_member(object, name)});
  });
  if (!page) return tl::unexpected(page.error());
  return std::move(page->items);
}

}  // namespace ebb::sources::openadr
