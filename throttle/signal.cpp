#include "throttle/signal.h"

#include <array>

namespace ebb::throttle {
namespace {

constexpr std::array<std::string_view, 4> kNames{"mandatory", "protective", "economic", "operator"};

}  // namespace

std::string_view name(SignalClass signal_class) {
  return kNames.at(static_cast<std::size_t>(signal_class));
}

std::optional<SignalClass> parse_signal_class(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (text == kNames[i]) return static_cast<SignalClass>(i);
  }
  return std::nullopt;
}

}  // namespace ebb::throttle
