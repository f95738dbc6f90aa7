#pragma once
// Reads what was built as a node would, by BIP 34, 141 and 144; shares no code with what builds it.

#include <algorithm>
#include <stdexcept>

#include "stratum/node/coinbase.h"
#include "stratum/node/node_job.h"

namespace ebb::stratum::node {

inline void must(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

class BlockReader {
 public:
  explicit BlockReader(core::ByteView bytes) : rest_(bytes) {}

  core::ByteView take(std::uint64_t size) {
    must(size <= rest_.size(), "past the end");
    const core::ByteView taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return taken;
  }
  std::uint64_t number(unsigned size) {
    const core::ByteView bytes = take(size);
    std::uint64_t value = 0;
    for (unsigned i = size; i-- > 0;)
      value = value << 8 | bytes[i];
    return value;
  }
  std::uint64_t count() {
    const std::uint64_t first = number(1);
    return first < 0xfd ? first : number(1u << (first - 0xfc));
  }
  bool at_end() const { return rest_.empty(); }

 private:
  core::ByteView rest_;
};

/// The height that a coinbase script begins with; BIP 34's shortest push.
inline std::uint64_t read_height(BlockReader& script) {
  const std::uint64_t opcode = script.number(1);
  if (opcode == 0) return 0;
  if (opcode > 0x50 && opcode <= 0x60) return opcode - 0x50;
  must(opcode >= 1 && opcode <= 5, "the height is no push of a number");
  const std::uint64_t height = script.number(static_cast<unsigned>(opcode));
  must(height > 16 && (height >> (8 * opcode - 1)) == 0, "the height is negative or not shortest");
  must(opcode == 1 || height >> (8 * (opcode - 1) - 1) != 0, "the height is not shortest");
  return height;
}

/// Builds a block of the template and takes it apart.
inline void check_block_of(const BlockTemplate& block_template, core::ByteView payout) {
  NodeJobConfig config;
  const core::Bytes extranonce1 = {0xe1, 0xe2, 0xe3, 0xe4};
  config.payout_script = payout;
  config.extranonce1 = extranonce1;
  config.version_mask = 0x1fffe000;
  const core::JobPtr job = make_node_job(block_template, config);
  must((job->rollable_bits() & ~0x1fffe000u) == 0, "rolls what is not its own");
  must((job->rollable_bits() & (job->version | block_template.reserved_version_bits)) == 0,
       "rolls a bit that has a meaning");
  must(job->time >= block_template.min_time, "time");

  const core::Bytes block = block_without_work(job, block_template);
  BlockReader reader(block);
  const core::Header header =
      core::Header::parse(std::span<const std::uint8_t, 80>(reader.take(80).data(), 80));
  must(header.prev_hash == block_template.prev_hash && header.bits == block_template.bits,
       "header");
  must(reader.count() == block_template.transactions.size() + 1, "transactions");
  const bool commits = !block_template.witness_commitment_script.empty();
  reader.take(4);
  if (commits) must(reader.number(2) == 0x0100, "no marker and flag");
  must(reader.count() == 1, "inputs");
  for (const std::uint8_t byte : reader.take(32))
    must(byte == 0, "spends something");
  must(reader.number(4) == 0xffffffff, "spends something");
  const std::uint64_t script_size = reader.count();
  must(script_size >= 2 && script_size <= 100, "length of the coinbase script");
  BlockReader script(reader.take(script_size));
  must(read_height(script) == block_template.height, "height");
  while (!script.at_end()) {
    const std::uint64_t opcode = script.number(1);
    must(opcode >= 1 && opcode <= 75, "not a push");
    script.take(opcode);
  }
  reader.take(4);
  must(reader.count() == (commits ? 2 : 1), "outputs");
  must(reader.number(8) == block_template.coinbase_value, "value");
  const core::ByteView paid = reader.take(reader.count());
  must(std::equal(paid.begin(), paid.end(), payout.begin(), payout.end()), "payout");
  if (commits) {
    must(reader.number(8) == 0, "the commitment has a value");
    const core::ByteView commitment = reader.take(reader.count());
    must(std::equal(commitment.begin(), commitment.end(),
                    block_template.witness_commitment_script.begin(),
                    block_template.witness_commitment_script.end()),
         "commitment");
    must(reader.count() == 1 && reader.count() == 32, "reserved value");
    reader.take(32);
  }
  must(reader.number(4) == 0, "lock time");
  for (const TemplateTransaction& transaction : block_template.transactions) {
    const core::ByteView raw = reader.take(transaction.raw.size());
    must(std::equal(raw.begin(), raw.end(), transaction.raw.begin()), "a transaction");
  }
  must(reader.at_end(), "something after the last transaction");
}

}  // namespace ebb::stratum::node
