#pragma once
// A table within a table of the configuration.

#include <string_view>
#include <utility>

#include "throttle/schedule/table_reader.h"

namespace ebb::sources {

/// Hands `read` a TableReader of `keys`, which stand at `key` of `table`; the first fault, an
/// unknown key included, is one of `table`.
template <class Read>
void read_nested(throttle::TableReader& table, std::string_view key, const toml::table& keys,
                 Read&& read) {
  throttle::TableReader reader(keys);
  std::forward<Read>(read)(reader);
  const auto done = reader.finish();
  if (done) return;
  std::string_view fault = done.error();
  if (fault.starts_with("line ")) fault.remove_prefix(fault.find(": ") + 2);
  table.fail(key, fault);
}

}  // namespace ebb::sources
