#pragma once
// OpenSSL hashing the same kind of header, as somebody would who writes a miner with it.

#include <array>
#include <vector>

#include "bench/load.h"
#include "core/header.h"

namespace ebb::bench {

enum class OpensslWay {
  whole,     ///< SHA256() over the 80 bytes and SHA256() over the digest
  midstate,  ///< a copied SHA256_CTX that holds the first 64 bytes, then SHA256_Final twice
};

class alignas(64) OpensslLoad final : public Load {
 public:
  OpensslLoad(OpensslWay way, unsigned worker);

  std::uint64_t hash_some() override;

  /// Compares the last digest of each stretch of nonces.
  bool is_right() const override;

 private:
  struct Sample {
    std::uint32_t nonce = 0;
    core::Hash256 hash;
  };

  OpensslWay way_;
  core::Header header_;
  std::vector<Sample> samples_;
};

}  // namespace ebb::bench
