#include "sources/nut/nut_protocol.h"

#include <algorithm>

namespace ebb::sources {
namespace {

constexpr std::size_t kMaxCode = 40;

std::string_view without_line_end(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

/// What upsd says instead of what was asked for.
std::string complaint(std::string_view line) {
  constexpr std::string_view kError = "ERR ";
  const std::string_view code = line.substr(std::min(line.size(), kError.size()));
  const bool known = line.starts_with(kError) && !code.empty() && code.size() <= kMaxCode &&
                     std::all_of(code.begin(), code.end(),
                                 [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
  return known ? "upsd says " + std::string(code) : "upsd's answer is not understood";
}

}  // namespace

std::string nut_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

tl::expected<void, std::string> parse_nut_ok(std::string_view line) {
  line = without_line_end(line);
  if (line == "OK" || line.starts_with("OK ")) return {};
  return tl::unexpected(complaint(line));
}

tl::expected<std::string, std::string> parse_nut_value(std::string_view line, std::string_view ups,
                                                       std::string_view variable) {
  line = without_line_end(line);
  const std::string head = "VAR " + std::string(ups) + ' ' + std::string(variable) + " \"";
  if (!line.starts_with(head)) return tl::unexpected(complaint(line));
  std::string value;
  for (std::size_t i = head.size(); i < line.size(); ++i) {
    if (line[i] == '"') {
      if (i + 1 == line.size()) return value;
      break;
    }
    if (line[i] == '\\' && ++i == line.size()) break;
    value += line[i];
  }
  return tl::unexpected(complaint(line));
}

}  // namespace ebb::sources
