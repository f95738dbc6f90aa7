#pragma once
// Words between a running miner and `ebb status`, `hold`, `release` and `override`.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

#include "throttle/policy.h"

namespace ebb::miner {

struct StatusRequest {};
struct HoldRequest {
  throttle::Cap cap;
  std::optional<throttle::WallTime> until;
  std::string reason;
};
struct ReleaseRequest {};
struct OverrideRequest {
  std::optional<throttle::Override> override;  ///< nothing: ends it
};
using ControlRequest = std::variant<StatusRequest, HoldRequest, ReleaseRequest, OverrideRequest>;

/// What the miner answers: its status after the request, a JSON object's text of one line without
/// a member "error", or why it was refused.
using ControlReply = tl::expected<std::string, std::string>;

/// Either way.
inline constexpr std::size_t kMaxControlLine = std::size_t{64} << 10;

/// JSON objects of one line, without its end: {"command":"hold","cap":{"fraction":0.4},
/// "until":1643673600000,"reason":"..."}, {"command":"override","end":true}; times in milliseconds
/// since 1970. A refusal is {"error":"..."}.
std::string encode(const ControlRequest& request);
std::string encode(const ControlReply& reply);

/// Refuses what it does not know or would not do: other keys, caps out of bounds, bad reasons.
tl::expected<ControlRequest, std::string> decode_request(std::string_view line);
ControlReply decode_reply(std::string_view line);

/// A reason that a person gives: one line of UTF-8, not empty and not too long for a signal. The
/// error says what is wrong with it.
tl::expected<std::string, std::string> check_reason(std::string_view text);

}  // namespace ebb::miner
