#pragma once
// What the fuzzer of messages does with its bytes. The unit tests replay its corpus.

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

#include "sources/cap_message.h"
#include "throttle/signal_book.h"

namespace ebb::sources {

/// Whatever is accepted is a signal that the book takes, too.
inline void fuzz_cap_message(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto message = parse_cap_message(data);
  if (!message) {
    const std::string& error = message.error();
    const bool plain = std::none_of(error.begin(), error.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    must(plain && !error.empty() && error.size() <= 200, "error text");
    return;
  }
  must(data.size() <= kMaxCapMessage, "size");
  throttle::Now now;
  now.wall = message->sent.value_or(throttle::WallTime{});
  throttle::SignalBook book;
  if (message->cap) {
    const auto accepted =
        book.accept(now, {"mqtt", message->id, *message->cap,
                          message->signal_class.value_or(throttle::SignalClass::mandatory),
                          message->from.value_or(throttle::WallTime::min()), message->until,
                          now.wall, message->sent, message->sequence, message->reason});
    must(accepted.has_value(), "the book takes it");
  }
  must(!message->id.empty() && message->id.size() <= throttle::SignalBook::kMaxName, "id");
}

}  // namespace ebb::sources
