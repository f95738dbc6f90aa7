#pragma once
// A device whose driver does not return, and a job for it.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/device.h"
#include "core/job.h"

namespace ebb::test {

/// What the scans of BlockingDevices wait for. They hold it jointly with the test, so that it can
/// see the last of them go.
class DriverLock {
 public:
  /// Lets every scan return, now and from now on.
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void fail() {
    const std::lock_guard lock(mutex_);
    fails_ = true;
  }

  /// Blocks until open(). False when the scan fails.
  bool pass() {
    std::unique_lock lock(mutex_);
    ++entries_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    return !fails_;
  }

  void count_device(int change) {
    const std::lock_guard lock(mutex_);
    devices_ += change;
    changed_.notify_all();
  }
  int devices() const {
    const std::lock_guard lock(mutex_);
    return devices_;
  }

  bool wait_for_entries(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return entries_ >= count; });
  }
  bool wait_until_all_devices_are_gone() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return devices_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false, fails_ = false;
  int entries_ = 0;
  int devices_ = 0;
};

/// Hears no interrupt while it is in a scan; each scan finds the first nonce.
class BlockingDevice final : public core::Device {
 public:
  BlockingDevice(std::string name, std::shared_ptr<DriverLock> driver)
      : info_{std::move(name), "cuda", 1}, driver_(std::move(driver)) {
    driver_->count_device(1);
  }
  ~BlockingDevice() override { driver_->count_device(-1); }
  BlockingDevice(const BlockingDevice&) = delete;
  BlockingDevice& operator=(const BlockingDevice&) = delete;

  const core::DeviceInfo& info() const override { return info_; }
  void prepare(const core::ScanInput&) override {}
  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override {
    if (!driver_->pass()) return {.ok = false};
    out[0] = {first, 0};
    return {.scanned = count, .found = 1, .busy = std::chrono::milliseconds(1)};
  }
  std::string failure() const override { return "the driver said no"; }

 private:
  core::DeviceInfo info_;
  std::shared_ptr<DriverLock> driver_;
};

/// Every hash is a share.
inline core::JobPtr easy_job() {
  core::Job job;
  job.id = "a";
  job.version = 0x20000000;
  job.coinbase_prefix.assign(50, 1);
  job.extranonce2_size = 4;
  job.bits = 0x1d00ffff;
  job.share_target = core::Target::max();
  job.network_target = *core::Target::from_compact(job.bits);
  return std::make_shared<const core::Job>(std::move(job));
}

}  // namespace ebb::test
