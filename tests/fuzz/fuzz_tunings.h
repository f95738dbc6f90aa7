#pragma once
// What the fuzzer of kept tunings does with its bytes. The unit tests replay its corpus.

#include <stdexcept>
#include <string_view>

#include "cuda/tuning_cache.h"

namespace ebb::cuda {

/// Whatever is accepted is bounded, and is the same after it was written and read again.
inline void fuzz_tunings(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto entries = parse_cache(data);
  if (!entries) {
    must(!entries.error().empty() && entries.error().size() < 200, "error text");
    return;
  }
  must(entries->size() <= kMaxCacheEntries, "entries");
  const std::string text = format_cache(*entries);
  must(text.size() < kMaxCacheBytes, "length");
  must(parse_cache(text) == *entries, "written and read again");
}

}  // namespace ebb::cuda
