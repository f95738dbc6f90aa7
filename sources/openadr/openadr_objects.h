#pragma once
// Programs and events of OpenADR 3, as far as a load needs them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "sources/openadr/openadr_text.h"

namespace ebb::sources::openadr {

inline constexpr std::size_t kMaxIntervals = 5000;  ///< of an event; later ones are not read
inline constexpr std::size_t kMaxPayloads = 32;     ///< of an interval
inline constexpr std::size_t kMaxValues = 2000;     ///< of a payload
inline constexpr std::size_t kMaxDescriptors = 64;  ///< of an event or a program

struct IntervalPeriod {
  std::optional<Start> start;
  std::optional<Duration> duration;
  std::optional<Duration> randomize_start;  ///< either way
};

/// Points are left out: they are for inverters.
using Value = std::variant<double, bool, std::string>;

struct Payload {
  std::string type;
  std::vector<Value> values;
};

struct Interval {
  std::int64_t id = 0;
  std::optional<IntervalPeriod> period;
  std::vector<Payload> payloads;
};

struct PayloadDescriptor {
  std::string type, units, currency;
};

struct ReportDescriptor {
  std::string type, reading_type, units;
  bool aggregate = false;
  bool historical = true;
  std::int64_t start_interval = -1, num_intervals = -1, frequency = -1, repeat = 1;
};

struct Event {
  std::string id, program_id, name;
  std::optional<std::uint64_t> priority;  ///< the lowest number wins; nothing: the last of all
  std::optional<WallTime> written;        ///< modified, else created
  std::optional<Duration> duration;
  std::optional<IntervalPeriod> period;
  std::vector<Interval> intervals;
  std::vector<PayloadDescriptor> payloads;
  std::vector<ReportDescriptor> reports;
};

struct Program {
  std::string id, name;
  std::vector<PayloadDescriptor> payloads;
};

/// An answer to a search.
template <class T>
struct Page {
  std::vector<T> items;
  std::size_t count = 0;            ///< with those that make no sense
  std::vector<std::string> faults;  ///< of those and of parts of others, one line each
};

/// Unknown members are passed over. The error: no JSON, or not an array.
tl::expected<Page<Event>, std::string> parse_events(std::string_view text);
tl::expected<Page<Program>, std::string> parse_programs(std::string_view text);

/// What the members name, where they are strings; of an object as the server gives it back.
struct Named {
  std::string id, name;
};
/// Of an array of objects; `name` tells which member is the name.
tl::expected<std::vector<Named>, std::string> parse_named(std::string_view text,
                                                          std::string_view name);

}  // namespace ebb::sources::openadr
