#pragma once
// Which kernels there are, and how one is launched.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cuda/form.h"

namespace ebb::cuda {

enum class Layout : std::uint8_t {
  versions,  ///< a lane is a version: VersionScan
  nonces,    ///< a lane is a nonce: NonceScan, one version only
};

/// A kernel in this program.
struct Variant {
  Layout layout = Layout::versions;
  Form form = Form::plain;
  unsigned registers = 64;  ///< most that a lane may use; fewer leave room for more warps

  friend bool operator==(const Variant&, const Variant&) = default;
};

inline constexpr Variant kVariants[] = {
    {Layout::versions, Form::plain, 64},      {Layout::versions, Form::plain, 48},
    {Layout::versions, Form::fma_adds, 64},   {Layout::versions, Form::fma_adds, 48},
    {Layout::versions, Form::fma_shifts, 64}, {Layout::versions, Form::fma_shifts, 48},
    {Layout::versions, Form::fma_sigma0, 64},  // with 48 registers it spills
    {Layout::nonces, Form::plain, 64},        {Layout::nonces, Form::fma_adds, 64},
    {Layout::nonces, Form::fma_shifts, 64},   {Layout::nonces, Form::fma_sigma0, 64},
};

/// "versions-fma_adds-48"
std::string name_of(const Variant& variant);
/// The variant of that name, or nothing.
std::optional<Variant> find_variant(std::string_view name);

/// How a card scans: chosen for it by measurement (cuda/autotune.h).
struct Tuning {
  Variant variant;
  unsigned block = 256;  ///< threads
  unsigned batch = 32;   ///< nonces a warp takes at a time: see the kernels

  friend bool operator==(const Tuning&, const Tuning&) = default;
};

/// "versions-fma_adds-48, 256 threads, batches of 32"
std::string describe(const Tuning& tuning);

/// What a card scans with: jobs with versions to roll, and jobs without.
struct TuningPair {
  Tuning versions{{Layout::versions, Form::fma_adds, 64}, 256, 32};
  Tuning nonces{{Layout::nonces, Form::fma_adds, 64}, 256, 1024};

  friend bool operator==(const TuningPair&, const TuningPair&) = default;
};

}  // namespace ebb::cuda
