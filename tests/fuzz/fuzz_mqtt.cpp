#include "tests/fuzz/fuzz_mqtt.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ebb::sources::fuzz_mqtt({reinterpret_cast<const char*>(data), size});
  return 0;
}
