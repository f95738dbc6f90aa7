#include "stratum/node/address.h"

#include <algorithm>
#include <array>

#include "core/printable.h"
#include "stratum/node/base58.h"
#include "stratum/node/bech32.h"

namespace ebb::stratum::node {
namespace {

struct NetworkForm {
  Network network;
  std::string_view name;
  std::string_view prefix;  ///< of bech32
  std::uint8_t key_hash;    ///< first byte of base58, P2PKH
  std::uint8_t script_hash;
};
constexpr std::array<NetworkForm, 3> kNetworks = {{
    {Network::mainnet, "mainnet", "bc", 0x00, 0x05},
    {Network::testnet, "testnet", "tb", 0x6f, 0xc4},
    {Network::regtest, "regtest", "bcrt", 0x6f, 0xc4},
}};

const NetworkForm& form_of(Network network) {
  return *std::find_if(kNetworks.begin(), kNetworks.end(),
                       [&](const NetworkForm& form) { return form.network == network; });
}

constexpr std::size_t kHashSize = 20;
constexpr std::uint8_t kOp0 = 0x00, kOp1 = 0x51, kOpDup = 0x76, kOpEqual = 0x87,
                       kOpEqualVerify = 0x88, kOpHash160 = 0xa9, kOpCheckSig = 0xac;

core::Bytes joined(core::ByteView before, core::ByteView data, core::ByteView after = {}) {
  core::Bytes out(before.begin(), before.end());
  out.insert(out.end(), data.begin(), data.end());
  out.insert(out.end(), after.begin(), after.end());
  return out;
}

constexpr std::array<std::uint8_t, 3> kKeyHashBegin = {kOpDup, kOpHash160, kHashSize};
constexpr std::array<std::uint8_t, 2> kKeyHashEnd = {kOpEqualVerify, kOpCheckSig};
constexpr std::array<std::uint8_t, 2> kScriptHashBegin = {kOpHash160, kHashSize};
constexpr std::array<std::uint8_t, 1> kScriptHashEnd = {kOpEqual};

/// What stands between the two in the script; nothing when the script is another.
std::optional<core::ByteView> between(core::ByteView script, core::ByteView begin,
                                      core::ByteView end) {
  if (script.size() != begin.size() + kHashSize + end.size() ||
      !std::equal(begin.begin(), begin.end(), script.begin()) ||
      !std::equal(end.begin(), end.end(), script.end() - static_cast<std::ptrdiff_t>(end.size())))
    return std::nullopt;
  return script.subspan(begin.size(), kHashSize);
}

struct WitnessProgram {
  unsigned version = 0;
  core::ByteView program;
};

std::optional<WitnessProgram> witness_program_of(core::ByteView script) {
  if (script.size() < 4 || script.size() > 42 || script[1] != script.size() - 2)
    return std::nullopt;
  const core::ByteView program = script.subspan(2);
  if (script[0] == kOp0) {
    if (program.size() != 20 && program.size() != 32) return std::nullopt;
    return WitnessProgram{0, program};
  }
  if (script[0] < kOp1 || script[0] >= kOp1 + 16) return std::nullopt;
  return WitnessProgram{static_cast<unsigned>(script[0] - kOp1 + 1), program};
}

tl::unexpected<std::string> fault(const char* what) {
  return tl::unexpected(std::string(what));
}

tl::expected<Address, std::string> from_base58(std::string_view text) {
  if (text.size() > kMaxBase58) return fault("is too long for an address");
  if (!is_base58(text)) return fault("has a character that no such address has");
  const auto payload = decode_base58check(text);
  if (!payload) return fault("has a wrong checksum: mistyped?");
  if (payload->size() != 1 + kHashSize) return fault("is not as long as an address");
  const core::ByteView hash = core::ByteView(*payload).subspan(1);
  const auto form = std::find_if(kNetworks.begin(), kNetworks.end(), [&](const NetworkForm& it) {
    return payload->front() == it.key_hash || payload->front() == it.script_hash;
  });
  if (form == kNetworks.end()) return fault("is no address of Bitcoin");
  Address address;
  address.network = form->network;
  address.is_base58 = true;
  address.script = payload->front() == form->key_hash
                       ? joined(kKeyHashBegin, hash, kKeyHashEnd)
                       : joined(kScriptHashBegin, hash, kScriptHashEnd);
  return address;
}

tl::expected<Address, std::string> from_witness_address(std::string_view text) {
  const auto decoded = decode_witness_address(text);
  if (!decoded) return tl::unexpected(decoded.error());
  const auto form = std::find_if(kNetworks.begin(), kNetworks.end(), [&](const NetworkForm& it) {
    return decoded->prefix == it.prefix;
  });
  if (form == kNetworks.end()) return fault("is no address of Bitcoin");
  Address address;
  address.network = form->network;
  const std::array<std::uint8_t, 2> begin = {
      static_cast<std::uint8_t>(decoded->version == 0 ? kOp0 : kOp1 + decoded->version - 1),
      static_cast<std::uint8_t>(decoded->program.size())};
  address.script = joined(begin, decoded->program);
  return address;
}

}  // namespace

std::string_view name_of(Network network) {
  return form_of(network).name;
}

std::optional<Network> network_of_chain(std::string_view chain) {
  if (chain == "main") return Network::mainnet;
  if (chain == "test" || chain == "testnet4" || chain == "signet") return Network::testnet;
  if (chain == "regtest") return Network::regtest;
  return std::nullopt;
}

tl::expected<Address, std::string> parse_address(std::string_view text) {
  // What the first bytes of kNetworks make base58 begin with; no prefix of bech32 does.
  constexpr std::string_view kBase58Begins = "123mn";
  const bool base58 = !text.empty() && kBase58Begins.find(text.front()) != std::string_view::npos;
  auto address = base58 ? from_base58(text) : from_witness_address(text);
  if (!address) return tl::unexpected("'" + core::printable(text, 100) + "' " + address.error());
  return address;
}

tl::expected<Address, std::string> parse_payout_address(std::string_view text) {
  auto address = parse_address(text);
  if (!address) return address;
  const auto program = witness_program_of(address->script);
  if (program && (program->version > 1 || (program->version == 1 && program->program.size() != 32)))
    return tl::unexpected("'" + std::string(text) +
                          "' is an address that no rule protects: anyone could take what it is " +
                          "paid");
  return address;
}

std::optional<std::string> address_of(core::ByteView script, Network network) {
  const NetworkForm& form = form_of(network);
  const auto base58 = [](std::uint8_t first, core::ByteView hash) {
    return encode_base58check(joined(std::array{first}, hash));
  };
  if (const auto hash = between(script, kKeyHashBegin, kKeyHashEnd))
    return base58(form.key_hash, *hash);
  if (const auto hash = between(script, kScriptHashBegin, kScriptHashEnd))
    return base58(form.script_hash, *hash);
  if (const auto program = witness_program_of(script)) {
    return encode_witness_address({std::string(form.prefix), program->version,
                                   core::Bytes(program->program.begin(), program->program.end())});
  }
  return std::nullopt;
}

}  // namespace ebb::stratum::node
