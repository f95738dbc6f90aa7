#include "stratum/node/coinbase.h"

#include <array>

#include "stratum/node/serialize.h"

namespace ebb::stratum::node {
namespace {

constexpr std::array<std::uint8_t, 5> kTag = {'/', 'e', 'b', 'b', '/'};
constexpr std::size_t kVersionSize = 4;
constexpr std::size_t kLockTimeSize = 4;

void append_output(core::Bytes& out, std::uint64_t value, core::ByteView script) {
  append_le64(out, value);
  append_compact_size(out, script.size());
  append(out, script);
}

}  // namespace

core::Bytes push_height(std::uint32_t height) {
  if (height == 0) return {0x00};
  if (height <= 16) return {static_cast<std::uint8_t>(0x50 + height)};
  core::Bytes number;
  for (std::uint32_t rest = height; rest != 0; rest >>= 8)
    number.push_back(static_cast<std::uint8_t>(rest));
  if ((number.back() & 0x80) != 0) number.push_back(0);  // the top bit is the sign
  number.insert(number.begin(), static_cast<std::uint8_t>(number.size()));
  return number;
}

CoinbaseParts build_coinbase(const BlockTemplate& block_template, std::size_t extranonce_size,
                             core::ByteView payout_script) {
  // Tag and extranonce are pushes, not bare bytes: a bare 0xac would count as a signature
  // operation of the block.
  core::Bytes script = push_height(block_template.height);
  script.push_back(static_cast<std::uint8_t>(kTag.size()));
  append(script, kTag);
  script.push_back(static_cast<std::uint8_t>(extranonce_size));

  CoinbaseParts parts;
  append_le32(parts.prefix, 2);  // version
  append_compact_size(parts.prefix, 1);
  append(parts.prefix, core::Hash256{}.bytes);  // spends nothing
  append_le32(parts.prefix, 0xffffffff);
  append_compact_size(parts.prefix, script.size() + extranonce_size);
  append(parts.prefix, script);

  append_le32(parts.suffix, 0xffffffff);  // sequence
  const bool commits = !block_template.witness_commitment_script.empty();
  append_compact_size(parts.suffix, commits ? 2 : 1);
  append_output(parts.suffix, block_template.coinbase_value, payout_script);
  if (commits) append_output(parts.suffix, 0, block_template.witness_commitment_script);
  append_le32(parts.suffix, 0);  // lock time
  return parts;
}

core::Bytes with_coinbase_witness(core::ByteView coinbase) {
  core::Bytes out;
  append(out, coinbase.first(kVersionSize));
  out.push_back(0x00);  // marker
  out.push_back(0x01);  // flag
  append(out, coinbase.subspan(kVersionSize, coinbase.size() - kVersionSize - kLockTimeSize));
  append_compact_size(out, 1);
  append_compact_size(out, 32);
  append(out, core::Hash256{}.bytes);
  append(out, coinbase.last(kLockTimeSize));
  return out;
}

}  // namespace ebb::stratum::node
