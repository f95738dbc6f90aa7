#include "miner/payout_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace ebb::miner {
namespace {

constexpr std::size_t kMostNamed = 4;
constexpr std::size_t kMostScriptBytes = 40;

std::string name_of_script(core::ByteView script, stratum::node::Network network) {
  if (auto address = stratum::node::address_of(script, network)) return *std::move(address);
  const bool cut = script.size() > kMostScriptBytes;
  return "script " + core::to_hex(script.first(cut ? kMostScriptBytes : script.size())) +
         (cut ? "…" : "");
}

}  // namespace

std::string payout_text(const stratum::PayoutSeen& seen, stratum::node::Network network) {
  if (!seen.unreadable.empty()) return "cannot be read: " + seen.unreadable;
  const stratum::Payout& payout = seen.payout;
  if (payout.outputs.empty()) return "nobody";
  const std::size_t named = std::min(payout.outputs.size(), kMostNamed);
  std::string text;
  for (std::size_t i = 0; i < named; ++i) {
    const auto& output = payout.outputs[i];
    text +=
        fmt::format("{}{} BTC to {} ({:.1f} %)", i == 0 ? "" : ", ",
                    static_cast<double>(output.value) / 1e8, name_of_script(output.script, network),
                    100 * static_cast<double>(output.value) / static_cast<double>(payout.total));
  }
  const std::size_t others = payout.outputs.size() - named + payout.others;
  if (others > 0) text += fmt::format(" and {} other{}", others, others == 1 ? "" : "s");
  return text;
}

stratum::node::Network network_of_user(std::string_view user) {
  const auto address = stratum::node::parse_address(user.substr(0, user.find('.')));
  return address ? address->network : stratum::node::Network::mainnet;
}

}  // namespace ebb::miner
