#pragma once
// One line of Stratum: cutting it out of a byte stream, and reading it as JSON, within bounds.

#include <boost/json.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace ebb::stratum {

/// Real notifies reach 33 KB (16 KB coinbases in hex); 1 MiB leaves room and bounds memory.
inline constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20;

/// Arrays and objects inside each other; real messages need five.
inline constexpr std::size_t kMaxJsonDepth = 16;

/// Cuts a byte stream into lines. Ends: \n or \r\n. A line above kMaxLineBytes is dropped whole and
/// counted; memory stays bounded whatever arrives. Sans-IO, one thread.
class LineFramer {
 public:
  explicit LineFramer(std::size_t max_line_bytes = kMaxLineBytes) : max_(max_line_bytes) {}

  struct Chunk {
    std::vector<std::string> lines;  ///< complete, without their ends; empty lines left out
    std::size_t overlong = 0;        ///< lines that passed the limit in this chunk
  };
  Chunk push(std::string_view bytes);

 private:
  std::size_t max_;
  std::string partial_;
  bool discarding_ = false;
};

struct LineError {
  std::string what;  ///< for a log line: never the line itself, which may be huge or hostile
};

/// A JSON object from one line. Refuses bad JSON and UTF-8, embedded NUL, more than kMaxJsonDepth
/// levels and anything that is not an object. Of equal keys the last wins.
tl::expected<boost::json::object, LineError> parse_line(std::string_view line);

}  // namespace ebb::stratum
