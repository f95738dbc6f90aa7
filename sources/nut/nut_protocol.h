#pragma once
// The words of upsd's protocol (NUT developer guide, "Network protocol information").

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::sources {

inline constexpr std::size_t kMaxNutLine = 1024;  // bytes

/// As one word of a command.
std::string nut_quoted(std::string_view text);

/// Nothing when a line says OK. The error is what is wrong, as one line.
tl::expected<void, std::string> parse_nut_ok(std::string_view line);

/// The value in the answer to `GET VAR <ups> <variable>`. The error as above: "upsd says
/// DATA-STALE".
tl::expected<std::string, std::string> parse_nut_value(std::string_view line, std::string_view ups,
                                                       std::string_view variable);

}  // namespace ebb::sources
