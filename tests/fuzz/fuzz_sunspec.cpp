#include "tests/fuzz/fuzz_sunspec.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::sources::fuzz_sunspec({reinterpret_cast<const char*>(data), size});
  return 0;
}
