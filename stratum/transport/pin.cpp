#include "stratum/transport/pin.h"

#include <charconv>
#include <cstddef>

namespace ebb::stratum {
namespace {

constexpr std::string_view kPrefix = "sha256:";

}  // namespace

std::string Pin::text() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(kPrefix);
  for (const std::uint8_t byte : sha256) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

tl::expected<Pin, std::string> parse_pin(std::string_view text) {
  const auto refused = [&] {
    return tl::unexpected("'" + std::string(text.substr(0, 120)) +
                          "' is no pin: sha256: and 64 hexadecimal digits");
  };
  if (!text.starts_with(kPrefix)) return refused();
  std::string_view rest = text.substr(kPrefix.size());
  const bool with_colons = rest.size() > 2 && rest[2] == ':';
  Pin pin;
  for (std::size_t i = 0; i < pin.sha256.size(); ++i) {
    if (with_colons && i > 0) {
      if (!rest.starts_with(':')) return refused();
      rest.remove_prefix(1);
    }
    const std::string_view digits = rest.substr(0, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), pin.sha256[i], 16);
    if (error != std::errc() || digits.size() != 2 || end != digits.data() + 2) return refused();
    rest.remove_prefix(2);
  }
  if (!rest.empty()) return refused();
  return pin;
}

}  // namespace ebb::stratum
