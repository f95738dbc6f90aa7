#pragma once
// NVML, NVIDIA's management library, opened at run time: what a card draws, how hot it is, what
// holds it back, and the two settings that root may change. Nothing of NVIDIA's is needed to build.
// A call may block for long when a card has fallen off the bus: keep them off the io thread.

#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace ebb::cuda {

/// What a card tells at one moment; absent is what it, or its driver, does not tell.
struct CardReading {
  std::optional<double> watts;   ///< of this moment, averaged over a second on older drivers
  std::optional<double> joules;  ///< since the driver was loaded
  std::optional<double> celsius;
  std::optional<unsigned> sm_mhz, memory_mhz;
  std::vector<std::string> held_back_by;  ///< why clocks are low: "power cap", "power brake", …
};

struct PowerRange {
  unsigned least_mw = 0, most_mw = 0;
};

class NvmlLibrary;

/// One card, which may be used from any one thread at a time. Errors go on after what was tried:
/// "needs root", "failed: Not Supported".
class NvmlCard {
 public:
  using Done = tl::expected<void, std::string>;

  CardReading read() const;

  tl::expected<unsigned, std::string> power_limit_mw() const;
  std::optional<PowerRange> power_limit_range() const;
  std::optional<unsigned> highest_clock_mhz() const;

  // These need root, and stay until the driver is unloaded.
  Done set_power_limit_mw(unsigned milliwatts) const;
  Done lock_clock_mhz(unsigned megahertz) const;
  Done unlock_clock() const;

 private:
  friend class Nvml;
  NvmlCard(std::shared_ptr<const NvmlLibrary> library, void* handle)
      : library_(std::move(library)), handle_(handle) {}

  std::shared_ptr<const NvmlLibrary> library_;
  void* handle_;
};

/// Open as long as it or one of its cards exists.
class Nvml {
 public:
  static constexpr const char* kLibrary = "libnvidia-ml.so.1";  ///< the driver's name for it

  /// The error says why there is no NVML here.
  static tl::expected<Nvml, std::string> load(const char* library = kLibrary);

  /// `pci_bus_id`: domain:bus:device.function in hexadecimal. Errors as of NvmlCard.
  tl::expected<NvmlCard, std::string> card(const std::string& pci_bus_id) const;

 private:
  explicit Nvml(std::shared_ptr<const NvmlLibrary> library) : library_(std::move(library)) {}

  std::shared_ptr<const NvmlLibrary> library_;
};

}  // namespace ebb::cuda
