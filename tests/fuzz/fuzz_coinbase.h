#pragma once
// What the fuzzer of the coinbase builder does with its bytes. The unit tests replay its corpus.

#include <algorithm>
#include <string_view>

#include "tests/fuzz/block_reader.h"

namespace ebb::stratum::node {

/// Bytes: height, version, value (4, 4, 8), lengths of payout script and commitment (2, 1), number
/// of transactions (1), then all their content.
inline void fuzz_coinbase(std::string_view data) {
  const auto number = [&](std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size && !data.empty(); ++i, data.remove_prefix(1))
      value = value << 8 | static_cast<unsigned char>(data.front());
    return value;
  };
  const auto bytes = [&](std::uint64_t size) {
    const std::string_view taken = data.substr(0, static_cast<std::size_t>(size));
    data.remove_prefix(taken.size());
    return core::Bytes(taken.begin(), taken.end());
  };
  BlockTemplate block_template;
  block_template.height = static_cast<std::uint32_t>(number(4));
  block_template.version = static_cast<std::uint32_t>(number(4));
  block_template.coinbase_value = number(8);
  block_template.bits = 0x1d00ffff;
  const std::uint64_t payout_size = number(2);
  const std::uint64_t commitment_size = number(1);
  const std::uint64_t transactions = number(1);
  const core::Bytes payout = bytes(payout_size);
  block_template.witness_commitment_script = bytes(commitment_size);
  for (std::uint64_t i = 0; i < transactions && !data.empty(); ++i) {
    TemplateTransaction transaction;
    transaction.raw = bytes(1 + number(1));
    transaction.txid = core::sha256d(transaction.raw);
    block_template.transactions.push_back(std::move(transaction));
  }
  check_block_of(block_template, payout);
}

}  // namespace ebb::stratum::node
