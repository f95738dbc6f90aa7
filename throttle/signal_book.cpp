#include "throttle/signal_book.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "throttle/limit.h"
#include "throttle/saved_fields.h"

namespace ebb::throttle {
namespace {

void cut(std::string& text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (max_bytes > 0 && continues(text[max_bytes]))
    --max_bytes;
  text.resize(max_bytes);
}

bool makes_sense(const Cap& cap) {
  const double value = std::visit(
      [](const auto& it) {
        const auto& [number] = it;
        return number;
      },
      cap);
  return std::isfinite(value) && value >= 0 &&
         (!std::holds_alternative<DutyCap>(cap) || value <= 1);
}

/// Nothing, or why the signal makes no sense.
std::string nonsense(const Signal& signal) {
  const auto bad_name = [](const std::string& name) {
    return name.empty() || name.size() > SignalBook::kMaxName;
  };
  if (bad_name(signal.source) || bad_name(signal.id)) return "a name is empty or too long";
  if (!makes_sense(signal.cap)) return "its cap makes no sense";
  if (signal.valid_until && *signal.valid_until <= signal.valid_from) {
    return "it ends before it begins";
  }
  return {};
}

Limit limit_of(const Signal& signal) {
  Limit limit;
  limit.lower_to(signal.cap);
  return limit;
}

bool clock_is_off(const Signal& signal) {
  return signal.sent_at &&
         std::chrono::abs(*signal.sent_at - signal.received_at) > SignalBook::kMaxSkew;
}

/// Whether `signal` in the place of `old` permits nothing at any time that `old` does not.
bool covers(const Signal& signal, const Signal& old) {
  return !limit_of(signal).is_above(limit_of(old)) && signal.valid_from <= old.valid_from &&
         (!signal.valid_until || (old.valid_until && *signal.valid_until >= *old.valid_until)) &&
         signal.outage >= old.outage && signal.urgent >= old.urgent &&
         signal.signal_class == old.signal_class;
}

/// Whether a signal that cannot be dated restricts more than what its source has said, and nothing
/// less.
bool only_lowers(const Signal& signal, const std::map<std::string, Signal, std::less<>>& stands) {
  Limit least;
  for (const auto& [id, other] : stands)
    least.lower_to(other.cap);
  const auto old = stands.find(signal.id);
  return least.is_above(limit_of(signal)) && (old == stands.end() || covers(signal, old->second));
}

template <typename Map>
void drop_the_last_to_begin(Map& signals) {
  signals.erase(std::max_element(signals.begin(), signals.end(), [](const auto& a, const auto& b) {
    return a.second.valid_from < b.second.valid_from;
  }));
}

}  // namespace

SignalBook::Source* SignalBook::find_or_add(std::string_view name) {
  const auto found = sources_.find(name);
  if (found != sources_.end()) return &found->second;
  if (sources_.size() >= kMaxSources || name.empty() || name.size() > kMaxName) return nullptr;
  return &sources_[std::string(name)];
}

tl::expected<void, std::string> SignalBook::accept(const Now& now, Signal signal) {
  if (const std::string why = nonsense(signal); !why.empty()) return tl::unexpected(why);
  Source* source = find_or_add(signal.source);
  if (source == nullptr) return tl::unexpected<std::string>("too many sources");
  if (signal.sequence != 0 && signal.sequence <= source->sequence) {
    return tl::unexpected("a replay: its sequence is " + std::to_string(signal.sequence) +
                          ", the newest " + std::to_string(source->sequence));
  }
  const bool off = clock_is_off(signal);
  if (off && !only_lowers(signal, source->signals)) {
    return tl::unexpected<std::string>("its clock is off by more than 5 minutes");
  }
  if (!off) heard_[signal.source] = now.steady;
  source->sequence = std::max(source->sequence, signal.sequence);
  cut(signal.reason, kMaxReason);
  const std::string id = signal.id;
  source->signals.insert_or_assign(id, std::move(signal));
  if (source->signals.size() <= kMaxSignals) return {};
  drop_the_last_to_begin(source->signals);
  if (source->signals.contains(id)) return {};
  return tl::unexpected<std::string>("too many signals of this source");
}

void SignalBook::replace(const Now& now, std::string_view name, std::vector<Signal> signals) {
  Source* source = find_or_add(name);
  if (source == nullptr) return;
  std::uint64_t sequence = 0;
  for (const Signal& signal : signals)
    sequence = std::max(sequence, signal.sequence);
  if (sequence != 0 && sequence < source->sequence) return;

  std::map<std::string, Signal, std::less<>> stands;
  bool off = false;
  for (Signal& signal : signals) {
    const auto old = source->signals.find(signal.id);
    const bool undated = clock_is_off(signal);
    off = off || undated;
    if (signal.source != name || !nonsense(signal).empty() ||
        (undated && !only_lowers(signal, source->signals))) {
      if (old != source->signals.end()) stands.insert(*old);
      continue;
    }
    cut(signal.reason, kMaxReason);
    const std::string id = signal.id;
    stands.insert_or_assign(id, std::move(signal));
    if (stands.size() > kMaxSignals) drop_the_last_to_begin(stands);
  }
  // Of a sender whose clock is off it is not known when this was the complete set.
  if (off) stands.merge(source->signals);
  while (stands.size() > kMaxSignals)
    drop_the_last_to_begin(stands);
  source->signals = std::move(stands);
  source->sequence = std::max(source->sequence, sequence);
  if (!off) heard(now, name);
}

bool SignalBook::retract(const Now& now, std::string_view name, std::string_view id,
                         std::uint64_t sequence) {
  const auto source = sources_.find(name);
  if (source == sources_.end()) return false;
  if (sequence != 0 && sequence <= source->second.sequence) return false;
  source->second.sequence = std::max(source->second.sequence, sequence);
  heard(now, name);
  const auto signal = source->second.signals.find(id);
  if (signal == source->second.signals.end()) return false;
  source->second.signals.erase(signal);
  return true;
}

void SignalBook::heard(const Now& now, std::string_view source) {
  if (find_or_add(source) != nullptr) heard_[std::string(source)] = now.steady;
}

std::vector<Signal> SignalBook::signals() const {
  std::vector<Signal> result;
  for (const auto& [name, source] : sources_) {
    for (const auto& [id, signal] : source.signals)
      result.push_back(signal);
  }
  return result;
}

std::optional<SteadyTime> SignalBook::heard_at(std::string_view source) const {
  const auto found = heard_.find(source);
  if (found == heard_.end()) return std::nullopt;
  return found->second;
}

bool SignalBook::prune(WallTime wall) {
  std::size_t pruned = 0;
  for (auto& [name, source] : sources_) {
    pruned += std::erase_if(source.signals, [&](const auto& it) {
      return it.second.valid_until && *it.second.valid_until <= wall;
    });
  }
  return pruned > 0;
}

std::string SignalBook::save() const {
  boost::json::object sources;
  for (const auto& [name, source] : sources_) {
    boost::json::array signals;
    for (const auto& [id, signal] : source.signals)
      signals.emplace_back(to_json(signal));
    sources[name] = {{"sequence", source.sequence}, {"signals", std::move(signals)}};
  }
  return boost::json::serialize(sources);
}

tl::expected<SignalBook, std::string> SignalBook::load(std::string_view text) {
  const auto sources = parse_saved(text);
  if (!sources) return tl::unexpected(sources.error());
  SignalBook book;
  std::string error;
  const SavedFields fields(*sources, error);
  for (const auto& [key, value] : *sources) {
    const std::string_view name(key.data(), key.size());
    Source* source = book.find_or_add(name);
    if (source == nullptr) return tl::unexpected<std::string>("too many sources");
    const SavedFields saved(fields.object(name), error);
    source->sequence = saved.whole("sequence");
    for (const boost::json::value& item : saved.array("signals")) {
      if (!item.is_object()) return tl::unexpected<std::string>("a signal is no object");
      Signal signal = read_signal(SavedFields(item.get_object(), error));
      if (!error.empty()) return tl::unexpected(error);
      if (const std::string why = nonsense(signal); !why.empty()) {
        return tl::unexpected("a signal: " + why);
      }
      if (signal.source != name || source->signals.size() >= kMaxSignals) {
        return tl::unexpected<std::string>("signals of another source, or too many");
      }
      cut(signal.reason, kMaxReason);
      std::string id = signal.id;
      if (!source->signals.try_emplace(std::move(id), std::move(signal)).second) {
        return tl::unexpected<std::string>("two signals of one id");
      }
    }
    if (!error.empty()) return tl::unexpected(error);
  }
  return book;
}

}  // namespace ebb::throttle
