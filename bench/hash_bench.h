#pragma once
// `ebb bench hash`: how fast each kernel is on this machine.

#include <string>

namespace ebb::bench {

struct HashBenchOptions {
  std::string backend;  ///< empty: every usable one
  unsigned threads = 1;
  bool json = false;
};

/// Times every backend with 1 and with 32 midstates, checks hashes against the oracle afterwards,
/// prints a table or JSON on stdout. Returns the exit code: 3 when a hash was wrong.
int run_hash_bench(const HashBenchOptions& options);

}  // namespace ebb::bench
