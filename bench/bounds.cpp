#include "bench/bounds.h"

namespace ebb::bench {
namespace {

/// Vector operations a trial, as the kernel's own test counts them (docs/hashing.md).
struct Operations {
  double schedule;  ///< of the header's second block, shared by the midstates
  double rest;
};
constexpr Operations kThreeInputs{461, 2389}, kTwoInputs{841, 4911};

struct Lanes {
  std::string_view backend;
  Operations operations;
  double ports;  ///< that take them, on Intel's cores since Skylake
  double lanes;
};
constexpr Lanes kLanes[] = {
    {"avx512", kThreeInputs, 2, 16}, {"avx2", kTwoInputs, 3, 8}, {"sse2", kTwoInputs, 3, 4}};

}  // namespace

std::optional<double> bound_cycles(std::string_view backend, unsigned midstates) {
  for (const Lanes& it : kLanes) {
    if (backend != it.backend) continue;
    const double operations = it.operations.rest + it.operations.schedule / midstates;
    return operations / it.ports / it.lanes;
  }
  return std::nullopt;
}

}  // namespace ebb::bench
