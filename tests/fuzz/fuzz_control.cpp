#include "tests/fuzz/fuzz_control.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::miner::fuzz_control({reinterpret_cast<const char*>(data), size});
  return 0;
}
