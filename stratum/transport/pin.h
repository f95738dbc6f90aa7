#pragma once
// Which certificate or key a server must have, whoever vouches for it.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ebb::stratum {

/// SHA-256 of the server's certificate (DER) or of its public key (SubjectPublicKeyInfo, DER).
struct Pin {
  std::array<std::uint8_t, 32> sha256{};

  /// sha256:HEX, lower case.
  std::string text() const;
  friend bool operator==(const Pin&, const Pin&) = default;
};

/// sha256:HEX in any case, with or without colons between the bytes, as openssl prints it.
tl::expected<Pin, std::string> parse_pin(std::string_view text);

}  // namespace ebb::stratum
