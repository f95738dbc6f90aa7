#include "stratum/node/merkle.h"

#include "stratum/server/pool_job.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/node_support.h"

namespace ebb::stratum::node {

TEST_CASE("merkle: the branch leads where the whole tree does, for 1 to 9 transactions") {
  const std::size_t others = GENERATE(range<std::size_t>(0, 9));
  std::vector<core::Hash256> leaves = {some_hash(0xc0)};
  for (std::size_t i = 0; i < others; ++i)
    leaves.push_back(some_hash(static_cast<std::uint8_t>(i)));

  core::Hash256 root = leaves.front();
  for (const core::Hash256& sibling : merkle_branch(std::span(leaves).subspan(1)))
    root = hash_pair(root, sibling);
  CHECK(root == merkle_tree_root(leaves));
}

TEST_CASE("merkle: an odd level pairs its last hash with itself") {
  const core::Hash256 a = some_hash(1), b = some_hash(2), c = some_hash(3);
  CHECK(merkle_tree_root({a}) == a);
  CHECK(merkle_tree_root({a, b, c}) == hash_pair(hash_pair(a, b), hash_pair(c, c)));
  CHECK(merkle_branch({}).empty());
}

// Block 100000: four transactions, their ids and root as explorers print them.
TEST_CASE("merkle: a real block's root") {
  const auto from_display = [](const char* text) {
    const core::Bytes bytes = core::from_hex(text).value();
    core::Hash256 hash;
    std::reverse_copy(bytes.begin(), bytes.end(), hash.bytes.begin());
    return hash;
  };
  const core::Hash256 root = merkle_tree_root({
      from_display("8c14f0db3df150123e6f3dbbf30f8b955a8249b62ac1d1ff16284aefa3d06d87"),
      from_display("fff2525b8931402dd09222c50775608f75787bd2b87e56995a7bdd30f79702c4"),
      from_display("6359f0868171b1d194cbee1af2f16ea598ae8fad666d9b012c8ed2b79a236ec4"),
      from_display("e9a66845e05d5abc0ad04ec80f774a7e585c6e8db975962d069a522137b80c1d"),
  });
  CHECK(root.to_display_hex() ==
        "f3e94742aca4b5ef85488dc37c06c3282295ffec960994b2c0d5ac2a25a95766");
}

TEST_CASE("pool job: bits that are no target are refused") {
  BlockTemplate block_template = some_template();
  block_template.bits = 0;
  const auto job =
      server::make_pool_job(std::make_shared<BlockTemplate>(block_template), 12, core::Bytes{0x51});
  REQUIRE_FALSE(job);
  CHECK(job.error().find("00000000") != std::string::npos);
}

}  // namespace ebb::stratum::node
