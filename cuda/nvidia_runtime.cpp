#include <cuda_runtime_api.h>

#include "cuda/kernels.h"
#include "cuda/runtime.h"
#include "cuda/warp_scan.h"

namespace ebb::cuda {
namespace {

static_assert(static_cast<int>(Status::ok) == cudaSuccess);
static_assert(static_cast<int>(Status::not_ready) == cudaErrorNotReady);

Status as_status(cudaError_t error) {
  return static_cast<Status>(error);
}
cudaStream_t native(Stream* stream) {
  return reinterpret_cast<cudaStream_t>(stream);
}
cudaEvent_t native(Event* event) {
  return reinterpret_cast<cudaEvent_t>(event);
}

const void* kernel_of(const Variant& variant) {
  if (variant.layout == Layout::nonces) return nonces_kernel_64(variant.form);
  return variant.registers == 48 ? versions_kernel_48(variant.form)
                                 : versions_kernel_64(variant.form);
}

std::size_t shared_memory_of(const Tuning& tuning) {
  if (tuning.variant.layout == Layout::nonces) return 0;
  return core::kMaxMidstates * sizeof(VersionLead) +
         tuning.block / kWarpLanes * tuning.batch * sizeof(Row);
}

class NvidiaRuntime final : public Runtime {
 public:
  std::string describe(Status status) const override {
    const auto error = static_cast<cudaError_t>(status);
    // The runtime has one error for an old driver and for none; the driver's version tells them
    // apart.
    int driver = 0;
    if (error == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess) {
      if (driver == 0) return "no NVIDIA driver";
      return CUDART_VERSION >= 13000 ? "driver too old for CUDA 13 (needs R580 or newer)"
                                     : "driver too old for CUDA 12 (needs R525 or newer)";
    }
    if (error == cudaErrorNoDevice) return "no card";
    return std::string(cudaGetErrorString(error)) + " (" + cudaGetErrorName(error) + ")";
  }

  Status count_cards(int& count) override { return as_status(cudaGetDeviceCount(&count)); }

  Status card_info(int ordinal, CardInfo& info) override {
    cudaDeviceProp properties{};
    cudaError_t error = cudaGetDeviceProperties(&properties, ordinal);
    char bus_id[32] = "";
    if (!error) error = cudaDeviceGetPCIBusId(bus_id, sizeof bus_id, ordinal);
    if (!error) error = cudaDriverGetVersion(&info.driver);
    info.name = properties.name;
    info.pci_bus_id = bus_id;
    info.capability = properties.major * 10 + properties.minor;
    info.multiprocessors = static_cast<unsigned>(properties.multiProcessorCount);
    return as_status(error);
  }

  Status use_card(int ordinal) override { return as_status(cudaSetDevice(ordinal)); }

  Status reset_card(int ordinal) override {
    // A broken card may refuse to become current although it is: then its error is what goes now.
    int current = -1;
    const cudaError_t refused = cudaSetDevice(ordinal);
    if (refused && (cudaGetDevice(&current) || current != ordinal)) return as_status(refused);
    const cudaError_t error = cudaDeviceReset();
    cudaGetLastError();  // what went wrong before is over
    return as_status(error);
  }

  Status make_stream(Stream*& stream) override {
    return as_status(
        cudaStreamCreateWithFlags(reinterpret_cast<cudaStream_t*>(&stream), cudaStreamNonBlocking));
  }
  Status make_event(Event*& event) override {
    return as_status(
        cudaEventCreateWithFlags(reinterpret_cast<cudaEvent_t*>(&event), cudaEventBlockingSync));
  }
  Status allocate(void*& memory, std::size_t bytes) override {
    return as_status(cudaMalloc(&memory, bytes));
  }
  Status allocate_host(void*& memory, std::size_t bytes) override {
    return as_status(cudaMallocHost(&memory, bytes));
  }

  Status load_kernel(const Tuning& tuning, unsigned& blocks) override {
    const void* const kernel = kernel_of(tuning.variant);
    if (kernel == nullptr) return as_status(cudaErrorInvalidDeviceFunction);
    const std::size_t shared = shared_memory_of(tuning);
    cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                             static_cast<int>(shared));
    int fit = 0;
    if (!error) {
      error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&fit, kernel,
                                                            static_cast<int>(tuning.block), shared);
    }
    blocks = static_cast<unsigned>(fit);
    // A card that lacks a variant works with the others: the error is not to show up again.
    if (error) cudaGetLastError();
    return as_status(error);
  }

  Status launch(const Tuning& tuning, unsigned blocks, const ScanParams& params,
                Stream* stream) override {
    void* arguments[] = {const_cast<ScanParams*>(&params)};
    return as_status(cudaLaunchKernel(kernel_of(tuning.variant), dim3(blocks), dim3(tuning.block),
                                      arguments, shared_memory_of(tuning), native(stream)));
  }

  Status copy_to_card(void* card, const void* host, std::size_t bytes, Stream* stream) override {
    return as_status(cudaMemcpyAsync(card, host, bytes, cudaMemcpyHostToDevice, native(stream)));
  }
  Status copy_to_host(void* host, const void* card, std::size_t bytes, Stream* stream) override {
    return as_status(cudaMemcpyAsync(host, card, bytes, cudaMemcpyDeviceToHost, native(stream)));
  }

  Status record(Event* event, Stream* stream) override {
    return as_status(cudaEventRecord(native(event), native(stream)));
  }
  Status wait_for(Event* event, Stream* stream) override {
    return as_status(cudaStreamWaitEvent(native(stream), native(event), 0));
  }
  Status query(Event* event) override { return as_status(cudaEventQuery(native(event))); }
  Status elapsed_ms(Event* from, Event* to, float& milliseconds) override {
    return as_status(cudaEventElapsedTime(&milliseconds, native(from), native(to)));
  }
};

}  // namespace

std::unique_ptr<Runtime> make_runtime(std::string&) {
  return std::make_unique<NvidiaRuntime>();
}

}  // namespace ebb::cuda
