#pragma once
// What the engine needs of anything that hashes.

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "core/scan.h"

namespace ebb::core {

struct DeviceInfo {
  std::string name;     ///< "cpu0", "cuda:1"
  std::string backend;  ///< "avx2", "cuda"
  unsigned max_midstates = 1;
};

struct ScanReport {
  bool ok = true;                    ///< false: the device failed and the slice did not happen
  std::uint64_t scanned = 0;         ///< nonces tried, from the first; each with every midstate
  std::uint32_t found = 0;           ///< candidates written
  std::chrono::nanoseconds busy{0};  ///< time the device really worked
};

/// One hashing device. Every call comes from the one worker thread that owns it.
class Device {
 public:
  virtual ~Device() = default;

  virtual const DeviceInfo& info() const = 0;

  /// Sets the input of the scans that follow. `input` is copied.
  virtual void prepare(const ScanInput& input) = 0;

  /// Scans as ScanFunction does, blocking; ScanFunction's rules for `out` and early stops hold.
  virtual ScanReport scan(std::uint32_t first, std::uint64_t count, std::span<Candidate> out) = 0;
};

}  // namespace ebb::core
