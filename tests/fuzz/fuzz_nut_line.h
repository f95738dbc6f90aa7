#pragma once
// What the fuzzer of upsd's lines does with its bytes. The unit tests replay its corpus.

#include <stdexcept>
#include <string>
#include <string_view>

#include "sources/nut/nut_protocol.h"
#include "sources/nut/ups_watch.h"

namespace ebb::sources {

/// A line is a value, consent or a complaint of one line; a value that is quoted again reads the
/// same.
inline void fuzz_nut_line(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto value = parse_nut_value(data, "ups", "ups.status");
  if (value) {
    must(value->size() < data.size(), "the value is in the line");
    static_cast<void>(parse_ups_status(*value));
  } else {
    must(value.error().starts_with("upsd") && value.error().size() <= 60, "error text");
  }
  static_cast<void>(parse_nut_ok(data));
  const auto again = parse_nut_value("VAR ups ups.status " + nut_quoted(data), "ups", "ups.status");
  must(again && *again == data, "quoted and read");
}

}  // namespace ebb::sources
