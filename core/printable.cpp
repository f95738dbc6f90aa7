#include "core/printable.h"

namespace ebb::core {

std::string printable(std::string_view text, std::size_t max_bytes) {
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.size() > max_bytes) {
    std::size_t end = max_bytes;
    while (end > 0 && (byte_at(end) & 0xc0) == 0x80)  // inside a character
      --end;
    text = text.substr(0, end);
  }

  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = byte_at(i);
    // U+0080..U+009F are C2 80..C2 9F; U+009B is CSI, the start of a terminal's escape sequences.
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && byte_at(i + 1) < 0xa0;
    if (c1) ++i;
    out.push_back(c1 || byte < 0x20 || byte == 0x7f ? ' ' : static_cast<char>(byte));
  }
  return out;
}

}  // namespace ebb::core
