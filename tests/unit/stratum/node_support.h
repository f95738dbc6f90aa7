#pragma once
// Templates for the tests of what is made of them.

#include "stratum/node/block_template.h"

namespace ebb::stratum::node {

inline constexpr std::uint32_t kHardBits = 0x1d00ffff;  ///< difficulty 1: nothing here solves it
inline constexpr std::uint32_t kEasyBits = 0x207fffff;  ///< regtest: every second hash solves it
inline constexpr std::uint32_t kTime = 1'700'000'000;

inline core::Hash256 some_hash(std::uint8_t fill) {
  core::Hash256 hash;
  for (std::size_t i = 0; i < 32; ++i)
    hash.bytes[i] = static_cast<std::uint8_t>(fill + i);
  return hash;
}

/// The transactions are no real ones: nothing here looks inside.
inline BlockTemplate some_template(std::size_t transactions = 2, std::uint32_t bits = kHardBits) {
  BlockTemplate out;
  out.height = 840'000;
  out.version = 0x20000000;
  out.prev_hash = some_hash(0x40);
  out.bits = bits;
  out.min_time = kTime - 3600;
  out.time = kTime;
  out.coinbase_value = 312'500'000;
  for (std::size_t i = 0; i < transactions; ++i) {
    TemplateTransaction transaction;
    transaction.raw = core::Bytes(60 + i, static_cast<std::uint8_t>(i + 1));
    transaction.txid = core::sha256d(transaction.raw);
    out.transactions.push_back(std::move(transaction));
  }
  return out;
}

}  // namespace ebb::stratum::node
