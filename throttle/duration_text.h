#pragma once
// Durations as settings write them.

#include <chrono>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::throttle {

/// "500ms", "20s", "5m", "1h"; above zero and below a year. The errors name what is wrong.
tl::expected<std::chrono::milliseconds, std::string> parse_duration(std::string_view text);
/// Zero is one, too: "0s".
tl::expected<std::chrono::milliseconds, std::string> parse_wait(std::string_view text);
/// Of whole seconds, or zero.
tl::expected<std::chrono::seconds, std::string> parse_wait_seconds(std::string_view text);

}  // namespace ebb::throttle
