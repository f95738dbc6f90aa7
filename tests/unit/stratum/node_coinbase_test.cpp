#include "stratum/node/coinbase.h"

#include "tests/unit/catch.h"
#include "tests/unit/stratum/node_support.h"

namespace ebb::stratum::node {
namespace {

std::string hex(const core::Bytes& bytes) {
  return core::to_hex(bytes);
}

core::Bytes whole(const CoinbaseParts& parts, const core::Bytes& extranonce) {
  core::Bytes bytes = parts.prefix;
  bytes.insert(bytes.end(), extranonce.begin(), extranonce.end());
  bytes.insert(bytes.end(), parts.suffix.begin(), parts.suffix.end());
  return bytes;
}

}  // namespace

// What Bitcoin Core's `CScript() << height` gives; 840000 as in the real block's coinbase.
TEST_CASE("coinbase: heights are pushed as BIP 34 wants") {
  const std::pair<std::uint32_t, const char*> cases[] = {
      {0, "00"},
      {1, "51"},
      {2, "52"},
      {16, "60"},
      {17, "0111"},
      {127, "017f"},
      {128, "028000"},
      {255, "02ff00"},
      {256, "020001"},
      {32767, "02ff7f"},
      {32768, "03008000"},
      {840000, "0340d10c"},
      {8388607, "03ffff7f"},
      {8388608, "0400008000"},
  };
  for (const auto& [height, expected] : cases) {
    INFO(height);
    CHECK(hex(push_height(height)) == expected);
  }
}

TEST_CASE("coinbase: the bytes, field by field") {
  BlockTemplate block_template = some_template(0);
  block_template.height = 1;
  block_template.coinbase_value = 5'000'000'000;
  const core::Bytes payout = {0x51};
  const std::string prefix =
      "02000000"                                                          // version
      "01"                                                                // one input
      "0000000000000000000000000000000000000000000000000000000000000000"  // of nothing
      "ffffffff"
      "14"            // script: 1 + 6 + 1 + 12 bytes
      "51"            // height 1
      "052f6562622f"  // "/ebb/"
      "0c";           // push of the extranonce
  const std::string payment =
      "00f2052a01000000"
      "0151";

  SECTION("before segwit") {
    const CoinbaseParts parts = build_coinbase(block_template, 12, payout);
    CHECK(hex(parts.prefix) == prefix);
    CHECK(hex(parts.suffix) ==
          "ffffffff"
          "01" +
              payment + "00000000");
  }

  SECTION("with a witness commitment") {
    block_template.witness_commitment_script =
        core::from_hex("6a24aa21a9ed" + std::string(64, 'e')).value();
    const CoinbaseParts parts = build_coinbase(block_template, 12, payout);
    CHECK(hex(parts.prefix) == prefix);
    CHECK(hex(parts.suffix) ==
          "ffffffff"
          "02" +
              payment +
              "0000000000000000"
              "26"
              "6a24aa21a9ed" +
              std::string(64, 'e') + "00000000");
  }
}

TEST_CASE("coinbase: the longest script stays below consensus' 100 bytes") {
  BlockTemplate block_template = some_template(0);
  block_template.height = 0xffffffff;
  const CoinbaseParts parts = build_coinbase(block_template, kMaxExtranonce, core::Bytes{0x51});
  const std::size_t script_size = parts.prefix.at(4 + 1 + 36);
  CHECK(script_size == 6 + 6 + 1 + kMaxExtranonce);
  CHECK(parts.prefix.size() == 4 + 1 + 36 + 1 + script_size - kMaxExtranonce);
}

TEST_CASE("coinbase: a payout script above 252 bytes has a longer count") {
  const core::Bytes payout(300, 0x51);
  const CoinbaseParts parts = build_coinbase(some_template(0), 12, payout);
  CHECK(hex(parts.suffix).find("fd2c01" + hex(payout)) != std::string::npos);
}

TEST_CASE("coinbase: the witness goes around the outputs, and the rest stays") {
  const core::Bytes plain =
      whole(build_coinbase(some_template(0), 12, core::Bytes{0x51}), core::Bytes(12, 0xab));
  const std::string text = hex(plain);
  const std::string reserved = "0120" + std::string(64, '0');
  CHECK(hex(with_coinbase_witness(plain)) == text.substr(0, 8) + "0001" +
                                                 text.substr(8, text.size() - 16) + reserved +
                                                 text.substr(text.size() - 8));
}

}  // namespace ebb::stratum::node
