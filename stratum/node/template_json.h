#pragma once
// Reading getblocktemplate's result (BIP 22, 23, 145).

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "stratum/node/block_template.h"

namespace ebb::stratum::node {

/// Fails, naming the field, when one is missing or makes no sense. A witness commitment is taken
/// over only while the template's rules hold segwit: bcoin offers one before that, and a block that
/// then carries the coinbase's witness is invalid.
tl::expected<BlockTemplate, std::string> read_block_template(const boost::json::value& result);

/// What a node says beside the template itself.
struct TemplateNotes {
  /// To wait with for the next template; empty where the node has no long polling, and when it is
  /// longer than kMaxLongPollId.
  std::string long_poll_id;
  std::optional<core::Bytes> signet_challenge;  ///< BIP 325
  bool takes_proposals = false;                 ///< BIP 23
};
inline constexpr std::size_t kMaxLongPollId = 1000;

TemplateNotes read_template_notes(const boost::json::value& result);

}  // namespace ebb::stratum::node
