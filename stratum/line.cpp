#include "stratum/line.h"

namespace ebb::stratum {

LineFramer::Chunk LineFramer::push(std::string_view bytes) {
  Chunk chunk;
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, newline);
    if (!discarding_ && partial_.size() + piece.size() > max_) {
      discarding_ = true;
      ++chunk.overlong;
      partial_ = {};  // gives the memory back, too
    }
    if (!discarding_) partial_.append(piece);
    if (newline == std::string_view::npos) break;

    bytes.remove_prefix(newline + 1);
    if (!partial_.empty() && partial_.back() == '\r') partial_.pop_back();
    if (!discarding_ && !partial_.empty()) chunk.lines.push_back(std::move(partial_));
    partial_ = {};
    discarding_ = false;
  }
  return chunk;
}

tl::expected<boost::json::object, LineError> parse_line(std::string_view line) {
  boost::json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({line.data(), line.size()}, error, {}, options);
  if (error) return tl::unexpected(LineError{"not JSON: " + error.message()});
  if (!value.is_object()) return tl::unexpected(LineError{"not a JSON object"});
  return std::move(value.as_object());
}

}  // namespace ebb::stratum
