#pragma once
// Tables of settings for tests.

#include <toml++/toml.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace ebb::tests {

inline toml::table toml_table(std::string_view text) {
  auto parsed = toml::parse(text);
  if (!parsed) throw std::runtime_error(std::string(parsed.error().description()));
  return std::move(parsed).table();
}

}  // namespace ebb::tests
