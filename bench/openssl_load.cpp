#include "bench/openssl_load.h"

// The low-level calls are deprecated, and with OpenSSL 3.0 six times as fast on headers as
// SHA256(), which looks its implementation up each time.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>

namespace ebb::bench {
namespace {

constexpr std::uint32_t kHashesAtOnce = 4096;

core::Hash256 hash_whole(const std::array<std::uint8_t, 80>& header) {
  core::Hash256 first, second;
  SHA256(header.data(), header.size(), first.bytes.data());
  SHA256(first.bytes.data(), first.bytes.size(), second.bytes.data());
  return second;
}

core::Hash256 hash_tail(const SHA256_CTX& after_64, const std::uint8_t* tail) {
  core::Hash256 first, second;
  SHA256_CTX context = after_64;
  SHA256_Update(&context, tail, 16);
  SHA256_Final(first.bytes.data(), &context);
  SHA256_Init(&context);
  SHA256_Update(&context, first.bytes.data(), first.bytes.size());
  SHA256_Final(second.bytes.data(), &context);
  return second;
}

}  // namespace

OpensslLoad::OpensslLoad(OpensslWay way, unsigned worker) : way_(way) {
  header_.version = 0x20000000;
  header_.time = 1'700'000'000 + worker;
  header_.bits = 0x1d00ffff;
}

std::uint64_t OpensslLoad::hash_some() {
  auto bytes = header_.serialize();
  SHA256_CTX after_64;
  SHA256_Init(&after_64);
  SHA256_Update(&after_64, bytes.data(), 64);
  Sample sample;
  for (std::uint32_t i = 0; i < kHashesAtOnce; ++i) {
    sample.nonce = header_.nonce++;
    core::store_le32(&bytes[76], sample.nonce);
    sample.hash = way_ == OpensslWay::whole ? hash_whole(bytes) : hash_tail(after_64, &bytes[64]);
  }
  samples_.push_back(sample);
  return kHashesAtOnce;
}

bool OpensslLoad::is_right() const {
  const auto is_hash = [&](const Sample& sample) {
    core::Header header = header_;
    header.nonce = sample.nonce;
    return header.hash() == sample.hash;
  };
  return !samples_.empty() && std::all_of(samples_.begin(), samples_.end(), is_hash);
}

}  // namespace ebb::bench
