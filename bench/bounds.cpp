#include "bench/bounds.h"

#include "core/scan.h"

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

/// Instructions a hash that only the ALU pipe takes, in sm_90's code. One or 32 midstates.
struct AluInstructions {
  cuda::Form form;
  double versions, nonces;
};
constexpr AluInstructions kAluInstructions[] = {{cuda::Form::plain, 1879, 2268},
                                                {cuda::Form::fma_adds, 1520, 1812},
                                                {cuda::Form::fma_shifts, 1437, 1656},
                                                {cuda::Form::fma_sigma0, 1321, 1540}};
constexpr double kAluLanes = 64;  // of a multiprocessor

}  // namespace

std::optional<double> bound_cycles(std::string_view backend, unsigned midstates) {
  for (const Lanes& it : kLanes) {
    if (backend != it.backend) continue;
    const double operations = it.operations.rest + it.operations.schedule / midstates;
    return operations / it.ports / it.lanes;
  }
  return std::nullopt;
}

std::optional<double> bound_hps(const cuda::Variant& variant, unsigned midstates,
                                const cuda::CardInfo& card, double sm_hz) {
  const bool versions = variant.layout == cuda::Layout::versions;
  if (card.capability < 75 || card.capability >= 120) return std::nullopt;
  if (midstates != (versions ? core::kMaxMidstates : 1)) return std::nullopt;
  for (const AluInstructions& it : kAluInstructions) {
    if (it.form != variant.form) continue;
    return card.multiprocessors * kAluLanes * sm_hz / (versions ? it.versions : it.nonces);
  }
  return std::nullopt;
}

}  // namespace ebb::bench
