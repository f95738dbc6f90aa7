#include "tests/fuzz/fuzz_openadr.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::sources::openadr::fuzz_openadr({reinterpret_cast<const char*>(data), size});
  return 0;
}
