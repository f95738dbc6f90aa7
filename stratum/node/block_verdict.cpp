#include "stratum/node/block_verdict.h"

#include <algorithm>
#include <array>

#include "core/printable.h"

namespace ebb::stratum::node {
namespace {

using Kind = BlockVerdict::Kind;

constexpr int kDeserializationError = -22;  // Core: "Block decode failed"

std::string_view without_prefix(std::string_view reason) {
  constexpr std::string_view kBcoins = "rejected: ";
  if (reason.starts_with(kBcoins)) reason.remove_prefix(kBcoins.size());
  return reason;
}

Kind kind_of(std::string_view reason) {
  reason = without_prefix(reason);
  if (reason == "duplicate") return Kind::accepted;
  if (reason == "inconclusive" || reason == "duplicate-inconclusive") return Kind::side_branch;
  return may_pass(reason) ? Kind::unsettled : Kind::refused;
}

}  // namespace

bool may_pass(std::string_view reason) {
  // bad-prevblk: bcoin's words for a parent that it does not know. A node that lost power may lack
  // its last blocks until it has them from its peers again.
  constexpr std::array<std::string_view, 5> kPassing = {"prev-blk-not-found", "bad-prevblk",
                                                        "time-too-new", "inconclusive",
                                                        "inconclusive-not-best-prevblk"};
  return std::find(kPassing.begin(), kPassing.end(), without_prefix(reason)) != kPassing.end();
}

BlockVerdict read_verdict(const tl::expected<boost::json::value, RpcError>& answer) {
  if (!answer) {
    const RpcError& error = answer.error();
    return {error.code == kDeserializationError ? Kind::refused : Kind::unanswered, error.what};
  }
  if (answer->is_null()) return {Kind::accepted, "accepted"};
  if (answer->is_string()) {
    const std::string_view reason(answer->get_string().data(), answer->get_string().size());
    return {kind_of(reason), core::printable(reason)};
  }
  return {Kind::refused, core::printable(boost::json::serialize(*answer))};
}

}  // namespace ebb::stratum::node
