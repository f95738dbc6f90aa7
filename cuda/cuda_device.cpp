#include <utility>

#include "cuda/cuda_devices.h"
#include "cuda/device_self_test.h"
#include "cuda/launches.h"
#include "cuda/scan_kernel.h"

namespace ebb::cuda {
namespace {

/// One GPU: a stream on which a slice is a few launches, each awaited before the next.
class CudaDevice final : public core::Device {
 public:
  CudaDevice(int ordinal, std::string name)
      : ordinal_(ordinal), info_{std::move(name), "cuda", 1} {}
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  ~CudaDevice() override {
    cudaSetDevice(ordinal_);
    cudaFree(device_result_);
    cudaFreeHost(host_result_);
    if (started_) cudaEventDestroy(started_);
    if (finished_) cudaEventDestroy(finished_);
    if (stream_) cudaStreamDestroy(stream_);
  }

  /// Takes what scans need; before anything else.
  cudaError_t open() {
    cudaError_t error = cudaSetDevice(ordinal_);
    if (!error) error = full_grid(blocks_);
    if (!error) error = cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
    // Blocking: a waiting thread sleeps instead of taking a core from the CPU devices.
    if (!error) error = cudaEventCreateWithFlags(&started_, cudaEventBlockingSync);
    if (!error) error = cudaEventCreateWithFlags(&finished_, cudaEventBlockingSync);
    if (!error) error = cudaMalloc(reinterpret_cast<void**>(&device_result_), sizeof(LaunchResult));
    if (!error)
      error = cudaMallocHost(reinterpret_cast<void**>(&host_result_), sizeof(LaunchResult));
    return error;
  }

  const core::DeviceInfo& info() const override { return info_; }

  void prepare(const core::ScanInput& input) override {
    input_ = input;
    max_launch_ = kMaxLaunch;
  }

  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override {
    // The current device belongs to the thread, and devices move from the lister's to a worker's.
    if (input_.midstate_count != 1 || cudaSetDevice(ordinal_) != cudaSuccess) return {.ok = false};
    return scan_by_launches(first, count, out, max_launch_,
                            [this](std::uint32_t from, std::uint32_t nonces, auto& busy) {
                              return run(from, nonces, busy) == cudaSuccess ? host_result_
                                                                            : nullptr;
                            });
  }

 private:
  /// One launch from start to end; its result is in host_result_.
  cudaError_t run(std::uint32_t first, std::uint32_t count, std::chrono::nanoseconds& busy) {
    cudaError_t error = cudaEventRecord(started_, stream_);
    if (!error) error = launch_scan(input_, first, count, blocks_, device_result_, stream_);
    if (!error) {
      error = cudaMemcpyAsync(host_result_, device_result_, sizeof(LaunchResult),
                              cudaMemcpyDeviceToHost, stream_);
    }
    if (!error) error = cudaEventRecord(finished_, stream_);
    if (!error) error = cudaEventSynchronize(finished_);
    float milliseconds = 0;
    if (!error) error = cudaEventElapsedTime(&milliseconds, started_, finished_);
    busy += std::chrono::nanoseconds(static_cast<std::int64_t>(1e6 * double{milliseconds}));
    return error;
  }

  int ordinal_;
  core::DeviceInfo info_;
  core::ScanInput input_;
  std::uint32_t max_launch_ = kMaxLaunch;
  unsigned blocks_ = 0;
  cudaStream_t stream_ = nullptr;
  cudaEvent_t started_ = nullptr;
  cudaEvent_t finished_ = nullptr;
  LaunchResult* device_result_ = nullptr;
  LaunchResult* host_result_ = nullptr;  ///< pinned, so that the copy needs no staging
};

std::string why_no_device(cudaError_t error) {
  // The runtime has one error for an old driver and for none; the driver's version tells them
  // apart.
  int driver = 0;
  if (error == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess) {
    if (driver == 0) return "no NVIDIA driver";
    return CUDART_VERSION >= 13000 ? "driver too old for CUDA 13 (needs R580 or newer)"
                                   : "driver too old for CUDA 12 (needs R525 or newer)";
  }
  if (error == cudaErrorNoDevice) return "no CUDA device";
  return cudaGetErrorString(error);
}

}  // namespace

CudaListing list_cuda_devices() {
  CudaListing listing;
  int count = 0;
  if (const auto error = cudaGetDeviceCount(&count)) return {{}, why_no_device(error)};
  if (count == 0) listing.reason = why_no_device(cudaErrorNoDevice);
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    const std::string name = "cuda:" + std::to_string(ordinal);
    auto device = std::make_unique<CudaDevice>(ordinal, name);
    std::string reason;
    if (const auto error = device->open()) {
      reason = name + ": " + cudaGetErrorString(error);
    } else if (const auto wrong = self_test(*device)) {
      reason = name + " failed its self-test: " + *wrong;
      const auto last = cudaGetLastError();
      if (last != cudaSuccess) reason += std::string(", ") + cudaGetErrorString(last);
    }
    if (reason.empty()) {
      listing.devices.push_back(std::move(device));
    } else {
      listing.reason += (listing.reason.empty() ? "" : "; ") + reason;
    }
  }
  return listing;
}

}  // namespace ebb::cuda
