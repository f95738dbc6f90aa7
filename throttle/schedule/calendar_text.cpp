#include "throttle/schedule/calendar_text.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace ebb::throttle {
namespace {

constexpr std::size_t kMaxDepth = 8;

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Length of the UTF-8 character at the beginning of `text`; nothing where there is none. Encoded
/// surrogates and forms longer than need be are none (RFC 3629).
std::optional<std::size_t> character(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return std::nullopt;
  for (std::size_t at = 1; at < length; ++at) {
    if (!is_continuation(text[at])) return std::nullopt;
  }
  const bool longer = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool beyond = (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf4 && byte(1) > 0x8f);
  if (longer || beyond) return std::nullopt;
  return length;
}

bool is_plain_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = character(text);
    const unsigned char lead = static_cast<unsigned char>(text.front());
    if (!length || (lead < 0x20 && lead != '\t') || lead == 0x7f) return false;
    text.remove_prefix(*length);
  }
  return true;
}

std::string capitals(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

/// The colon before the value: the first outside quotes.
std::size_t find_colon(std::string_view text) {
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == ':' && !quoted) return at;
  }
  return std::string_view::npos;
}

/// Takes the next unfolded line off `text`, counting the lines that it took.
std::string take_line(std::string_view& text, int& count) {
  std::string line;
  do {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.ends_with('\r')) part.remove_suffix(1);
    if (count++ > 0) part.remove_prefix(1);
    line += part;
  } while (text.starts_with(' ') || text.starts_with('\t'));
  return line;
}

}  // namespace

tl::expected<CalendarComponent, std::string> read_components(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<CalendarComponent> open(1);
  for (int number = 1, taken = 0; !text.empty(); number += std::exchange(taken, 0)) {
    const auto error = [number](std::string_view what) {
      return tl::unexpected(at_line(number, what));
    };
    CalendarLine line{number, {}, take_line(text, taken), {}};
    if (!is_plain_utf8(line.text)) return error("not plain UTF-8 text");
    if (line.text.empty()) continue;

    const std::size_t colon = find_colon(line.text);
    if (colon == std::string::npos) return error(quote(line.text) + " is not NAME:VALUE");
    line.name = capitals(line.text.substr(0, std::min(line.text.find(';'), colon)));
    line.value = line.text.substr(colon + 1);
    if (line.name == "BEGIN") {
      if (open.size() > kMaxDepth) return error("too many components inside each other");
      open.push_back({number, capitals(line.value), {}, {}});
    } else if (line.name == "END") {
      if (open.size() == 1 || open.back().name != capitals(line.value)) {
        return error("END:" + quote(line.value) + " without its BEGIN");
      }
      CalendarComponent done = std::move(open.back());
      open.pop_back();
      open.back().parts.push_back(std::move(done));
    } else if (open.size() == 1) {
      return error("not an iCalendar file: it begins with BEGIN:VCALENDAR");
    } else {
      open.back().lines.push_back(std::move(line));
    }
  }
  if (open.size() > 1) return tl::unexpected(at_line(open.back().line, "BEGIN without its END"));
  return std::move(open.front());
}

std::string at_line(int line, std::string_view what) {
  return "line " + std::to_string(line) + ": " + std::string(what);
}

std::string quote(std::string_view text) {
  return "'" + std::string(cut(text, 100)) + "'";
}

std::string_view cut(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && is_continuation(text[max_bytes]))
    --max_bytes;
  return text.substr(0, max_bytes);
}

}  // namespace ebb::throttle
