// The one kernel source on a vector of one lane that counts its operations and can get one wrong.

#include "core/scan_kernel.h"

#include <vector>

#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using ebb::test::Random;

namespace {

struct Tally {
  unsigned adds = 0, logic = 0, shifts = 0;
  unsigned total() const { return adds + logic + shifts; }
};

Tally done;
constexpr unsigned kNoFault = ~0u;
unsigned wrong_operation = kNoFault;  ///< the number of the operation that gives the complement
std::vector<std::uint32_t> last_words;

/// A lane. Operations on constants alone are free, and so is adding zero: compilers fold them.
struct Lane {
  std::uint32_t value = 0;
  bool constant = true;

  Lane() = default;
  Lane(std::uint32_t v, bool c) : value(v), constant(c) {}
};

Lane operation(unsigned& kind, std::uint32_t value, bool constant) {
  if (constant) return {value, true};
  if (done.total() == wrong_operation) value = ~value;
  ++kind;
  return {value, false};
}

Lane operator+(Lane x, Lane y) {
  if (x.constant && x.value == 0) return y;
  if (y.constant && y.value == 0) return x;
  return operation(done.adds, x.value + y.value, x.constant && y.constant);
}
Lane operator+(Lane x, std::uint32_t y) {
  return x + Lane(y, true);
}
Lane& operator+=(Lane& x, Lane y) {
  return x = x + y;
}
Lane operator^(Lane x, Lane y) {
  return operation(done.logic, x.value ^ y.value, x.constant && y.constant);
}
Lane operator&(Lane x, Lane y) {
  return operation(done.logic, x.value & y.value, x.constant && y.constant);
}
Lane operator|(Lane x, Lane y) {
  return operation(done.logic, x.value | y.value, x.constant && y.constant);
}
Lane operator|(Lane x, std::uint32_t y) {
  return x | Lane(y, true);
}
Lane operator>>(Lane x, int n) {
  return operation(done.shifts, x.value >> n, x.constant);
}
Lane operator<<(Lane x, int n) {
  return operation(done.shifts, x.value << n, x.constant);
}

/// As AVX2 and SSE2 compute: a rotation is three operations, logic has two inputs.
struct TwoInputs : Lanes<Lane> {
  using Stored = Lane;
  static constexpr std::uint32_t kLanes = 1;
  static Lane lane_offsets() { return {0, false}; }
  static std::uint32_t zero_lanes(Lane x, std::uint32_t mask) {
    last_words.push_back(x.value);
    return (x.value & mask) == 0;
  }
};

/// As AVX-512 computes: a rotation is one operation, and so is any logic of three inputs.
struct ThreeInputs : TwoInputs {
  static Lane rotr(Lane x, int n) {
    return operation(done.shifts, Lanes<std::uint32_t>::rotr(x.value, n), x.constant);
  }
  static Lane xor3(Lane x, Lane y, Lane z) {
    return operation(done.logic, x.value ^ y.value ^ z.value, x.constant && y.constant);
  }
  static Lane big_sigma0(Lane x) { return xor3(rotr(x, 2), rotr(x, 13), rotr(x, 22)); }
  static Lane big_sigma1(Lane x) { return xor3(rotr(x, 6), rotr(x, 11), rotr(x, 25)); }
  static Lane small_sigma0(Lane x) { return xor3(rotr(x, 7), rotr(x, 18), x >> 3); }
  static Lane small_sigma1(Lane x) { return xor3(rotr(x, 17), rotr(x, 19), x >> 10); }
  static Lane choose(Lane e, Lane f, Lane g) {
    const auto value = Lanes<std::uint32_t>::choose(e.value, f.value, g.value);
    return operation(done.logic, value, e.constant && f.constant && g.constant);
  }
  static Lane majority(Lane a, Lane b, Lane c, Lane&) {
    const auto value = (a.value & b.value) | (c.value & (a.value | b.value));
    return operation(done.logic, value, a.constant && b.constant && c.constant);
  }
};

struct Problem {
  explicit Problem(unsigned midstates) {
    Random random(midstates);
    header = ebb::test::random_header(random);
    versions = ebb::test::random_versions(random, midstates);
    nonce = random.u32() & ~1u;
  }
  /// Last digest words of one step of the kernel.
  template <class Isa>
  std::vector<std::uint32_t> step() const {
    done = {};
    last_words.clear();
    Candidate buffer[kMinCandidateCapacity];
    scan_with<Isa>(ebb::test::input_of(header, versions, ~0u), nonce, 1, buffer,
                   kMinCandidateCapacity);
    return last_words;
  }
  std::vector<std::uint32_t> expected() const {
    std::vector<std::uint32_t> words;
    const std::uint32_t vectors = versions.size() % 2 == 0 ? 1 : 2;
    for (const std::uint32_t version : versions) {
      for (std::uint32_t v = 0; v < vectors; ++v)
        words.push_back(ebb::test::last_word(header, version, nonce + v));
    }
    return words;
  }

  Header header;
  std::vector<std::uint32_t> versions;
  std::uint32_t nonce = 0;
};

/// Operations a nonce trial, of 32 midstates or of one.
template <class Isa>
double per_trial(unsigned midstates) {
  const Problem problem(midstates);
  REQUIRE(problem.step<Isa>() == problem.expected());
  return static_cast<double>(done.total()) / static_cast<double>(problem.expected().size());
}

}  // namespace

TEST_CASE("scan kernel: right on one lane, for any number of midstates") {
  for (unsigned midstates = 1; midstates <= kMaxMidstates; ++midstates) {
    const Problem problem(midstates);
    CHECK(problem.step<TwoInputs>() == problem.expected());
    CHECK(problem.step<ThreeInputs>() == problem.expected());
  }
}

// The figures of docs/hashing.md and of `ebb bench hash`'s bounds.
TEST_CASE("scan kernel: operations a trial") {
  CHECK(per_trial<ThreeInputs>(32) == 2403.40625);
  CHECK(per_trial<ThreeInputs>(1) == 2850);
  CHECK(per_trial<TwoInputs>(32) == 4937.28125);
  CHECK(per_trial<TwoInputs>(1) == 5752);
}

TEST_CASE("scan kernel: no operation is without effect, so none can be wrong unseen") {
  const Problem problem(2);
  const auto expected = problem.expected();
  REQUIRE(problem.step<TwoInputs>() == expected);
  const unsigned operations = done.total();
  for (wrong_operation = 0; wrong_operation < operations; ++wrong_operation) {
    if (problem.step<TwoInputs>() == expected) FAIL("operation " << wrong_operation);
  }
  problem.step<ThreeInputs>();
  const unsigned fewer = done.total();
  for (wrong_operation = 0; wrong_operation < fewer; ++wrong_operation) {
    if (problem.step<ThreeInputs>() == expected) FAIL("operation " << wrong_operation);
  }
  wrong_operation = kNoFault;
}
