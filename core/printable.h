#pragma once
// What a remote party says, made fit for logs and terminals.

#include <string>
#include <string_view>

namespace ebb::core {

/// At most `max_bytes` bytes of `text`, cut between UTF-8 characters, with every control character
/// (C0, DEL and C1: terminals obey them) replaced by a space.
std::string printable(std::string_view text, std::size_t max_bytes = 200);

}  // namespace ebb::core
