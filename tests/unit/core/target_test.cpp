#include "core/target.h"

#include <bit>
#include <cmath>
#include <limits>

#include "tests/unit/catch.h"
#include "tests/unit/core/support.h"

using namespace ebb::core;
using ebb::test::Random;

namespace {

/// The number, least significant byte first, as a hash holds it.
Hash256 hash_of(const Target& target) {
  Hash256 hash;
  for (std::size_t i = 0; i < 32; ++i)
    hash.bytes[i] = static_cast<std::uint8_t>(target.words()[i / 8] >> (8 * (i % 8)));
  return hash;
}

std::string hex_of(const Target& target) {
  return hash_of(target).to_display_hex();
}

Hash256 plus_one(Hash256 hash) {
  for (auto& byte : hash.bytes) {
    if (++byte != 0) break;
  }
  return hash;
}

Hash256 minus_one(Hash256 hash) {
  for (auto& byte : hash.bytes) {
    if (byte-- != 0) break;
  }
  return hash;
}

/// A target of up to `bits` bits.
Target random_target(Random& random, unsigned bits) {
  const double scale = std::ldexp(1.0, static_cast<int>(224 - bits));
  const double jitter = 1.0 + static_cast<double>(random.u64() >> 12) * 0x1p-52;
  return Target::from_difficulty(scale * jitter).value();
}

bool passes_filter(const Target& target, const Hash256& hash) {
  return (load_be32(&hash.bytes[28]) & target.zero_mask()) == 0;
}

/// Marsaglia's xorshift64*, which the Python that made the digests below also has.
class Xorshift {
 public:
  explicit Xorshift(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1dULL;
  }

 private:
  std::uint64_t state_;
};

std::string digest_of_targets(const std::vector<double>& difficulties) {
  Bytes joined;
  for (const double difficulty : difficulties) {
    const Hash256 hash = hash_of(Target::from_difficulty(difficulty).value());
    joined.insert(joined.end(), hash.bytes.begin(), hash.bytes.end());
  }
  return to_hex(sha256(joined).bytes);
}

struct CompactCase {
  std::uint32_t bits;
  const char* target;  ///< nullptr: refused
};

// From Bitcoin Core's arith_uint256_tests (bignum_SetCompact), its negatives and overflows refused,
// and the corners around them.
constexpr CompactCase kCompactCases[] = {
    {0x00000000, nullptr},
    {0x00123456, nullptr},
    {0x00ffffff, nullptr},
    {0x01003456, nullptr},
    {0x01008000, nullptr},
    {0x0100ffff, nullptr},
    {0x02000056, nullptr},
    {0x03000000, nullptr},
    {0x04000000, nullptr},
    {0x00923456, nullptr},
    {0x01803456, nullptr},
    {0x02800056, nullptr},
    {0x03800000, nullptr},
    {0x04800000, nullptr},
    {0x20800000, nullptr},
    {0x01123456, "0000000000000000000000000000000000000000000000000000000000000012"},
    {0x01010000, "0000000000000000000000000000000000000000000000000000000000000001"},
    {0x01fedcba, nullptr},
    {0x02123456, "0000000000000000000000000000000000000000000000000000000000001234"},
    {0x02008000, "0000000000000000000000000000000000000000000000000000000000000080"},
    {0x03000001, "0000000000000000000000000000000000000000000000000000000000000001"},
    {0x03123456, "0000000000000000000000000000000000000000000000000000000000123456"},
    {0x04000001, "0000000000000000000000000000000000000000000000000000000000000100"},
    {0x04123456, "0000000000000000000000000000000000000000000000000000000012345600"},
    {0x04923456, nullptr},
    {0x05009234, "0000000000000000000000000000000000000000000000000000000092340000"},
    {0x20123456, "1234560000000000000000000000000000000000000000000000000000000000"},
    {0xff123456, nullptr},
    {0x1d00ffff, "00000000ffff0000000000000000000000000000000000000000000000000000"},
    {0x1b0404cb, "00000000000404cb000000000000000000000000000000000000000000000000"},
    {0x1f7fffff, "007fffff00000000000000000000000000000000000000000000000000000000"},
    {0x207fffff, "7fffff0000000000000000000000000000000000000000000000000000000000"},
    {0x2100ffff, "ffff000000000000000000000000000000000000000000000000000000000000"},
    {0x21008000, "8000000000000000000000000000000000000000000000000000000000000000"},
    {0x21010000, nullptr},
    {0x217fffff, nullptr},
    {0x220000ff, "ff00000000000000000000000000000000000000000000000000000000000000"},
    {0x22000100, nullptr},
    {0x2200ffff, nullptr},
    {0x23000001, nullptr},
    {0xff000001, nullptr},
    {0xff000000, nullptr},
};

struct DifficultyCase {
  double difficulty;
  const char* target;
};

// Python: p, q = d.as_integer_ratio(); min((0xFFFF << 208) * q // p, 2**256 - 1)
constexpr DifficultyCase kDifficultyCases[] = {
    {5e-324, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {1.5e-310, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {0x1p-1022, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {1e-100, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {1e-20, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {0x1p-33, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {0x1p-32, "ffff000000000000000000000000000000000000000000000000000000000000"},
    {0x1.fffep-33, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {0x1.fffe000000001p-33, "fffffffffffff7fff7fff7fff83ff87ff8bff8fdf939f973f9ac09e23a169a49"},
    {2.328270909401908e-10, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {5e-10, "77351cca6bfffde9036bfc1102a360f22c33c13afc7e6df99f75498292abfb6f"},
    {1e-09, "3b9a8e6535fffef481b5fe088151b0791619e09d7e3f36fccfbaa4c14955fdb7"},
    {1e-06, "000f4230bdc0000031c1146eb9d000a23c55600c62fe11023b62f063c9f1f607"},
    {0.001, "000003e7fc17fffffffa2405dc00000008c9f735fffffff2d10d2f00000013c6"},
    {0.01, "00000063ff9bffffffff6a009600000000e0ff1efffffffeae815180000001fa"},
    {0.1, "00000009fff5ffffffffd80028000000009fff5ffffffffd80028000000009ff"},
    {0.125, "00000007fff80000000000000000000000000000000000000000000000000000"},
    {0.3, "0000000355520000000008e385555555556d09638e38e38e7819097b425ed140"},
    {0.5, "00000001fffe0000000000000000000000000000000000000000000000000000"},
    {0.6666666666666666, "000000017ffe8000000005fffa0000000017ffe8000000005fffa0000000017f"},
    {0.9999999999999999, "00000000ffff0000000007fff8000000003fffc000000001fffe000000000fff"},
    {1.0, "00000000ffff0000000000000000000000000000000000000000000000000000"},
    {1.0000000000000002, "00000000fffefffffffff0001000000000fffefffffffff0001000000000fffe"},
    {1.5, "00000000aaaa0000000000000000000000000000000000000000000000000000"},
    {2.0, "000000007fff8000000000000000000000000000000000000000000000000000"},
    {3.0, "0000000055550000000000000000000000000000000000000000000000000000"},
    {3.141592653589793, "00000000517c703a656ae457d6fb5265b515aebfd838fae2a994039ad242fb40"},
    {7.0, "0000000024922492492492492492492492492492492492492492492492492492"},
    {10.0, "0000000019998000000000000000000000000000000000000000000000000000"},
    {42.5, "0000000006060000000000000000000000000000000000000000000000000000"},
    {512.0, "00000000007fff80000000000000000000000000000000000000000000000000"},
    {1000.0, "00000000004188f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28f5c28"},
    {16383.75, "0000000000040000000000000000000000000000000000000000000000000000"},
    {65535.0, "0000000000010000000000000000000000000000000000000000000000000000"},
    {65536.0, "000000000000ffff000000000000000000000000000000000000000000000000"},
    {1000000.0, "00000000000010c6e6d9be4cd74927913e81450efdc9c4da9003eea209aaa3ad"},
    {123456789.123, "0000000000000022c9e88a648fafeb97a4c810539de7fedcaaca03714559a7dd"},
    {4294967296.0, "0000000000000000ffff00000000000000000000000000000000000000000000"},
    {1000000000000.0, "00000000000000000119787e99468e32f6e0e71cef78ee034b5f8a0944d68076"},
    {9000000000000000.0, "0000000000000000000008019b616e18865793b590691d9bd1ac20c140a9705e"},
    {9007199254740991.0, "0000000000000000000007fff8000000003fffc000000001fffe000000000fff"},
    {9007199254740992.0, "0000000000000000000007fff800000000000000000000000000000000000000"},
    {9007199254740994.0, "0000000000000000000007fff7ffffffff80008000000007fff7ffffffff8000"},
    {120000000000000.0, "000000000000000000025878858b412f5ba846314ecbaca66d6d989df1a3ebbc"},
    {0x1p+64, "000000000000000000000000ffff000000000000000000000000000000000000"},
    {1e+18, "000000000000000000000012724b5f7471d95d3bbefee5e602a7b17261180d8e"},
    {1e+30, "00000000000000000000000000000000144837b69fc3b3a68502dda8f577f8d6"},
    {1e+60, "00000000000000000000000000000000000000000000000000000000019b5eaf"},
    {0x1p+207, "000000000000000000000000000000000000000000000000000000000001fffe"},
    {4.113761393303015e+62, "000000000000000000000000000000000000000000000000000000000000ffff"},
    {2.695953529101131e+67, "0000000000000000000000000000000000000000000000000000000000000001"},
    {0x1.fffep+222, "0000000000000000000000000000000000000000000000000000000000000002"},
    {0x1.fffe000000001p+223, "0000000000000000000000000000000000000000000000000000000000000000"},
    {0x1.fffdfffffffffp+223, "0000000000000000000000000000000000000000000000000000000000000001"},
    {1e+67, "0000000000000000000000000000000000000000000000000000000000000002"},
    {1.7e+67, "0000000000000000000000000000000000000000000000000000000000000001"},
    {1e+68, "0000000000000000000000000000000000000000000000000000000000000000"},
    {1e+70, "0000000000000000000000000000000000000000000000000000000000000000"},
    {1e+308, "0000000000000000000000000000000000000000000000000000000000000000"},
    {0x1.fffffffffffffp+1023, "0000000000000000000000000000000000000000000000000000000000000000"},
};

}  // namespace

TEST_CASE("target: from_compact") {
  for (const auto& [bits, expected] : kCompactCases) {
    INFO(to_hex(bits));
    const auto target = Target::from_compact(bits);
    REQUIRE(target.has_value() == (expected != nullptr));
    if (target) CHECK(hex_of(*target) == expected);
  }
}

// Every exponent with mantissas around the byte borders and the sign bit; the digest is that of a
// Python transcription of arith_uint256::SetCompact.
TEST_CASE("target: from_compact over all exponents") {
  Bytes joined;
  for (std::uint32_t exponent = 0; exponent < 256; ++exponent) {
    for (const std::uint32_t mantissa :
         {0x0u, 0x1u, 0x7fu, 0x80u, 0xffu, 0x100u, 0x8000u, 0xffffu, 0x10000u, 0x123456u, 0x7f0000u,
          0x7fff00u, 0x7fffffu, 0x800000u, 0x800001u, 0x80ffffu, 0x923456u, 0xffffffu}) {
      const auto target = Target::from_compact(exponent << 24 | mantissa);
      joined.push_back(target ? 1 : 0);
      if (!target) continue;
      const Hash256 hash = hash_of(*target);
      joined.insert(joined.end(), hash.bytes.begin(), hash.bytes.end());
    }
  }
  CHECK(to_hex(sha256(joined).bytes) ==
        "f31a406d2bd1f68a094a4b2921dbfd8cf5e6655cf96e169243fe6c262c57bbec");
}

TEST_CASE("target: from_difficulty is exact") {
  for (const auto& [difficulty, expected] : kDifficultyCases) {
    INFO(difficulty);
    const auto target = Target::from_difficulty(difficulty);
    REQUIRE(target.has_value());
    CHECK(hex_of(*target) == expected);
  }
}

TEST_CASE("target: from_difficulty of 40 000 doubles") {
  Xorshift random(0x746172676574);
  std::vector<double> anywhere, useful;
  for (int i = 0; i < 20'000; ++i) {
    std::uint64_t bits = random.next() & ~(std::uint64_t{1} << 63);
    if (bits >> 52 == 0x7ff) bits &= ~(std::uint64_t{1} << 62);
    anywhere.push_back(std::bit_cast<double>(bits));
  }
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random.next();
    const std::uint64_t exponent = 1023 - 40 + (bits >> 52) % 272;
    useful.push_back(
        std::bit_cast<double>(exponent << 52 | (bits & ((std::uint64_t{1} << 52) - 1))));
  }
  CHECK(digest_of_targets(anywhere) ==
        "b31b6d674ea1f8ddb1713e72b07e408d8af21a01b08a6d656d61e002182063a0");
  CHECK(digest_of_targets(useful) ==
        "d9e595510bdd513c82208ccf3cfda2e235362be4a75996a16e57da2bc57ca178");
}

TEST_CASE("target: from_difficulty refuses what is no difficulty") {
  using Limits = std::numeric_limits<double>;
  for (const double difficulty : {Limits::quiet_NaN(), Limits::signaling_NaN(), Limits::infinity(),
                                  -Limits::infinity(), 0.0, -0.0, -1.0, -5e-324, -1e308}) {
    INFO(difficulty);
    CHECK_FALSE(Target::from_difficulty(difficulty).has_value());
  }
}

TEST_CASE("target: a hash may equal the target and not exceed it") {
  Random random(1);
  std::vector<Target> targets = {Target::from_compact(0x1d00ffff).value(),
                                 Target::from_difficulty(0.001).value(),
                                 Target::from_difficulty(16383.75).value()};
  for (unsigned bits = 60; bits <= 255; ++bits)
    targets.push_back(random_target(random, bits));
  for (const Target& target : targets) {
    INFO(hex_of(target));
    const Hash256 equal = hash_of(target);
    CHECK(target.is_met_by(equal));
    CHECK(target.is_met_by(minus_one(equal)));
    CHECK_FALSE(target.is_met_by(plus_one(equal)));
  }

  Hash256 all_ones;
  all_ones.bytes.fill(0xff);
  CHECK(Target::max().is_met_by(all_ones));
  CHECK_FALSE(Target::from_compact(0x207fffff)->is_met_by(all_ones));
  CHECK(Target().is_met_by(Hash256{}));
  CHECK_FALSE(Target().is_met_by(plus_one(Hash256{})));
}

TEST_CASE("target: comparison looks at the most significant byte first") {
  for (std::size_t byte = 1; byte < 32; ++byte) {
    const auto exponent = static_cast<std::uint32_t>(byte + 1);
    const Target target = Target::from_compact(exponent << 24 | 0x010000).value();
    Hash256 below;
    for (std::size_t i = 0; i < byte; ++i)
      below.bytes[i] = 0xff;
    Hash256 above;
    above.bytes[byte] = 1;
    above.bytes[0] = 1;
    INFO("byte " << byte << ", target " << hex_of(target));
    CHECK(target.is_met_by(below));
    CHECK_FALSE(target.is_met_by(above));
  }
  const Target easy = Target::from_compact(0x1d00ffff).value();
  const Target hard = Target::from_compact(0x1b0404cb).value();
  CHECK(hard < easy);
  CHECK(easy > hard);
  CHECK(easy <= easy);
  CHECK(easy == Target::from_difficulty(1.0).value());
  CHECK_FALSE(easy == hard);
}

TEST_CASE("target: zero_mask lets every hit through") {
  Random random(2);
  std::vector<Target> targets = {Target(), Target::max(), Target::from_compact(0x1d00ffff).value()};
  for (unsigned bits = 180; bits <= 255; ++bits) {
    for (int i = 0; i < 5; ++i)
      targets.push_back(random_target(random, bits));
  }
  for (const Target& target : targets) {
    INFO(hex_of(target));
    REQUIRE(passes_filter(target, hash_of(target)));
    for (int i = 0; i < 50; ++i) {
      // Random below some byte of the target, so that about half are at or under it.
      Hash256 hash = hash_of(target);
      const Hash256 noise = random.hash();
      std::copy_n(noise.bytes.begin(), random.below(33), hash.bytes.begin());
      if (target.is_met_by(hash) && !passes_filter(target, hash)) FAIL(hash.to_display_hex());
    }
  }
}

TEST_CASE("target: the threshold lets every hit through, and nothing that the mask stops") {
  Random random(3);
  for (unsigned bits = 180; bits <= 255; ++bits) {
    for (int i = 0; i < 20; ++i) {
      const Target target = random_target(random, bits);
      INFO(hex_of(target));
      Hash256 hash = hash_of(target);
      REQUIRE(load_le32(&hash.bytes[28]) == target.threshold());
      const Hash256 noise = random.hash();
      std::copy_n(noise.bytes.begin(), 32 - random.below(6), hash.bytes.begin());
      const bool passes = load_le32(&hash.bytes[28]) <= target.threshold();
      if (target.is_met_by(hash)) CHECK(passes);
      if (passes) CHECK(passes_filter(target, hash));
    }
  }
  CHECK(Target::max().threshold() == 0xffffffffu);
  CHECK(Target::from_compact(0x1d00ffff)->threshold() == 0u);
  CHECK(Target::from_compact(0x1d010000)->threshold() == 1u);
}

TEST_CASE("target: zero_mask is as tight as leading zeros allow") {
  // h7 holds the number's last four bytes with the most significant byte lowest.
  CHECK(Target::max().zero_mask() == 0u);
  CHECK(Target().zero_mask() == 0xffffffffu);
  CHECK(Target::from_compact(0x1d00ffff)->zero_mask() == 0xffffffffu);
  CHECK(Target::from_compact(0x1e00ffff)->zero_mask() == 0x00ffffffu);
  CHECK(Target::from_compact(0x1f00ffff)->zero_mask() == 0x0000ffffu);
  CHECK(Target::from_compact(0x1f7fffff)->zero_mask() == 0x000080ffu);
  CHECK(Target::from_compact(0x2000ffff)->zero_mask() == 0x000000ffu);
  CHECK(Target::from_compact(0x200fffff)->zero_mask() == 0x000000f0u);
  CHECK(Target::from_compact(0x207fffff)->zero_mask() == 0x00000080u);
  CHECK(Target::from_compact(0x2100ffff)->zero_mask() == 0u);
  CHECK(Target::from_compact(0x1d000001)->zero_mask() == 0xffffffffu);
  CHECK(Target::from_compact(0x1d010000)->zero_mask() == 0xfeffffffu);
}

TEST_CASE("target: difficulty is the inverse") {
  CHECK(Target::from_compact(0x1d00ffff)->difficulty() == 1.0);
  CHECK(Target::from_compact(0x1b0404cb)->difficulty() ==
        Approx(16307.420938523983).epsilon(1e-15));
  CHECK(Target::from_compact(0x170331db)->difficulty() == Approx(88104191118793.16).epsilon(1e-15));
  CHECK(std::isinf(Target().difficulty()));
  // No target is easier than 2^256 - 1.
  CHECK(Target::max().difficulty() == Approx(65535 * 0x1p-48).epsilon(1e-15));
  for (int exponent = -31; exponent <= 190; ++exponent) {
    const double power = std::ldexp(1.0, exponent);
    CHECK(Target::from_difficulty(power)->difficulty() == power);
  }
  Random random(3);
  for (int i = 0; i < 1000; ++i) {
    const double difficulty = std::ldexp(1.0 + static_cast<double>(random.u64() >> 12) * 0x1p-52,
                                         static_cast<int>(random.below(180)) - 32);
    const Target target = Target::from_difficulty(difficulty).value();
    CHECK(target.difficulty() == Approx(difficulty).epsilon(1e-12));
    CHECK(difficulty_of(hash_of(target)) == target.difficulty());
  }
}

TEST_CASE("target: difficulty_of the genesis block's hash") {
  const auto genesis = ebb::test::mainnet_headers().at(0);
  CHECK(difficulty_of(genesis.header.hash()) == Approx(2536.4262984453103).epsilon(1e-15));
  CHECK(std::isinf(difficulty_of(Hash256{})));
}
