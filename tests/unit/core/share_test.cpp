#include "core/share.h"

#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;

namespace {

/// A real block as a unit of three versions, its own in the middle.
struct RealBlock {
  explicit RealBlock(unsigned height) {
    for (const auto& [h, candidate, hash] : ebb::test::mainnet_headers()) {
      if (h == height) header = candidate;
    }
    Job real;
    real.version = header.version;
    real.prev_hash = header.prev_hash;
    real.time = header.time;
    real.bits = header.bits;
    real.extranonce2_size = 2;
    real.network_target = Target::from_compact(header.bits).value();
    real.share_target = real.network_target;
    job = real;
  }

  WorkUnit unit() const {
    WorkUnit unit;
    unit.job = std::make_shared<const Job>(job);
    unit.extranonce2_bytes = {0xab, 0xcd};
    unit.time = header.time;
    unit.version_count = 3;
    unit.versions[0] = header.version ^ 0x2000;
    unit.versions[1] = header.version;
    unit.versions[2] = header.version ^ 0x4000;
    unit.merkle_root = header.merkle_root;
    return unit;
  }

  Header header;
  Job job;
};

/// The largest target that does not let `hash` through.
Target just_below(const Hash256& hash) {
  double difficulty = difficulty_of(hash);
  Target target = Target::from_difficulty(difficulty).value();
  while (target.is_met_by(hash)) {
    difficulty *= 1 + 1e-15;
    target = Target::from_difficulty(difficulty).value();
  }
  return target;
}

}  // namespace

TEST_CASE("share: real blocks are shares that solve their block") {
  for (const auto& [height, header, hash] : ebb::test::mainnet_headers()) {
    INFO("block " << height);
    const RealBlock block(height);
    const Verification result = verify(block.unit(), {header.nonce, 1});
    CHECK(result.verdict == Verdict::share);
    CHECK(result.share.header == header);
    CHECK(result.share.hash.to_display_hex() == hash);
    CHECK(result.share.solves_block());
    CHECK(to_hex(result.share.extranonce2()) == "abcd");
    CHECK(result.share.difficulty() >= block.job.network_target.difficulty());
    CHECK(result.share.job->bits == header.bits);
  }
}

TEST_CASE("share: the wrong nonce, version or midstate is corrupt") {
  const RealBlock block(100000);
  const std::uint32_t nonce = block.header.nonce;
  const WorkUnit unit = block.unit();
  REQUIRE(verify(unit, {nonce, 1}).verdict == Verdict::share);
  CHECK(verify(unit, {nonce + 1, 1}).verdict == Verdict::corrupt);
  CHECK(verify(unit, {byteswap32(nonce), 1}).verdict == Verdict::corrupt);
  CHECK(verify(unit, {nonce, 0}).verdict == Verdict::corrupt);
  CHECK(verify(unit, {nonce, 2}).verdict == Verdict::corrupt);
  const Verification corrupt = verify(unit, {nonce, 2});
  CHECK(corrupt.share.header.version == unit.versions[2]);
  CHECK(corrupt.share.hash == corrupt.share.header.hash());
  CHECK_FALSE(corrupt.share.solves_block());
}

TEST_CASE("share: an impossible midstate is corrupt and touches nothing") {
  WorkUnit unit = RealBlock(100000).unit();
  const std::uint32_t nonce = RealBlock(100000).header.nonce;
  for (const std::uint32_t midstate : {3u, 31u, 32u, 1000u, 0xffffffffu}) {
    const Verification result = verify(unit, {nonce, midstate});
    CHECK(result.verdict == Verdict::corrupt);
    CHECK(result.share.job == nullptr);
  }
  unit.version_count = 1;
  CHECK(verify(unit, {nonce, 1}).verdict == Verdict::corrupt);
}

TEST_CASE("share: past the filter but not the target") {
  RealBlock block(125552);
  const Hash256 hash = block.header.hash();
  block.job.share_target = just_below(hash);
  block.job.network_target = just_below(hash);
  // Both have more than 32 leading zero bits, so the filter sees no difference.
  REQUIRE(block.job.share_target.zero_mask() == 0xffffffffu);
  const Verification result = verify(block.unit(), {block.header.nonce, 1});
  CHECK(result.verdict == Verdict::above_target);
  CHECK(result.share.hash == hash);
  CHECK_FALSE(result.share.solves_block());
}

TEST_CASE("share: a share need not solve the block") {
  RealBlock block(125552);
  block.job.network_target = just_below(block.header.hash());
  const Verification result = verify(block.unit(), {block.header.nonce, 1});
  CHECK(result.verdict == Verdict::share);
  CHECK_FALSE(result.share.solves_block());
}

// Seen on a test network: refused as a share, and the tip of the chain (Job::submit_target).
TEST_CASE("share: a block is a share even where shares are harder than blocks") {
  RealBlock block(125552);
  block.job.share_target = just_below(block.header.hash());
  const Verification result = verify(block.unit(), {block.header.nonce, 1});
  CHECK(result.verdict == Verdict::share);
  CHECK(result.share.solves_block());
}

TEST_CASE("share: at an easy target the verdict is the target's, hash by hash") {
  RealBlock block(0);
  block.job.share_target = Target::from_difficulty(3.0 * 0x1p-32).value();
  block.job.network_target = Target::from_difficulty(1).value();
  const Target& target = block.job.share_target;
  REQUIRE(target.zero_mask() == 0x80u);
  const WorkUnit unit = block.unit();
  int count[3] = {};
  for (std::uint32_t nonce = 0; nonce < 300; ++nonce) {
    const Verification result = verify(unit, {nonce, nonce % 3});
    const Hash256& hash = result.share.hash;
    CHECK((result.verdict == Verdict::share) == target.is_met_by(hash));
    CHECK((result.verdict == Verdict::corrupt) == (hash.bytes[31] >= 0x80));
    ++count[static_cast<int>(result.verdict)];
  }
  // A third, a sixth and a half.
  CHECK(count[static_cast<int>(Verdict::share)] > 50);
  CHECK(count[static_cast<int>(Verdict::above_target)] > 20);
  CHECK(count[static_cast<int>(Verdict::corrupt)] > 100);
}
