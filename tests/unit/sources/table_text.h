#pragma once
// Reads a table of a configuration out of a text.

#include <string>
#include <string_view>

#include "throttle/schedule/table_reader.h"

namespace ebb::tests {

/// The first fault that `read` finds in the text, or nothing.
template <class Read>
std::string fault_of(std::string_view text, Read&& read) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return std::string(parsed.error().description());
  throttle::TableReader table(parsed.table());
  read(table);
  const auto done = table.finish();
  return done ? "" : done.error();
}

}  // namespace ebb::tests
