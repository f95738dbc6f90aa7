#include "tests/fuzz/fuzz_proxy.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::stratum::fuzz_proxy({reinterpret_cast<const char*>(data), size});
  return 0;
}
