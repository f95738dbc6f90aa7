#pragma once
// A template made ready to be handed to clients.

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "core/header.h"
#include "core/target.h"
#include "stratum/node/block_template.h"
#include "stratum/node/coinbase.h"

namespace ebb::stratum::server {

/// Immutable and shared by all clients.
struct PoolJob {
  node::BlockTemplatePtr block_template;
  node::CoinbaseParts coinbase;
  std::vector<core::Hash256> merkle_branch;
  core::Target network_target;
  /// mining.notify's parameters from prevhash to nbits, as JSON text: the same for every client.
  std::string notify_work;
};

using PoolJobPtr = std::shared_ptr<const PoolJob>;

/// Fails, saying why, when the template's bits are no target.
tl::expected<PoolJobPtr, std::string> make_pool_job(node::BlockTemplatePtr block_template,
                                                    std::size_t extranonce_size,
                                                    core::ByteView payout_script);

/// The coinbase with the extranonce in place, non-witness serialisation.
core::Bytes coinbase_of(const PoolJob& job, core::ByteView extranonce1, core::ByteView extranonce2);

/// The merkle root that `coinbase` leads to.
core::Hash256 merkle_root_of(const PoolJob& job, core::ByteView coinbase);

}  // namespace ebb::stratum::server
