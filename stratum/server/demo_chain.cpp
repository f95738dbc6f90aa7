#include "stratum/server/demo_chain.h"

#include <algorithm>

#include "core/target.h"
#include "stratum/node/merkle.h"
#include "stratum/node/serialize.h"

namespace ebb::stratum::server {
namespace {

constexpr std::uint32_t kFirstHeight = 1'000'000;
constexpr std::uint64_t kSubsidy = 312'500'000;
constexpr std::uint64_t kMaxFee = 10'000;
constexpr std::uint64_t kMaxTransactions = 40;

core::Hash256 random_hash(std::mt19937_64& random) {
  core::Hash256 hash;
  for (std::size_t i = 0; i < hash.bytes.size(); i += 4)
    core::store_le32(&hash.bytes[i], static_cast<std::uint32_t>(random()));
  return hash;
}

/// Well formed, spending what never was, to anyone.
node::TemplateTransaction random_transaction(std::mt19937_64& random) {
  node::TemplateTransaction transaction;
  core::Bytes& raw = transaction.raw;
  node::append_le32(raw, 2);
  node::append_compact_size(raw, 1);
  node::append(raw, random_hash(random).bytes);
  node::append_le32(raw, 0);
  node::append_compact_size(raw, 0);
  node::append_le32(raw, 0xffffffff);
  node::append_compact_size(raw, 1);
  node::append_le64(raw, random() % kSubsidy);
  node::append_compact_size(raw, 1);
  raw.push_back(0x51);  // OP_TRUE
  node::append_le32(raw, 0);
  transaction.txid = core::sha256d(raw);
  return transaction;
}

/// BIP 141: OP_RETURN, push of 36 bytes, aa21a9ed, hash of the witness root and the reserved value.
/// None of the transactions has a witness, so their wtxids are their txids; the coinbase's is zero.
core::Bytes witness_commitment(const std::vector<node::TemplateTransaction>& transactions) {
  std::vector<core::Hash256> wtxids(1);
  for (const node::TemplateTransaction& transaction : transactions)
    wtxids.push_back(transaction.txid);
  core::Bytes script = {0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed};
  node::append(script,
               node::hash_pair(node::merkle_tree_root(std::move(wtxids)), core::Hash256{}).bytes);
  return script;
}

}  // namespace

std::uint32_t compact_from_difficulty(double difficulty) {
  const core::Target target = core::Target::from_difficulty(difficulty).value();
  std::array<std::uint8_t, 32> number;  // little-endian
  for (std::size_t i = 0; i < number.size(); ++i)
    number[i] = static_cast<std::uint8_t>(target.words()[i / 8] >> (8 * (i % 8)));

  // Three bytes of mantissa, the highest below 0x80 for its top bit is a sign; what is cut off
  // makes the target harder.
  std::size_t size = number.size();
  while (size > 3 && number[size - 1] == 0)
    --size;
  std::uint32_t mantissa = std::uint32_t{number[size - 1]} << 16 |
                           std::uint32_t{number[size - 2]} << 8 | number[size - 3];
  if ((mantissa & 0x800000) != 0) {
    mantissa >>= 8;
    ++size;
  }
  return static_cast<std::uint32_t>(size) << 24 | mantissa;
}

DemoChain::DemoChain(DemoConfig config, PoolTime now)
    : config_(config),
      random_(config.seed),
      bits_(compact_from_difficulty(config.network_difficulty)),
      height_(kFirstHeight - 1) {
  extend(random_hash(random_), now);
}

bool DemoChain::advance(PoolTime now) {
  if (now.steady >= next_block_) {
    extend(random_hash(random_), now);
    return true;
  }
  if (now.steady >= next_refresh_) {
    refresh(now);
    return true;
  }
  return false;
}

bool DemoChain::accept(const core::Hash256& hash, const core::Hash256& prev_hash, PoolTime now) {
  if (prev_hash != tip_) return false;
  extend(hash, now);
  return true;
}

std::chrono::steady_clock::time_point DemoChain::next_change() const {
  return std::min(next_block_, next_refresh_);
}

void DemoChain::extend(const core::Hash256& tip, PoolTime now) {
  tip_ = tip;
  ++height_;
  const auto interval = std::chrono::milliseconds(config_.block_interval);
  const auto spread = static_cast<std::uint64_t>(interval.count()) / 2;
  next_block_ = now.steady + interval * 3 / 4 + std::chrono::milliseconds(random_() % (spread + 1));
  refresh(now);
}

void DemoChain::refresh(PoolTime now) {
  auto next = std::make_shared<node::BlockTemplate>();
  next->height = height_;
  next->version = 0x20000000;
  next->prev_hash = tip_;
  next->bits = bits_;
  next->min_time = now.unix_s;
  next->time = now.unix_s;
  next->coinbase_value = kSubsidy;
  const std::uint64_t transactions = random_() % (kMaxTransactions + 1);
  for (std::uint64_t i = 0; i < transactions; ++i) {
    next->transactions.push_back(random_transaction(random_));
    next->coinbase_value += random_() % kMaxFee;
  }
  next->witness_commitment_script = witness_commitment(next->transactions);
  template_ = std::move(next);
  next_refresh_ = now.steady + config_.refresh_interval;
}

}  // namespace ebb::stratum::server
