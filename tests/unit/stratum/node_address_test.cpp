#include "stratum/node/address.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "tests/unit/catch.h"

namespace ebb::stratum::node {
namespace {

std::string script_of(std::string_view text) {
  const auto address = parse_address(text);
  return address ? core::to_hex(address->script) : address.error();
}

constexpr std::string_view kTaproot =
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";

}  // namespace

// The lists of BIP 350, and those of BIP 173 that it did not replace.
TEST_CASE("address: the BIPs' valid witness addresses, there and back") {
  const std::pair<const char*, const char*> cases[] = {
      {"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
       "0014751e76e8199196d454941c45d1b3a323f1433bd6"},
      {"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
       "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"},
      {"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
       "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6"},
      {"BC1SW50QGDZ25J", "6002751e"},
      {"bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323"},
      {"tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
       "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
      {"tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
       "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
      {kTaproot.data(), "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"},
  };
  for (const auto& [text, script] : cases) {
    INFO(text);
    CHECK(script_of(text) == script);
    std::string lower = text;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto address = parse_address(text).value();
    CHECK(address.network == (lower[0] == 'b' ? Network::mainnet : Network::testnet));
    CHECK(address_of(address.script, address.network) == lower);
  }
}

TEST_CASE("address: the BIPs' invalid witness addresses") {
  for (const char* text : {
           // BIP 350
           "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
           "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
           "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
           "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
           "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
           "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
           "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
           "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
           "bc1pw5dgrnzv",
           "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
           "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
           "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
           "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
           "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
           "bc1gmk9yu",
           // BIP 173
           "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty",
           "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
           "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2",
           "bc1rw5uspcuh",
           "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90",
           "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7",
           "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
           "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv",
           // Strings of both that are not even bech32
           "\x20"
           "1nwldj5",
           "\x7f"
           "1axkwrx",
           "\x80"
           "1eym55h",
           "pzry9x0s0muk",
           "1pzry9x0s0muk",
           "x1b4n0q5v",
           "li1dgmt3",
           "A1G7SGD8",
           "10a06t8",
           "1qzzfhee",
           "\x20"
           "1xj0phk",
           "y1b0jsk6g",
           "in1muywd",
           "mm1crxm3i",
           "M1VUXWEZ",
           "16plkw9",
           // Bech32, but no address
           "A12UEL5L",
           "?1ezyfcl",
           "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
           "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
       }) {
    INFO(text);
    CHECK_FALSE(parse_address(text));
  }
}

TEST_CASE("address: why it is none, in one line") {
  CHECK(parse_address("tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty").error() ==
        "'tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty' is no address of Bitcoin");
  CHECK(parse_address("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5")
            .error()
            .ends_with("' has a wrong checksum: mistyped?"));
  CHECK(parse_address("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh")
            .error()
            .ends_with("' has the checksum of bech32m, but must have bech32's"));
  CHECK(parse_address("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb")
            .error()
            .ends_with("' has a wrong checksum: mistyped?"));
  CHECK(parse_address("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNO")
            .error()
            .ends_with("' has a character that no such address has"));
  CHECK(parse_address("").error() == "'' has no prefix");
  CHECK(parse_address("alice.worker1").error().starts_with("'alice.worker1' "));
  CHECK(parse_address(std::string(5000, '1')).error().size() < 200);
  CHECK(parse_address(std::string(5000, 'q')).error().size() < 200);
  CHECK(parse_address("bc1\n\x1b[31m").error().find('\n') == std::string::npos);
}

// The genesis block's, the one of BIP 13's example form, and the same hashes elsewhere.
TEST_CASE("address: base58, there and back") {
  struct Case {
    const char* text;
    const char* script;
    Network network;
  };
  const Case cases[] = {
      {"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac",
       Network::mainnet},
      {"3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87",
       Network::mainnet},
      {"1111111111111111111114oLvT2", "76a914000000000000000000000000000000000000000088ac",
       Network::mainnet},
      {"mpXwg4jMtRhuSpVq4xS3HFHmCmWp9NyGKt", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac",
       Network::testnet},
  };
  for (const Case& it : cases) {
    INFO(it.text);
    const auto address = parse_address(it.text);
    REQUIRE(address);
    CHECK(core::to_hex(address->script) == it.script);
    CHECK(address->network == it.network);
    CHECK(address_of(address->script, it.network) == it.text);
  }
  // A private key's form is base58check, too.
  CHECK(parse_address("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ").error().find("5Hue") !=
        std::string::npos);
}

TEST_CASE("address: networks") {
  const auto on = [](std::string_view text) {
    const Address address = parse_address(text).value();
    return std::array{address.is_of(Network::mainnet), address.is_of(Network::testnet),
                      address.is_of(Network::regtest)};
  };
  CHECK(on(kTaproot) == std::array{true, false, false});
  CHECK(on("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa") == std::array{true, false, false});
  CHECK(on("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx") == std::array{false, true, false});
  CHECK(on("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080") == std::array{false, false, true});
  // Base58 cannot tell them apart.
  CHECK(on("mpXwg4jMtRhuSpVq4xS3HFHmCmWp9NyGKt") == std::array{false, true, true});

  CHECK(network_of_chain("main") == Network::mainnet);
  for (const char* chain : {"test", "testnet4", "signet"})
    CHECK(network_of_chain(chain) == Network::testnet);
  CHECK(network_of_chain("regtest") == Network::regtest);
  CHECK_FALSE(network_of_chain("bcash"));
}

TEST_CASE("address: a payout goes where a rule protects it") {
  for (std::string_view text : {kTaproot, std::string_view("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
                                std::string_view("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4")})
    CHECK(parse_payout_address(text));
  for (const char* text : {"BC1SW50QGDZ25J", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
                           "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5"
                           "nd6y",
                           "bc1pfeessrawgf"}) {
    INFO(text);
    REQUIRE(parse_address(text));
    CHECK(parse_payout_address(text).error() ==
          "'" + std::string(text) +
              "' is an address that no rule protects: anyone could take what it is paid");
  }
}

TEST_CASE("address: scripts that no address stands for") {
  for (const char* script :
       {"", "51", "6a24aa21a9ed", "0013751e76e8199196d454941c45d1b3a323f1433b",
        "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ad",
        "a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888", "5101ff", "6102ffff", "5103ffff"}) {
    INFO(script);
    CHECK_FALSE(address_of(core::from_hex(script).value(), Network::mainnet));
  }
}

}  // namespace ebb::stratum::node
