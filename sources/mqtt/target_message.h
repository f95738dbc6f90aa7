#pragma once
// The message by which open fleet software switches a site: {"target": 0 or 100, "timestamp": s}.

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "throttle/signal.h"

namespace ebb::sources {

struct TargetMessage {
  bool on = false;            ///< target 100; else 0
  throttle::WallTime sent{};  ///< its timestamp
};

inline constexpr std::size_t kMaxTargetMessage = 1024;  // bytes

/// Members that it does not know are skipped: the format is another's. The error is one line.
tl::expected<TargetMessage, std::string> parse_target_message(std::string_view text);

}  // namespace ebb::sources
