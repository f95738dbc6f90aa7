#pragma once
// What `--devices` names: auto, or any of cpu, cuda and cuda:N.

#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace ebb::miner {

struct Wanted {
  bool cpu = false;
  bool all_cards = false;
  bool cards_required = false;     ///< having none is an error
  std::vector<std::string> cards;  ///< by name: "cuda:1"

  bool any_card() const { return all_cards || !cards.empty(); }
};

/// Of a list that parse_command_line() has checked.
Wanted read_wanted(std::string_view list);

/// Which of the machine's cards, `names`, are wanted. The error, one line, names what is not there;
/// `reason` is why that may be.
tl::expected<std::vector<std::size_t>, std::string> choose_cards(const Wanted& wanted,
                                                                 std::span<const std::string> names,
                                                                 const std::string& reason);

}  // namespace ebb::miner
