#pragma once
// Command lines, parsed.

#include <string>
#include <variant>
#include <vector>

#include "miner/options.h"
#include "tests/unit/catch.h"

namespace ebb::options_tests {

using namespace miner;

inline tl::expected<Command, EarlyExit> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "ebb");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

inline MineOptions mine(std::vector<const char*> words) {
  words.insert(words.begin(), "mine");
  const auto command = parse(words);
  REQUIRE(command);
  return std::get<MineOptions>(*command);
}

inline std::string mistake(std::vector<const char*> words) {
  const auto command = parse(std::move(words));
  REQUIRE_FALSE(command);
  CHECK(command.error().code == 2);
  CHECK(command.error().text.find('\n') == std::string::npos);
  return command.error().text;
}

}  // namespace ebb::options_tests
