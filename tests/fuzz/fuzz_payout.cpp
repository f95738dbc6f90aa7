#include <cstddef>
#include <cstdint>

#include "tests/fuzz/fuzz_payout.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::stratum::fuzz_payout({reinterpret_cast<const char*>(data), size});
  return 0;
}
