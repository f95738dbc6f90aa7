#pragma once
// Values of settings as people write them, on the command line and in the configuration file.

#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>
#include <type_traits>
#include <vector>

#include "core/cpu_topology.h"
#include "throttle/duration_text.h"

namespace ebb::miner {

inline constexpr unsigned kMaxThreads = 1024;

/// In quotes, cut where it is long.
std::string quote(std::string_view text);

/// All of the text is one number from `least` to `most`.
template <class T>
tl::expected<T, std::string> parse_number(std::string_view text, T least, T most) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  // The comparison is also false for NaN.
  if (!whole || !(number >= least && number <= most)) {
    std::string bounds;
    if constexpr (std::is_integral_v<T>) {
      bounds = " from " + std::to_string(least) + " to " + std::to_string(most);
    } else {
      bounds = " above zero";
    }
    return tl::unexpected(quote(text) + " is not a number" + bounds);
  }
  return number;
}

using throttle::parse_duration;
using throttle::parse_wait;
using throttle::parse_wait_seconds;

/// "0,2-3": CPU numbers, each one that this process may use.
tl::expected<std::vector<unsigned>, std::string> parse_cpu_list(std::string_view text);

/// "auto", or any of cpu, cuda and cuda:N with commas between.
tl::expected<std::string, std::string> check_devices(std::string_view list);

/// A CPU kernel of this build.
tl::expected<std::string, std::string> check_backend(std::string_view name);
/// All of them: "scalar, sse2".
std::string backend_names();

tl::expected<core::Pinning, std::string> parse_pinning(std::string_view word);

/// "85C" or "85": at which a card rests.
tl::expected<unsigned, std::string> parse_celsius(std::string_view text);
/// "250W" or "250": of a card.
tl::expected<unsigned, std::string> parse_card_watts(std::string_view text);
/// "1200MHz" or "1200".
tl::expected<unsigned, std::string> parse_megahertz(std::string_view text);

tl::expected<double, std::string> parse_difficulty(std::string_view text);

/// User names and passwords travel inside JSON lines and appear in logs. The error does not hold
/// the text.
tl::expected<std::string, std::string> check_credential(std::string_view text);

/// Where the state lies when nothing else is said: $XDG_STATE_HOME/ebb, else ~/.local/state/ebb.
/// The error: neither is set.
tl::expected<std::filesystem::path, std::string> default_state_folder();

}  // namespace ebb::miner
