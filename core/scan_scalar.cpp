#include "core/scan_kernel.h"
#include "core/scan_kernels.h"

namespace ebb::core {
namespace {

struct Scalar : Lanes<std::uint32_t> {
  using Stored = std::uint32_t;
  static constexpr std::uint32_t kLanes = 1;
  static Word lane_offsets() { return 0; }
  static std::uint32_t zero_lanes(Word x, std::uint32_t mask) { return (x & mask) == 0; }
};

}  // namespace

ScanResult scan_scalar(const ScanInput& input, std::uint32_t first, std::uint64_t count,
                       Candidate* out, std::uint32_t capacity) noexcept {
  return scan_with<Scalar>(input, first, count, out, capacity);
}

}  // namespace ebb::core
