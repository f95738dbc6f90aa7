// Whom a coinbase pays.

#include "stratum/payout.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "stratum/node/coinbase.h"
#include "stratum/node/serialize.h"
#include "stratum/payout_watch.h"
#include "tests/fuzz/fuzz_payout.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/node_support.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace std::chrono_literals;

namespace {

using node::append;
using node::append_compact_size;
using node::append_le32;
using node::append_le64;

core::Bytes hex(std::string_view text) {
  return core::from_hex(text).value();
}

const core::Bytes kAlice = hex("0014751e76e8199196d454941c45d1b3a323f1433bd6");
const core::Bytes kBob = hex("a91489abcdefabbaabbaabbaabbaabbaabbaabbaabba87");
const core::Bytes kCarol = hex("51");

struct Paid {
  std::uint64_t value;
  core::Bytes script;
};

struct Shape {
  bool witness = false;
  std::uint64_t inputs = 1;
  std::uint32_t index = 0xffffffff;
  core::Bytes after{};
};

core::Bytes transaction(const std::vector<Paid>& outputs, const Shape& shape = {}) {
  core::Bytes out;
  append_le32(out, 1);
  if (shape.witness) append(out, hex("0001"));
  append_compact_size(out, shape.inputs);
  append(out, core::Bytes(32));
  append_le32(out, shape.index);
  append(out, hex("0403b0000a"));  // a script of four bytes
  append_le32(out, 0xffffffff);
  append_compact_size(out, outputs.size());
  for (const Paid& it : outputs) {
    append_le64(out, it.value);
    append_compact_size(out, it.script.size());
    append(out, it.script);
  }
  if (shape.witness) {
    append(out, hex("0120"));
    append(out, core::Bytes(32));
  }
  append_le32(out, 0);
  append(out, shape.after);
  return out;
}

/// The coinbase with four bytes of extranonce2 cut out of its script.
core::Job job_paying(const std::vector<Paid>& outputs, const std::string& id = "a") {
  const core::Bytes all = transaction(outputs);
  constexpr std::ptrdiff_t kScript = 4 + 1 + 36 + 1;
  core::Job job;
  job.id = id;
  job.coinbase_prefix.assign(all.begin(), all.begin() + kScript);
  job.coinbase_suffix.assign(all.begin() + kScript + 4, all.end());
  job.extranonce2_size = 4;
  return job;
}

std::string error_of(const core::Bytes& bytes) {
  const auto outputs = read_coinbase(bytes);
  return outputs ? "" : outputs.error();
}

}  // namespace

TEST_CASE("coinbase: outputs with value and script") {
  for (const bool witness : {false, true}) {
    const core::Bytes bytes = transaction({{312'500'000, kAlice}, {0, kBob}}, {.witness = witness});
    const auto outputs = read_coinbase(bytes);
    REQUIRE(outputs);
    REQUIRE(outputs->size() == 2);
    CHECK((*outputs)[0].value == 312'500'000);
    CHECK(core::to_hex((*outputs)[0].script) == core::to_hex(kAlice));
    CHECK((*outputs)[1].value == 0);
    CHECK(core::to_hex((*outputs)[1].script) == core::to_hex(kBob));
  }
}

TEST_CASE("coinbase: our own builder's is read") {
  const auto parts = node::build_coinbase(node::some_template(), 8, kAlice);
  core::Bytes bytes = parts.prefix;
  bytes.resize(bytes.size() + 8);
  append(bytes, parts.suffix);
  for (const core::Bytes& it : {bytes, node::with_coinbase_witness(bytes)}) {
    const auto outputs = read_coinbase(it);
    REQUIRE(outputs);
    CHECK(outputs->at(0).value == 312'500'000);
    CHECK(core::to_hex(outputs->at(0).script) == core::to_hex(kAlice));
  }
}

TEST_CASE("coinbase: what is none, and what is cut anywhere, is refused") {
  const core::Bytes good = transaction({{5, kAlice}, {6, kBob}}, {.witness = true});
  REQUIRE(error_of(good) == "");
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(error_of({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}) != "");
  }
  CHECK(error_of(transaction({{5, kAlice}}, {.after = {0}})) == "bytes after its end");
  CHECK(error_of(transaction({{5, kAlice}}, {.inputs = 2})) == "not one input");
  CHECK(error_of(transaction({{5, kAlice}}, {.index = 0})) == "its input spends something");
}

TEST_CASE("coinbase: counts that lie are not believed") {
  core::Bytes outputs = transaction({});
  outputs.resize(outputs.size() - 5);
  core::Bytes huge = outputs;
  append(huge, hex("ffffffffffffffffff"));
  CHECK(error_of(huge) == "cut short");
  core::Bytes longer = outputs;  // one output, its count in three bytes
  append(longer, hex("fd0100"));
  append(longer, hex("0500000000000000"));
  append(longer, hex("0151"));
  append_le32(longer, 0);
  CHECK(error_of(longer) != "");
}

TEST_CASE("coinbase: more than there is cannot be paid, nor wrap around") {
  const std::uint64_t all = 21'000'000ull * 100'000'000;
  CHECK(error_of(transaction({{all, kAlice}})) == "");
  CHECK(error_of(transaction({{all, kAlice}, {1, kBob}})) == "it pays more than there is");
  CHECK(error_of(transaction({{~0ull, kAlice}, {2, kBob}})) == "it pays more than there is");
}

TEST_CASE("payout: a job's, with scripts summed up and the largest first") {
  const auto paid = payout_of(job_paying({{10, kBob}, {60, kAlice}, {25, kBob}, {0, kCarol}}));
  REQUIRE(paid);
  CHECK(paid->meets_rule);
  CHECK(paid->payout.total == 95);
  CHECK(paid->payout.others == 0);
  CHECK(paid->payout.outputs == std::vector<Payout::Output>{{60, kAlice}, {35, kBob}});
}

TEST_CASE("payout: only so many outputs are kept, but all are counted and looked through") {
  std::vector<Paid> many;
  for (std::uint8_t i = 0; i < 100; ++i)
    many.push_back({1000u - i, {0x51, i}});
  many.push_back({1, kAlice});
  const PayoutRule rule{kAlice};
  const auto paid = payout_of(job_paying(many), &rule);
  REQUIRE(paid);
  CHECK(paid->meets_rule);
  CHECK(paid->payout.outputs.size() == Payout::kMostOutputs);
  CHECK(paid->payout.others == 101 - Payout::kMostOutputs);
  CHECK(paid->payout.outputs.front().value == 1000);
  CHECK(paid->payout.outputs.back().value == 985);
}

TEST_CASE("payout: the rule's script must get its share") {
  const core::Job job = job_paying({{98, kAlice}, {2, kBob}, {0, kCarol}});
  const auto meets = [&](const core::Bytes& script, double least_share) {
    const PayoutRule rule{script, least_share};
    return payout_of(job, &rule)->meets_rule;
  };
  CHECK(meets(kAlice, 0));
  CHECK(meets(kAlice, 0.98));
  CHECK_FALSE(meets(kAlice, 0.981));
  CHECK(meets(kBob, 0.02));
  CHECK_FALSE(meets(kBob, 0.5));
  CHECK_FALSE(meets(kCarol, 0));  // is there, and gets nothing
  CHECK_FALSE(meets(hex("5151"), 0));
}

TEST_CASE("payout watch: the first job of a connection is told, then what differs in kind") {
  PayoutWatch watch(std::nullopt);
  PayoutWatch::Clock::time_point now{1000s};
  CHECK_FALSE(watch.last());
  watch.connected();
  const auto first = watch.look(job_paying({{98, kAlice}, {2, kBob}}), now);
  REQUIRE(first);
  CHECK(first->payout.total == 100);
  CHECK(first->unreadable == "");

  now += 1h;
  CHECK_FALSE(watch.look(job_paying({{97, kAlice}, {3, kBob}}), now));    // fees
  CHECK_FALSE(watch.look(job_paying({{97, kAlice}, {3, kCarol}}), now));  // small change
  REQUIRE(watch.last());
  CHECK(watch.last()->payout.outputs.at(1).script == kCarol);
  CHECK(watch.look(job_paying({{97, kBob}, {3, kAlice}}), now));
  CHECK_FALSE(watch.look(job_paying({{97, kBob}, {3, kAlice}}), now));
  watch.connected();
  CHECK(watch.look(job_paying({{97, kBob}, {3, kAlice}}), now));
}

TEST_CASE("payout watch: a pool that pays others each time is not told of each time") {
  PayoutWatch watch(std::nullopt);
  watch.connected();
  int told = 0;
  for (std::uint8_t minute = 0; minute < 60; ++minute) {
    const PayoutWatch::Clock::time_point now{std::chrono::minutes(minute)};
    if (watch.look(job_paying({{100, {0x51, minute}}}), now)) ++told;
  }
  CHECK(told == 6);
}

TEST_CASE("payout watch: that the rule is met no longer is told at once") {
  PayoutWatch watch(PayoutRule{kAlice, 0, PayoutRule::Missing::warn});
  watch.connected();
  const PayoutWatch::Clock::time_point now{1000s};
  REQUIRE(watch.look(job_paying({{100, kAlice}}), now));
  const auto worse = watch.look(job_paying({{100, kBob}}), now);
  REQUIRE(worse);
  CHECK_FALSE(worse->meets_rule);
  CHECK_FALSE(watch.must_leave());  // the rule only warns
  CHECK_FALSE(watch.look(job_paying({{100, kBob}}), now));
}

TEST_CASE("payout watch: a rule that says so has the pool left") {
  PayoutWatch watch(PayoutRule{kAlice, 0, PayoutRule::Missing::leave});
  watch.connected();
  CHECK_FALSE(watch.must_leave());
  watch.look(job_paying({{100, kAlice}}), {});
  CHECK_FALSE(watch.must_leave());
  watch.look(job_paying({{100, kBob}}), {});
  CHECK(watch.must_leave());
}

TEST_CASE("payout watch: a coinbase that cannot be read meets no rule, and is no fault without") {
  core::Job job;
  job.coinbase_prefix = hex("01000000aa");
  PayoutWatch without(std::nullopt);
  const auto seen = without.look(job, {});
  REQUIRE(seen);
  CHECK(seen->unreadable != "");
  CHECK(seen->meets_rule);
  PayoutWatch with(PayoutRule{kAlice, 0, PayoutRule::Missing::leave});
  with.look(job, {});
  CHECK(with.must_leave());
}

TEST_CASE("fuzz corpus: payouts") {
  std::size_t files = 0;
  for (const auto& it :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/payout")) {
    std::ifstream file(it.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    INFO(it.path().filename().string());
    CHECK_NOTHROW(fuzz_payout(bytes));
    ++files;
  }
  CHECK(files >= 20);
}

}  // namespace ebb::stratum
