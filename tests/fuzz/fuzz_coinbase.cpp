#include "tests/fuzz/fuzz_coinbase.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::stratum::node::fuzz_coinbase({reinterpret_cast<const char*>(data), size});
  return 0;
}
