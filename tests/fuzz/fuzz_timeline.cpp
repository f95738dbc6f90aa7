#include "tests/fuzz/fuzz_timeline.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::throttle::fuzz_timeline({reinterpret_cast<const char*>(data), size});
  return 0;
}
