#pragma once
// What the engine needs of anything that hashes.

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include "core/scan.h"

namespace ebb::core {

/// How long a scan should take. A device whose scans interrupt() ends in their middle can afford
/// longer ones.
struct SliceTimes {
  std::chrono::nanoseconds full = std::chrono::milliseconds(5);   ///< at full duty
  std::chrono::nanoseconds paced = std::chrono::milliseconds(5);  ///< between pauses
  std::chrono::nanoseconds least = std::chrono::microseconds(50);
};

struct DeviceInfo {
  std::string name;     ///< "cpu0", "cuda:1"
  std::string backend;  ///< "avx2", "cuda"
  unsigned max_midstates = 1;
  SliceTimes slice{};
};

struct ScanReport {
  bool ok = true;                    ///< false: the device failed and the slice did not happen
  std::uint64_t scanned = 0;         ///< nonces tried, from the first; each with every midstate
  std::uint32_t found = 0;           ///< candidates written
  std::chrono::nanoseconds busy{0};  ///< time the device really worked
  bool interrupted = false;          ///< by interrupt(); only then may `scanned` be zero
};

/// One hashing device. Every call but interrupt() comes from the one worker thread that owns it;
/// where that has ended, another may take its place.
class Device {
 public:
  virtual ~Device() = default;

  virtual const DeviceInfo& info() const = 0;

  /// Sets the input of the scans that follow, those after a failure or a release() included.
  /// `input` is copied.
  virtual void prepare(const ScanInput& input) = 0;

  /// Scans as ScanFunction does, blocking; ScanFunction's rules for `out` and early stops hold.
  /// After a failure, and after release(), a scan first makes the device ready again, self-test
  /// included.
  virtual ScanReport scan(std::uint32_t first, std::uint64_t count, std::span<Candidate> out) = 0;

  /// Makes the scan under way return early, or else the next one; what its caller wrote before is
  /// seen after that scan. From any thread, without blocking, even while a scan or a release()
  /// hangs. A device of short slices may ignore it.
  virtual void interrupt() {}

  /// Gives back what costs power even when idle, until the next scan. May block. Harmless when
  /// there is nothing to give back.
  virtual void release() {}

  /// Why the last scan failed, in one line. From the worker's thread.
  virtual std::string failure() const { return {}; }
};

}  // namespace ebb::core
