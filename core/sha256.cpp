#include "core/sha256.h"

#include <algorithm>
#include <bit>

#include "core/sha256_constants.h"

namespace ebb::core {

std::string Hash256::to_display_hex() const {
  auto reversed = bytes;
  std::reverse(reversed.begin(), reversed.end());
  return to_hex(ByteView(reversed));
}

Midstate sha256_initial() noexcept {
  Midstate state;
  std::copy(std::begin(kSha256Initial), std::end(kSha256Initial), state.words.begin());
  return state;
}

Midstate sha256_compress(const Midstate& state, const std::uint8_t* block) noexcept {
  std::uint32_t w[64];
  for (int t = 0; t < 16; ++t)
    w[t] = load_be32(block + 4 * t);
  for (int t = 16; t < 64; ++t) {
    const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
    const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
    w[t] = s1 + w[t - 7] + s0 + w[t - 16];
  }
  auto [a, b, c, d, e, f, g, h] = state.words;
  for (int t = 0; t < 64; ++t) {
    const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const std::uint32_t ch = (e & f) ^ (~e & g);
    const std::uint32_t t1 = h + sum1 + ch + kSha256K[t] + w[t];
    const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const std::uint32_t maj = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + sum0 + maj;
  }
  Midstate next{{a, b, c, d, e, f, g, h}};
  for (std::size_t i = 0; i < 8; ++i)
    next.words[i] += state.words[i];
  return next;
}

Hash256 sha256(ByteView data) {
  Midstate state = sha256_initial();
  std::size_t offset = 0;
  for (; data.size() - offset >= 64; offset += 64) {
    state = sha256_compress(state, data.data() + offset);
  }

  std::uint8_t tail[128] = {};
  const std::size_t rest = data.size() - offset;
  std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(offset), rest, tail);
  tail[rest] = 0x80;
  const std::size_t tail_size = rest < 56 ? 64 : 128;
  const std::uint64_t bit_count = std::uint64_t{data.size()} * 8;
  store_be32(tail + tail_size - 8, static_cast<std::uint32_t>(bit_count >> 32));
  store_be32(tail + tail_size - 4, static_cast<std::uint32_t>(bit_count));
  for (std::size_t i = 0; i < tail_size; i += 64)
    state = sha256_compress(state, tail + i);

  Hash256 digest;
  for (std::size_t i = 0; i < 8; ++i)
    store_be32(&digest.bytes[4 * i], state.words[i]);
  return digest;
}

Hash256 sha256d(ByteView data) {
  return sha256(sha256(data).bytes);
}

}  // namespace ebb::core
