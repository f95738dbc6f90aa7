#include "miner/wanted.h"

#include <algorithm>

namespace ebb::miner {

Wanted read_wanted(std::string_view list) {
  Wanted wanted;
  for (bool more = true; more;) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) list.remove_prefix(comma + 1);
    wanted.cpu |= name == "auto" || name == "cpu";
    wanted.all_cards |= name == "auto" || name == "cuda";
    wanted.cards_required |= name == "cuda" || name.starts_with("cuda:");
    if (name.starts_with("cuda:")) wanted.cards.emplace_back(name);
  }
  return wanted;
}

tl::expected<std::vector<std::size_t>, std::string> choose_cards(const Wanted& wanted,
                                                                 std::span<const std::string> names,
                                                                 const std::string& reason) {
  if (names.empty() && wanted.cards_required) {
    return tl::unexpected("--devices: no CUDA device: " + reason);
  }
  for (const std::string& name : wanted.cards) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return tl::unexpected("--devices: there is no " + name +
                          (reason.empty() ? "" : " (" + reason + ")"));
  }
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool named =
        std::find(wanted.cards.begin(), wanted.cards.end(), names[i]) != wanted.cards.end();
    if (wanted.all_cards || named) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace ebb::miner
