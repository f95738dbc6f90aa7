#include "core/work.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <tuple>

#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using ebb::test::Random;

namespace {

constexpr std::uint64_t kAllNonces = std::uint64_t{1} << 32;
constexpr std::uint32_t kFullMask = 0x1fffe000;
constexpr std::uint32_t kJobTime = 1'700'000'000;

Job plain_job(std::size_t extranonce2_size, std::uint32_t version_mask,
              std::uint32_t version = 0x20000000) {
  Random random(extranonce2_size);
  Job job;
  job.id = std::string("a");
  job.version = version;
  job.version_mask = version_mask;
  job.prev_hash = random.hash();
  job.coinbase_prefix = {1, 2, 3};
  job.coinbase_suffix = {4, 5};
  job.extranonce2_size = extranonce2_size;
  job.merkle_branch = {random.hash(), random.hash()};
  job.time = kJobTime;
  job.bits = 0x1d00ffff;
  job.share_target = Target::from_difficulty(0.001).value();
  job.network_target = Target::from_compact(job.bits).value();
  return job;
}

JobPtr make_job(std::size_t extranonce2_size, std::uint32_t version_mask,
                std::uint32_t version = 0x20000000) {
  return std::make_shared<const Job>(plain_job(extranonce2_size, version_mask, version));
}

std::uint64_t extranonce2_of(const WorkUnit& unit) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i)
    value |= std::uint64_t{unit.extranonce2_bytes[i]} << (8 * i);
  return value;
}

/// Everything that may be hashed, as the headers less their nonces, each with its nonce ranges.
class Territory {
 public:
  void add(const WorkUnit& unit) {
    for (std::uint32_t i = 0; i < unit.version_count; ++i) {
      claims_.emplace_back(extranonce2_of(unit), unit.versions[i], unit.time, unit.nonces.first,
                           unit.nonces.count);
    }
  }

  /// No nonce of any header was given out twice.
  bool disjoint() {
    std::sort(claims_.begin(), claims_.end());
    for (std::size_t i = 1; i < claims_.size(); ++i) {
      if (header_of(claims_[i - 1]) != header_of(claims_[i])) continue;
      if (first_of(claims_[i - 1]) + count_of(claims_[i - 1]) > first_of(claims_[i])) return false;
    }
    return true;
  }

  /// Headers all of whose nonces were given out, once disjoint() has been seen to hold.
  std::size_t complete_headers() const {
    std::map<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>, std::uint64_t> nonces;
    for (const Claim& claim : claims_)
      nonces[header_of(claim)] += count_of(claim);
    return static_cast<std::size_t>(std::count_if(
        nonces.begin(), nonces.end(), [](const auto& n) { return n.second == kAllNonces; }));
  }

  std::size_t headers() const {
    std::set<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>> all;
    for (const Claim& claim : claims_)
      all.insert(header_of(claim));
    return all.size();
  }

 private:
  // extranonce2, version, time, first nonce, count
  using Claim =
      std::tuple<std::uint64_t, std::uint32_t, std::uint32_t, std::uint64_t, std::uint64_t>;
  static std::tuple<std::uint64_t, std::uint32_t, std::uint32_t> header_of(const Claim& claim) {
    return {std::get<0>(claim), std::get<1>(claim), std::get<2>(claim)};
  }
  static std::uint64_t first_of(const Claim& claim) { return std::get<3>(claim); }
  static std::uint64_t count_of(const Claim& claim) { return std::get<4>(claim); }

  std::vector<Claim> claims_;
};

/// What is wrong with a unit of this job, if anything.
std::string fault_of(const WorkUnit& unit, const Job& job, std::uint32_t elapsed_s) {
  if (unit.version_count < 1 || unit.version_count > kMaxMidstates) return "version count";
  std::set<std::uint32_t> versions;
  for (std::uint32_t i = 0; i < unit.version_count; ++i) {
    const std::uint32_t rolled = unit.versions[i] ^ job.version;
    if ((rolled & ~job.rollable_bits()) != 0) return "rolled outside the mask " + to_hex(rolled);
    versions.insert(unit.versions[i]);
  }
  if (versions.size() != unit.version_count) return "equal versions";
  if (unit.time < job.time || unit.time - job.time > elapsed_s) return "time";
  if (unit.nonces.count < 1) return "no nonces";
  if (unit.nonces.first + unit.nonces.count > kAllNonces) return "nonces past the last";
  if (unit.extranonce2().size() != job.extranonce2_size) return "extranonce2 size";
  for (std::size_t i = job.extranonce2_size; i < kMaxExtranonce2; ++i) {
    if (unit.extranonce2_bytes[i] != 0) return "bytes past extranonce2";
  }
  if (unit.merkle_root != merkle_root(job, unit.extranonce2())) return "merkle root";
  return "";
}

void check_unit(const WorkUnit& unit, const Job& job, std::uint32_t elapsed_s) {
  if (const std::string fault = fault_of(unit, job, elapsed_s); !fault.empty()) FAIL(fault);
}

}  // namespace

TEST_CASE("work: versions take every combination of the rollable bits, once") {
  const std::uint32_t version = GENERATE(0x20000000u, 0x20006001u, 0x3fffe000u);
  const std::uint32_t mask = GENERATE(0u, 0x2000u, 0x10000000u, 0x1fffe000u, 0x0000e001u);
  const unsigned max_midstates = GENERATE(1u, 2u, 7u, 32u);
  const JobPtr job = make_job(0, mask, version);
  INFO("version " << to_hex(version) << ", mask " << to_hex(mask) << ", " << max_midstates
                  << " midstates");
  WorkSource source(job, 0, 1, max_midstates);
  std::set<std::uint32_t> seen;
  std::size_t given = 0;
  while (const auto unit = source.next(0)) {
    check_unit(*unit, *job, 0);
    if (unit->version_count > max_midstates) FAIL("too many versions");
    seen.insert(unit->versions.begin(), unit->versions.begin() + unit->version_count);
    given += unit->version_count;
  }
  CHECK(given == std::size_t{1} << std::popcount(mask & ~version));
  CHECK(seen.size() == given);
}

TEST_CASE("work: a unit uses as many midstates as it may") {
  for (const unsigned max_midstates : {1u, 2u, 4u, 8u, 16u, 32u}) {
    WorkSource source(make_job(4, kFullMask), 0, 1, max_midstates);
    CHECK(source.next(0)->version_count == max_midstates);
  }
  CHECK(WorkSource(make_job(4, kFullMask), 0, 1, 31).next(0)->version_count == 16u);
  CHECK(WorkSource(make_job(4, 0x6000), 0, 1, 32).next(0)->version_count == 4u);
  CHECK(WorkSource(make_job(4, 0), 0, 1, 32).next(0)->version_count == 1u);
}

TEST_CASE("work: workers never meet") {
  const std::size_t size = GENERATE(0u, 1u, 2u, 3u, 4u, 8u, 16u);
  const std::uint32_t mask = GENERATE(0u, 0x00400000u, kFullMask);
  const std::uint32_t version = GENERATE(0x20000000u, 0x20406001u);
  const JobPtr job = make_job(size, mask, version);
  for (unsigned workers = 1; workers <= 7; ++workers) {
    INFO("extranonce2 of " << size << ", mask " << to_hex(mask) << ", version " << to_hex(version)
                           << ", " << workers << " workers");
    Territory territory;
    for (unsigned worker = 0; worker < workers; ++worker) {
      WorkSource source(job, worker, workers, kMaxMidstates);
      for (int i = 0; i < 40; ++i) {
        const auto unit = source.next(2);
        if (!unit) break;
        check_unit(*unit, *job, 2);
        territory.add(*unit);
      }
    }
    CHECK(territory.disjoint());
  }
}

TEST_CASE("work: workers whose devices take different numbers of midstates never meet") {
  const std::size_t size = GENERATE(0u, 1u, 4u);
  const std::uint32_t mask = GENERATE(0u, 0x2000u, 0xe000u, kFullMask);
  const JobPtr job = make_job(size, mask);
  const unsigned midstates[] = {32, 8, 1, 32, 5};
  INFO("extranonce2 of " << size << ", mask " << to_hex(mask));
  Territory territory;
  for (unsigned worker = 0; worker < 5; ++worker) {
    WorkSource source(job, worker, 5, midstates[worker]);
    for (int i = 0; i < 200; ++i) {
      const auto unit = source.next(1);
      if (!unit) break;
      check_unit(*unit, *job, 1);
      territory.add(*unit);
    }
  }
  CHECK(territory.disjoint());
}

TEST_CASE("work: together the workers leave nothing out") {
  const auto [size, mask] = GENERATE(table<std::size_t, std::uint32_t>({{0, 0},
                                                                        {0, 0x2000},
                                                                        {0, 0x0001e000},
                                                                        {0, kFullMask},
                                                                        {1, 0},
                                                                        {1, 0x00400000},
                                                                        {1, 0x00406000}}));
  const JobPtr job = make_job(size, mask);
  const std::size_t headers =
      (std::size_t{1} << std::popcount(mask)) * (std::size_t{1} << (8 * size));
  for (const unsigned workers : {1u, 2u, 3u, 7u}) {
    INFO("extranonce2 of " << size << ", mask " << to_hex(mask) << ", " << workers << " workers");
    Territory territory;
    for (unsigned worker = 0; worker < workers; ++worker) {
      WorkSource source(job, worker, workers, 16u << (worker % 2));
      while (const auto unit = source.next(1))
        territory.add(*unit);
    }
    REQUIRE(territory.disjoint());
    CHECK(territory.headers() == 2 * headers);  // at the job's time and a second later
    CHECK(territory.complete_headers() == 2 * headers);
  }
}

TEST_CASE("work: with less to share than workers they split the nonces") {
  for (unsigned workers = 1; workers <= 7; ++workers) {
    INFO(workers << " workers");
    std::uint64_t next_nonce = 0;
    for (unsigned worker = 0; worker < workers; ++worker) {
      WorkSource source(make_job(0, 0), worker, workers, kMaxMidstates);
      const WorkUnit unit = source.next(0).value();
      CHECK(unit.nonces.first == next_nonce);
      next_nonce = unit.nonces.first + unit.nonces.count;
      CHECK(unit.nonces.count >= kAllNonces / workers);
      CHECK(unit.nonces.count <= kAllNonces / workers + 1);
      CHECK_FALSE(source.next(0).has_value());
    }
    CHECK(next_nonce == kAllNonces);
  }
}

TEST_CASE("work: an exhausted job waits for the clock") {
  const JobPtr job = make_job(0, 0x2000);
  WorkSource source(job, 0, 1, 1);
  CHECK(source.next(0)->time == kJobTime);
  CHECK(source.next(0)->time == kJobTime);
  CHECK_FALSE(source.next(0).has_value());
  CHECK_FALSE(source.next(0).has_value());
  CHECK(source.next(1)->time == kJobTime + 1);
  CHECK(source.next(1)->time == kJobTime + 1);
  CHECK_FALSE(source.next(1).has_value());
  // However late it is, no second is skipped.
  for (std::uint32_t second = 2; second <= 9; ++second) {
    CHECK(source.next(9)->time == kJobTime + second);
    CHECK(source.next(9)->time == kJobTime + second);
  }
  CHECK_FALSE(source.next(9).has_value());
}

TEST_CASE("work: time is not rolled while anything else is left") {
  WorkSource source(make_job(1, 0), 0, 1, kMaxMidstates);
  for (std::uint64_t i = 0; i < 256; ++i) {
    const WorkUnit unit = source.next(1000).value();
    CHECK(unit.time == kJobTime);
    CHECK(extranonce2_of(unit) == i);
  }
  const WorkUnit unit = source.next(1000).value();
  CHECK(unit.time == kJobTime + 1);
  CHECK(extranonce2_of(unit) == 0);
}

TEST_CASE("work: the widest mask and extranonce2 do not overflow") {
  const JobPtr job = make_job(GENERATE(4u, 5u, 8u, 16u), 0xffffffff, 0);
  const unsigned max_midstates = GENERATE(1u, 32u);
  Territory territory;
  for (const unsigned worker : {0u, 2u}) {
    WorkSource source(job, worker, 3, max_midstates, ~std::uint64_t{0});
    for (int i = 0; i < 1000; ++i) {
      const auto unit = source.next(0);
      if (!unit) FAIL("exhausted");
      check_unit(*unit, *job, 0);
      if (unit->nonces.count != kAllNonces) FAIL("nonces are split");
      territory.add(*unit);
    }
  }
  CHECK(territory.disjoint());
}

TEST_CASE("work: next_extranonce2 is the one after the last touched") {
  WorkSource plain(make_job(4, 0), 0, 1, kMaxMidstates, 7);
  CHECK(plain.next_extranonce2() == 7);
  CHECK(extranonce2_of(plain.next(0).value()) == 7);
  CHECK(plain.next_extranonce2() == 8);
  CHECK(extranonce2_of(plain.next(0).value()) == 8);
  CHECK(plain.next_extranonce2() == 9);

  WorkSource rolled(make_job(4, kFullMask), 0, 1, kMaxMidstates);
  for (int i = 0; i < 2048; ++i) {
    CHECK(extranonce2_of(rolled.next(0).value()) == 0);
    CHECK(rolled.next_extranonce2() == 1);
  }
  CHECK(extranonce2_of(rolled.next(0).value()) == 1);
  CHECK(rolled.next_extranonce2() == 2);
}

// A pool that sends a new job every few seconds without voiding the earlier ones, and workers of
// different speed, each of which goes on from its own last extranonce2.
TEST_CASE("work: going on with the next job repeats nothing") {
  const std::uint32_t mask = GENERATE(0u, 0x2000u, 0x001fe000u);
  const unsigned workers = GENERATE(1u, 2u, 3u, 4u, 7u);
  INFO("mask " << to_hex(mask) << ", " << workers << " workers");
  const JobPtr job = make_job(3, mask);
  Random random(workers + mask);
  Territory territory;
  std::vector<std::uint64_t> next(workers, 0);
  for (int jobs = 0; jobs < 12; ++jobs) {
    for (unsigned worker = 0; worker < workers; ++worker) {
      WorkSource source(job, worker, workers, kMaxMidstates, next[worker]);
      const std::uint32_t units = random.below(10 * (worker + 1));
      for (std::uint32_t i = 0; i < units; ++i)
        territory.add(source.next(0).value());
      next[worker] = source.next_extranonce2();
    }
  }
  CHECK(territory.disjoint());
}

TEST_CASE("work: beginning anywhere, all of extranonce2 is used before the time moves") {
  const std::uint64_t first = GENERATE(1u, 100u, 254u, 255u, 256u, 1000u);
  const unsigned workers = GENERATE(1u, 2u, 3u);
  INFO("from " << first << ", " << workers << " workers");
  Territory territory;
  for (unsigned worker = 0; worker < workers; ++worker) {
    // Every worker begins elsewhere, as after jobs at different speeds.
    WorkSource source(make_job(1, 0), worker, workers, kMaxMidstates, first + 17 * worker);
    while (const auto unit = source.next(0))
      territory.add(*unit);
  }
  CHECK(territory.disjoint());
  CHECK(territory.complete_headers() == 256);
}

TEST_CASE("work: a beginning past the last extranonce2 wraps") {
  WorkSource source(make_job(1, 0), 0, 1, kMaxMidstates, 1000);
  CHECK(source.next_extranonce2() == 1000 - 3 * 256);
  CHECK(extranonce2_of(source.next(0).value()) == 1000 - 3 * 256);
  CHECK(extranonce2_of(WorkSource(make_job(2, 0), 0, 1, 1, 1000).next(0).value()) == 1000);
  CHECK(extranonce2_of(WorkSource(make_job(0, 0), 0, 1, 1, 1000).next(0).value()) == 0);
}

TEST_CASE("work: after a wrap the next job goes on from there") {
  WorkSource first(make_job(1, 0), 0, 1, kMaxMidstates, 254);
  CHECK(extranonce2_of(first.next(0).value()) == 254);
  CHECK(extranonce2_of(first.next(0).value()) == 255);
  CHECK(extranonce2_of(first.next(0).value()) == 0);
  WorkSource second(make_job(1, 0), 0, 1, kMaxMidstates, first.next_extranonce2());
  CHECK(extranonce2_of(second.next(0).value()) == 1);
}

TEST_CASE("work: a job whose time another has reached by rolling goes on where that one was") {
  Territory territory;
  WorkSource first(make_job(1, 0), 0, 1, kMaxMidstates);
  for (int i = 0; i < 256 + 10; ++i)
    territory.add(first.next(1).value());
  Job later = plain_job(1, 0);
  later.time += 1;
  WorkSource second(std::make_shared<const Job>(later), 0, 1, kMaxMidstates,
                    first.next_extranonce2());
  for (int i = 0; i < 256 - 10; ++i)
    territory.add(second.next(0).value());
  CHECK(territory.disjoint());
}

TEST_CASE("work: replace_job keeps the position") {
  WorkSource source(make_job(2, 0), 1, 2, kMaxMidstates);
  CHECK(extranonce2_of(source.next(0).value()) == 1);
  CHECK(extranonce2_of(source.next(0).value()) == 3);
  Job renamed = plain_job(2, 0);
  renamed.id = std::string("b");
  renamed.share_target = Target::max();
  const auto replacement = std::make_shared<const Job>(renamed);
  source.replace_job(replacement);
  CHECK(source.job() == replacement);
  const WorkUnit unit = source.next(0).value();
  CHECK(extranonce2_of(unit) == 5);
  CHECK(unit.job == replacement);
  CHECK(unit.scan_input().zero_mask == 0u);
}

TEST_CASE("work: a unit's headers are the job's") {
  const JobPtr job = make_job(4, kFullMask);
  WorkSource source(job, 1, 3, 5);
  for (int i = 0; i < 20; ++i) {
    const WorkUnit unit = source.next(0).value();
    const Header header = unit.header({0xdeadbeef, 3});
    CHECK(header.version == unit.versions[3]);
    CHECK(header.prev_hash == job->prev_hash);
    CHECK(header.merkle_root == merkle_root(*job, unit.extranonce2()));
    CHECK(header.time == unit.time);
    CHECK(header.bits == job->bits);
    CHECK(header.nonce == 0xdeadbeefu);
  }
}

TEST_CASE("work: the scan input is the headers' second block and midstates") {
  const JobPtr job = make_job(8, kFullMask);
  const WorkUnit unit = WorkSource(job, 0, 1, 8).next(0).value();
  const ScanInput input = unit.scan_input();
  CHECK(input.midstate_count == 8u);
  for (std::uint32_t i = 0; i < 8; ++i) {
    const Header header = unit.header({0, i});
    const Midstate expected = header.midstate();
    CHECK(std::equal(expected.words.begin(), expected.words.end(), input.midstates[i]));
    const auto bytes = header.serialize();
    CHECK(input.tail[0] == load_be32(&bytes[64]));
    CHECK(input.tail[1] == load_be32(&bytes[68]));
    CHECK(input.tail[2] == load_be32(&bytes[72]));
  }
  CHECK(input.zero_mask == job->submit_target().zero_mask());

  // A network target easier than the share target decides.
  Job test_network = plain_job(8, 0);
  test_network.network_target = Target::from_compact(0x207fffff).value();
  const auto easy = std::make_shared<const Job>(test_network);
  CHECK(WorkSource(easy, 0, 1, 1).next(0)->scan_input().zero_mask == 0x80u);
  CHECK(WorkSource(easy, 0, 1, 1).next(0)->scan_input().threshold ==
        easy->submit_target().threshold());
}
