#pragma once
// What the fuzzer of control lines does with its bytes. The unit tests replay its corpus.

#include <stdexcept>
#include <string>
#include <string_view>

#include "miner/control.h"
#include "miner/operator_command.h"

namespace ebb::miner {

/// A request that is accepted is the same after it was written and read again, and every reply can
/// be shown.
inline void fuzz_control(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto request = decode_request(data);
  if (request) {
    const std::string line = encode(*request);
    must(line.find('\n') == std::string::npos, "one line");
    const auto again = decode_request(line);
    must(again && again->index() == request->index(), "written and read again");
    if (const auto* hold = std::get_if<HoldRequest>(&*request)) {
      const auto& same = std::get<HoldRequest>(*again);
      // Boost.JSON 1.81 may read a number's last digit differently.
      must(same.cap.index() == hold->cap.index(), "the cap's kind");
      must(same.until == hold->until && same.reason == hold->reason, "until and reason");
    } else {
      must(encode(*again) == line, "the same");
    }
  } else {
    must(!request.error().empty() && request.error().size() < 300, "error text");
  }
  if (const ControlReply reply = decode_reply(data)) status_text(*reply);
}

}  // namespace ebb::miner
