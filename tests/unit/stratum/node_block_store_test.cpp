#include "stratum/node/block_store.h"

#include <fstream>

#include "core/header.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/node_support.h"
#include "tests/unit/temporary_folder.h"

namespace ebb::stratum::node {
namespace {

SolvedBlock some_block(std::uint32_t height) {
  core::Header header;
  header.prev_hash = some_hash(0x21);
  header.nonce = height;
  const auto bytes = header.serialize();
  SolvedBlock block{header.hash(), header.prev_hash, height, {bytes.begin(), bytes.end()}};
  block.bytes.push_back(0xab);
  return block;
}

std::size_t files(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("block store: what is kept is there until it is judged, parents first") {
  const tests::TemporaryFolder folder;
  const auto place = folder.path() / "blocks" / "main";
  const BlockStore store = BlockStore::open(place).value();
  using std::filesystem::perms;
  CHECK(std::filesystem::status(place).permissions() == perms::owner_all);
  for (const std::uint32_t height : {1000u, 99u, 1001u})
    REQUIRE(store.keep(some_block(height)));

  const BlockStore::Unjudged kept = BlockStore::open(place)->unjudged();
  CHECK(kept.damaged.empty());
  REQUIRE(kept.blocks.size() == 3);
  CHECK(kept.blocks[0].height == 99);
  CHECK(kept.blocks[2].height == 1001);
  CHECK(kept.blocks[0].bytes == some_block(99).bytes);
  CHECK(kept.blocks[0].hash == some_block(99).hash);
  CHECK(kept.blocks[0].prev_hash == some_hash(0x21));

  store.judged(some_block(99), true);
  store.judged(some_block(1000), false);
  store.forget(some_block(1001));
  store.judged(some_block(7), true);  // never there
  CHECK(store.unjudged().blocks.empty());
  CHECK(std::filesystem::exists(place /
                                ("99-" + some_block(99).hash.to_display_hex() + ".accepted")));
  CHECK(files(place) == 2);
  CHECK(BlockStore::open(place)->newest_accepted()->bytes == some_block(99).bytes);
  REQUIRE(store.keep(some_block(8)));
  store.judged(some_block(8), true);
  CHECK(store.newest_accepted()->height == 8);
}

TEST_CASE("block store: judged blocks are bounded, and so is what is read") {
  const tests::TemporaryFolder folder;
  const BlockStore store = BlockStore::open(folder.path()).value();
  for (std::uint32_t height = 0; height < 30; ++height) {
    REQUIRE(store.keep(some_block(height)));
    store.judged(some_block(height), height % 2 == 0);
  }
  CHECK(files(folder.path()) == BlockStore::kMaxJudged);
  for (std::uint32_t height = 0; height < BlockStore::kMaxUnjudged + 5; ++height)
    REQUIRE(store.keep(some_block(height)));
  CHECK(store.unjudged().blocks.size() == BlockStore::kMaxUnjudged);
}

TEST_CASE("block store: a file that holds no such block is named and left") {
  const tests::TemporaryFolder folder;
  const BlockStore store = BlockStore::open(folder.path()).value();
  REQUIRE(store.keep(some_block(5)));
  const std::string stem = "5-" + some_block(5).hash.to_display_hex();
  SECTION("cut") {
    std::filesystem::resize_file(folder.path() / (stem + ".block"), 79);
  }
  SECTION("another block") {
    std::ofstream file(folder.path() / (stem + ".block"), std::ios::binary);
    const core::Bytes other = some_block(6).bytes;
    file.write(reinterpret_cast<const char*>(other.data()),
               static_cast<std::streamsize>(other.size()));
  }
  SECTION("another name") {
    std::filesystem::rename(folder.path() / (stem + ".block"), folder.path() / "x.block");
  }
  const BlockStore::Unjudged kept = store.unjudged();
  CHECK(kept.blocks.empty());
  REQUIRE(kept.damaged.size() == 1);
  CHECK(std::filesystem::exists(folder.path() / kept.damaged[0]));
}

}  // namespace ebb::stratum::node
