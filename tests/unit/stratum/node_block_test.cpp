#include "stratum/node/block.h"

#include <algorithm>

#include "core/target.h"
#include "stratum/node/coinbase.h"
#include "stratum/node/merkle.h"
#include "stratum/node/serialize.h"
#include "stratum/server/demo_chain.h"
#include "stratum/server/pool_job.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/server_support.h"

namespace ebb::stratum::node {
namespace {

/// Reads blocks as a node does, by BIP 144.
class Reader {
 public:
  explicit Reader(core::ByteView bytes) : rest_(bytes) {}

  core::Bytes take(std::size_t size) {
    if (size > rest_.size()) throw std::runtime_error("past the end");
    const core::ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return {taken.begin(), taken.end()};
  }

  std::uint64_t count() {
    const std::uint8_t first = take(1)[0];
    if (first < 0xfd) return first;
    const core::Bytes bytes = take(std::size_t{1} << (first - 0xfc));
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
      value = value << 8 | bytes[i];
    return value;
  }

  struct Transaction {
    core::Hash256 txid;
    std::vector<core::Bytes> output_scripts;
    std::vector<core::Bytes> first_witness;
    core::Bytes first_script;
  };

  Transaction transaction() {
    Transaction result;
    core::Bytes plain;
    const auto keep = [&](core::Bytes bytes) {
      plain.insert(plain.end(), bytes.begin(), bytes.end());
      return bytes;
    };
    keep(take(4));
    const bool witness = rest_[0] == 0 && rest_[1] == 1;
    if (witness) take(2);
    const std::uint64_t inputs = count();
    append_compact_size(plain, inputs);
    for (std::uint64_t i = 0; i < inputs; ++i) {
      keep(take(36));
      const core::Bytes script = take(count());
      append_compact_size(plain, script.size());
      keep(script);
      if (i == 0) result.first_script = script;
      keep(take(4));
    }
    const std::uint64_t outputs = count();
    append_compact_size(plain, outputs);
    for (std::uint64_t i = 0; i < outputs; ++i) {
      keep(take(8));
      result.output_scripts.push_back(take(count()));
      append_compact_size(plain, result.output_scripts.back().size());
      keep(result.output_scripts.back());
    }
    for (std::uint64_t i = 0; witness && i < inputs; ++i) {
      for (std::uint64_t items = count(); items > 0; --items) {
        core::Bytes item = take(count());
        if (i == 0) result.first_witness.push_back(std::move(item));
      }
    }
    keep(take(4));
    result.txid = core::sha256d(plain);
    return result;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  core::ByteView rest_;
};

}  // namespace

TEST_CASE("block: what a node reads back is what went in") {
  server::DemoChain chain({.seed = 5}, server::at(0));
  while (chain.current()->transactions.size() < 3)
    chain.advance({chain.next_change(), kTime});
  BlockTemplate block_template = *chain.current();
  const bool segwit = GENERATE(true, false);
  if (!segwit) block_template.witness_commitment_script.clear();

  const auto job =
      server::make_pool_job(std::make_shared<BlockTemplate>(block_template), 12, core::Bytes{0x51})
          .value();
  const core::Bytes coinbase =
      server::coinbase_of(*job, core::Bytes(4, 0xa1), core::Bytes(8, 0xb2));
  core::Header header;
  header.version = block_template.version;
  header.prev_hash = block_template.prev_hash;
  header.merkle_root = server::merkle_root_of(*job, coinbase);
  header.time = kTime;
  header.bits = block_template.bits;
  header.nonce = 7;

  const core::Bytes block = serialize_block(header, coinbase, block_template);
  Reader reader(block);
  const core::Bytes header_bytes = reader.take(80);
  CHECK(core::Header::parse(std::span<const std::uint8_t, 80>(header_bytes.data(), 80)) == header);
  REQUIRE(reader.count() == block_template.transactions.size() + 1);
  std::vector<Reader::Transaction> transactions;
  std::vector<core::Hash256> txids;
  for (std::size_t i = 0; i <= block_template.transactions.size(); ++i) {
    transactions.push_back(reader.transaction());
    txids.push_back(transactions.back().txid);
  }
  CHECK(reader.at_end());

  // The node's checks: merkle root, height in the coinbase, witness commitment.
  CHECK(merkle_tree_root(txids) == header.merkle_root);
  CHECK(txids[0] == core::sha256d(coinbase));
  const core::Bytes height = push_height(block_template.height);
  CHECK(std::equal(height.begin(), height.end(), transactions[0].first_script.begin()));
  const std::vector<core::Bytes>& scripts = transactions[0].output_scripts;
  REQUIRE(scripts.size() == (segwit ? 2 : 1));
  CHECK(scripts[0] == core::Bytes{0x51});
  if (!segwit) {
    CHECK(transactions[0].first_witness.empty());
    return;
  }
  REQUIRE(transactions[0].first_witness == std::vector<core::Bytes>{core::Bytes(32, 0)});
  txids[0] = {};  // no other transaction has a witness: their ids are their witness ids
  const core::Hash256 commitment = hash_pair(merkle_tree_root(txids), core::Hash256{});
  CHECK(core::to_hex(scripts[1]) == "6a24aa21a9ed" + core::to_hex(commitment.bytes));
}

TEST_CASE("block: counts of every width") {
  const std::pair<std::uint64_t, const char*> cases[] = {
      {0, "00"},
      {252, "fc"},
      {253, "fdfd00"},
      {65535, "fdffff"},
      {65536, "fe00000100"},
      {0xffffffff, "feffffffff"},
      {0x100000000, "ff0000000001000000"},
  };
  for (const auto& [value, expected] : cases) {
    core::Bytes bytes;
    append_compact_size(bytes, value);
    CHECK(core::to_hex(bytes) == expected);
    CHECK(Reader(bytes).count() == value);
  }
}

}  // namespace ebb::stratum::node
