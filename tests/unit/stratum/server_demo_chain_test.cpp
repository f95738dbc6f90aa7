#include "stratum/server/demo_chain.h"

#include "core/target.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/server_support.h"

namespace ebb::stratum::server {
namespace {

std::vector<node::BlockTemplatePtr> templates_of(DemoChain& chain, double seconds) {
  std::vector<node::BlockTemplatePtr> result = {chain.current()};
  for (double t = 0; t <= seconds; t += 0.5)
    if (chain.advance(at(t))) result.push_back(chain.current());
  return result;
}

}  // namespace

TEST_CASE("demo chain: a refresh every 5 s, a block about every 60 s") {
  DemoChain chain({}, at(0));
  const auto templates = templates_of(chain, 3600);
  std::size_t blocks = 0, changed_transactions = 0;
  for (std::size_t i = 1; i < templates.size(); ++i) {
    const node::BlockTemplate& before = *templates[i - 1];
    const node::BlockTemplate& now = *templates[i];
    const bool block = now.prev_hash != before.prev_hash;
    blocks += block;
    CHECK(now.height == before.height + (block ? 1 : 0));
    CHECK(now.time >= before.time);
    changed_transactions += now.witness_commitment_script != before.witness_commitment_script;
  }
  CHECK(blocks >= 50);
  CHECK(blocks <= 72);
  // Each block costs up to one refresh interval.
  CHECK(templates.size() >= 3600 / 5);
  CHECK(templates.size() <= 3600 / 5 + 2 * blocks);
  CHECK(changed_transactions >= templates.size() * 9 / 10);
}

TEST_CASE("demo chain: the same seed is the same chain, another is another") {
  DemoChain a({.seed = 3}, at(0)), b({.seed = 3}, at(0)), c({.seed = 4}, at(0));
  const auto of_a = templates_of(a, 200), of_b = templates_of(b, 200), of_c = templates_of(c, 200);
  REQUIRE(of_a.size() == of_b.size());
  for (std::size_t i = 0; i < of_a.size(); ++i) {
    CHECK(of_a[i]->prev_hash == of_b[i]->prev_hash);
    CHECK(of_a[i]->witness_commitment_script == of_b[i]->witness_commitment_script);
    CHECK(of_a[i]->coinbase_value == of_b[i]->coinbase_value);
  }
  CHECK(of_a[0]->prev_hash != of_c[0]->prev_hash);
}

TEST_CASE("demo chain: a block on the tip moves the chain, another does not") {
  DemoChain chain({}, at(0));
  const node::BlockTemplatePtr before = chain.current();
  const core::Hash256 hash = some_hash(9);
  CHECK_FALSE(chain.accept(hash, some_hash(1), at(2)));
  CHECK(chain.current() == before);

  REQUIRE(chain.accept(hash, before->prev_hash, at(2)));
  CHECK(chain.current()->prev_hash == hash);
  CHECK(chain.current()->height == before->height + 1);
  CHECK_FALSE(chain.accept(some_hash(10), before->prev_hash, at(3)));

  CHECK(chain.next_change() == at(7).steady);
  CHECK_FALSE(chain.advance(at(6.9)));
  CHECK(chain.advance(at(7)));
  CHECK(chain.current()->prev_hash == hash);
}

TEST_CASE("demo chain: bits for a difficulty") {
  CHECK(compact_from_difficulty(1) == 0x1d00ffff);
  CHECK(compact_from_difficulty(16) == 0x1c0ffff0);
  CHECK(compact_from_difficulty(2) == 0x1c7fff80);
  for (const double difficulty : {1e-9, 0.001, 0.7, 3.0, 16.0, 1e6, 1.3e14, 1e30}) {
    const auto target = core::Target::from_compact(compact_from_difficulty(difficulty));
    REQUIRE(target);
    CHECK(target->difficulty() >= difficulty);
    // The mantissa has 16 bits at least.
    CHECK(target->difficulty() <= difficulty * (1 + 0x1p-14));
  }
  CHECK(core::Target::from_compact(compact_from_difficulty(1e-30)));
}

}  // namespace ebb::stratum::server
