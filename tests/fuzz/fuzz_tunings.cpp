#include "tests/fuzz/fuzz_tunings.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::cuda::fuzz_tunings({reinterpret_cast<const char*>(data), size});
  return 0;
}
