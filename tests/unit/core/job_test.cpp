#include "core/job.h"

#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;

namespace {

Bytes bytes(std::string_view hex) {
  return from_hex(hex).value();
}

/// From the order explorers print to the order SHA-256 writes.
Hash256 txid(std::string_view display) {
  const Bytes reversed = bytes(display);
  Hash256 hash;
  std::reverse_copy(reversed.begin(), reversed.end(), hash.bytes.begin());
  return hash;
}

// Mainnet block 100000: its coinbase transaction and the ids of all four.
constexpr const char* kCoinbase =
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff08044c86041b"
    "020602ffffffff0100f2052a010000004341041b0e8c2567c12536aa13357b79a073dc4444acb83c4ec7a0e2f99dd7"
    "457516c5817242da796924ca4e99947d087fedf9ce467cb9f7c6287078f801df276fdf84ac00000000";
constexpr const char* kTxids[] = {
    "8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87",
    "fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4",
    "6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4",
    "e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d"};

/// Block 100000 as a job whose extranonce2 is `size` bytes of the coinbase script.
struct Block100000 {
  explicit Block100000(std::size_t size) {
    const Bytes coinbase = bytes(kCoinbase);
    const auto begin = coinbase.begin() + 42;  // the script of 8 bytes
    const auto end = begin + static_cast<std::ptrdiff_t>(size);
    job.coinbase_prefix.assign(coinbase.begin(), begin);
    extranonce2.assign(begin, end);
    job.coinbase_suffix.assign(end, coinbase.end());
    job.extranonce2_size = size;

    Bytes pair;
    for (const char* id : {kTxids[2], kTxids[3]}) {
      const Hash256 hash = txid(id);
      pair.insert(pair.end(), hash.bytes.begin(), hash.bytes.end());
    }
    job.merkle_branch = {txid(kTxids[1]), sha256d(pair)};
  }
  Job job;
  Bytes extranonce2;
};

}  // namespace

TEST_CASE("job: the merkle root of block 100000") {
  const Bytes coinbase = bytes(kCoinbase);
  REQUIRE(sha256d(coinbase) == txid(kTxids[0]));
  for (const std::size_t size : {0u, 1u, 4u, 8u}) {
    INFO("extranonce2 of " << size);
    const Block100000 block(size);
    const Hash256 root = merkle_root(block.job, block.extranonce2);
    CHECK(root.to_display_hex() ==
          "f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766");
    for (const auto& [height, header, hash] : ebb::test::mainnet_headers()) {
      if (height == 100000) CHECK(header.merkle_root == root);
    }
  }
}

TEST_CASE("job: every part counts in the merkle root") {
  const Block100000 block(4);
  const Hash256 root = merkle_root(block.job, block.extranonce2);

  Bytes extranonce2 = block.extranonce2;
  extranonce2[3] ^= 1;
  CHECK_FALSE(merkle_root(block.job, extranonce2) == root);
  Job job = block.job;
  job.coinbase_prefix.back() ^= 1;
  CHECK_FALSE(merkle_root(job, block.extranonce2) == root);
  job = block.job;
  job.coinbase_suffix.front() ^= 1;
  CHECK_FALSE(merkle_root(job, block.extranonce2) == root);
  job = block.job;
  std::swap(job.merkle_branch[0], job.merkle_branch[1]);
  CHECK_FALSE(merkle_root(job, block.extranonce2) == root);
}

TEST_CASE("job: without a branch the root is the coinbase's own id") {
  Block100000 block(8);
  block.job.merkle_branch.clear();
  CHECK(merkle_root(block.job, block.extranonce2) == txid(kTxids[0]));

  // The genesis block, whose only transaction it is.
  Job genesis;
  genesis.coinbase_prefix = bytes(
      "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff00"
      "1d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b20"
      "6f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a010000004341046"
      "78afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec11"
      "2"
      "de5c384df7ba0b8d578a4c702b6bf11d5fac00000000");
  CHECK(merkle_root(genesis, {}) == ebb::test::mainnet_headers().at(0).header.merkle_root);
}

TEST_CASE("job: only mask bits that are zero in the version roll") {
  Job job;
  job.version = 0x20000000;
  job.version_mask = 0x1fffe000;
  CHECK(job.rollable_bits() == 0x1fffe000u);
  job.version = 0x20006004;
  CHECK(job.rollable_bits() == 0x1fff8000u);
  job.version = 0x3fffe000;
  CHECK(job.rollable_bits() == 0u);
  job.version_mask = 0;
  CHECK(job.rollable_bits() == 0u);
}

TEST_CASE("job: the submit target is the easier of the two") {
  Job job;
  job.share_target = Target::from_difficulty(1000).value();
  job.network_target = Target::from_difficulty(1).value();
  CHECK(job.submit_target() == job.network_target);
  job.share_target = Target::from_difficulty(0.5).value();
  CHECK(job.submit_target() == job.share_target);
  job.share_target = job.network_target;
  CHECK(job.submit_target() == job.network_target);
}

TEST_CASE("job: same_work ignores what is not hashed") {
  Job a = Block100000(4).job;
  a.id = std::string("1");
  a.version = 0x20000000;
  a.version_mask = 0x1fffe000;
  a.time = 1293623863;
  a.bits = 0x1b04864c;
  REQUIRE(same_work(a, a));

  Job b = a;
  b.id = std::string("2");
  b.session = 7;
  b.clean = true;
  b.share_target = Target::max();
  b.network_target = Target::from_compact(0x1d00ffff).value();
  CHECK(same_work(a, b));

  const auto differs = [&](auto change) {
    Job changed = a;
    change(changed);
    return !same_work(a, changed) && !same_work(changed, a);
  };
  CHECK(differs([](Job& job) { job.version ^= 1; }));
  CHECK(differs([](Job& job) { job.version_mask ^= 0x2000; }));
  CHECK(differs([](Job& job) { job.prev_hash.bytes[31] ^= 1; }));
  CHECK(differs([](Job& job) { job.coinbase_prefix.push_back(0); }));
  CHECK(differs([](Job& job) { job.coinbase_suffix[0] ^= 1; }));
  CHECK(differs([](Job& job) { job.extranonce2_size = 5; }));
  CHECK(differs([](Job& job) { job.merkle_branch.pop_back(); }));
  CHECK(differs([](Job& job) { job.merkle_branch[1].bytes[0] ^= 1; }));
  CHECK(differs([](Job& job) { job.time += 1; }));
  CHECK(differs([](Job& job) { job.bits ^= 1; }));
}
