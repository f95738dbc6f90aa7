#pragma once
// Something that hashes on one thread, and can be asked afterwards whether it did so rightly.

#include <cstdint>

namespace ebb::bench {

class Load {
 public:
  virtual ~Load() = default;

  /// Hashes for some milliseconds; returns how many hashes. On one thread at a time.
  virtual std::uint64_t hash_some() = 0;

  /// Compares what was found with the scalar oracle.
  virtual bool is_right() const = 0;
};

}  // namespace ebb::bench
