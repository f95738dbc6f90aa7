#include "core/cpu_device.h"

#include <optional>
#include <utility>

#include "core/cache_line.h"
#include "core/cpu_time.h"

namespace ebb::core {
namespace {

class alignas(kCacheLine) CpuDevice final : public Device {
 public:
  CpuDevice(std::string name, const HashBackend& backend)
      : backend_(backend), info_{std::move(name), backend.name, kMaxMidstates} {}

  const DeviceInfo& info() const override { return info_; }

  void prepare(const ScanInput& input) override { input_ = input; }

  ScanReport scan(std::uint32_t first, std::uint64_t count, std::span<Candidate> out) override {
    // Counted from the last scan's end: what the thread does in between (waking up, verifying) is
    // part of what a duty allows it. At 5 % of two threads it is 0.2 points of a core.
    if (!accounted_) accounted_ = thread_cpu_time();
    const ScanResult result =
        backend_.scan(input_, first, count, out.data(), static_cast<std::uint32_t>(out.size()));
    const auto now = thread_cpu_time();
    const auto busy = now - *std::exchange(accounted_, now);
    return {true, result.scanned, result.found, busy};
  }

 private:
  HashBackend backend_;
  DeviceInfo info_;
  ScanInput input_;
  std::optional<std::chrono::nanoseconds> accounted_;  ///< thread CPU time reported so far
};

}  // namespace

std::unique_ptr<Device> make_cpu_device(std::string name, const HashBackend& backend) {
  return std::make_unique<CpuDevice>(std::move(name), backend);
}

}  // namespace ebb::core
