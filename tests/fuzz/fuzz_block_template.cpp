#include "tests/fuzz/fuzz_block_template.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::stratum::node::fuzz_block_template({reinterpret_cast<const char*>(data), size});
  return 0;
}
