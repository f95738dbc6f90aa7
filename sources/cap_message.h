#pragma once
// ebb's own message: a cap in JSON, by MQTT or by webhook.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "throttle/signal.h"

namespace ebb::sources {

/// {"cap": "40%", "until": "2026-02-01T00:00:00Z", "class": "economic", "reason": "...",
///  "seq": 7, "sent": 1643673600, "id": "dr-17"}
/// cap: a string as `ebb hold` takes it, a fraction 0..1, or null: what stands under the id is
/// over. until, from, sent: RFC 3339 with an offset, or seconds since 1970 (milliseconds from 1e11
/// on).
struct CapMessage {
  std::optional<throttle::Cap> cap;  ///< nothing: retracted
  std::optional<throttle::WallTime> from, until, sent;
  std::optional<throttle::SignalClass> signal_class;
  std::uint64_t sequence = 0;  ///< 0: none given
  std::string reason;
  std::string id = "cap";
};

inline constexpr std::size_t kMaxCapMessage = 4096;  // bytes

/// Unknown members are refused, so that a misspelt one is noticed. The error is one line.
tl::expected<CapMessage, std::string> parse_cap_message(std::string_view text);

}  // namespace ebb::sources
