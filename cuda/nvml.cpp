#include "cuda/nvml.h"

#include <dlfcn.h>

#include <cstdint>

namespace ebb::cuda {
namespace {

// NVML's ABI, as far as it is used here (NVML API Reference, 4.304 to 590). An nvmlReturn_t, an
// nvmlDevice_t and the enumerations have these sizes on every system.
using Return = int;
using Device = void*;

constexpr Return kSuccess = 0;
constexpr Return kNoPermission = 4;
constexpr Return kFunctionNotFound = 13;

constexpr int kSmClock = 1;      // NVML_CLOCK_SM
constexpr int kMemoryClock = 2;  // NVML_CLOCK_MEM
constexpr int kGpuSensor = 0;    // NVML_TEMPERATURE_GPU

constexpr unsigned kPowerInstant = 186;  // NVML_FI_DEV_POWER_INSTANT, in milliwatts

/// nvmlFieldValue_t
struct FieldValue {
  unsigned field = 0;
  unsigned scope = 0;  ///< of power: 0 the GPU, 1 the module with its CPU
  std::int64_t timestamp = 0;
  std::int64_t latency = 0;
  int type = 0;
  Return result = kSuccess;
  union {
    double as_double;
    unsigned as_unsigned;
    std::uint64_t as_uint64 = 0;
  } value;
};
static_assert(sizeof(FieldValue) == 40);
constexpr int kUnsigned = 1;  // nvmlValueType_t

struct Reason {
  std::uint64_t bit;
  const char* words;
};
// nvmlClocksEventReasons. Left out: idle, and clocks that somebody has set.
constexpr std::uint64_t kHardwareSlowdown = 0x08;
constexpr std::uint64_t kHardwareThermal = 0x40;
constexpr std::uint64_t kPowerBrake = 0x80;
constexpr Reason kReasons[] = {
    {0x04, "power cap"},
    {kHardwareSlowdown, "hardware slowdown"},
    {0x10, "sync boost"},
    {0x20, "thermal slowdown (software)"},
    {kHardwareThermal, "thermal slowdown (hardware)"},
    {kPowerBrake, "power brake"},
    {0x100, "display clock"},
};

std::vector<std::string> in_words(std::uint64_t reasons) {
  // The general reason comes along with the exact ones.
  if ((reasons & (kHardwareThermal | kPowerBrake)) != 0) reasons &= ~kHardwareSlowdown;
  std::vector<std::string> words;
  for (const Reason& reason : kReasons) {
    if ((reasons & reason.bit) != 0) words.emplace_back(reason.words);
  }
  return words;
}

template <class... Parameters, class... Arguments>
Return call(Return (*function)(Parameters...), Arguments... arguments) {
  return function != nullptr ? function(arguments...) : kFunctionNotFound;
}

/// What a getter of one number says, if it succeeds.
template <class Number, class Function, class... Arguments>
std::optional<Number> get(Function* function, Arguments... arguments) {
  Number number{};
  if (call(function, arguments..., &number) != kSuccess) return std::nullopt;
  return number;
}

std::optional<double> in_units(std::optional<double> thousandths) {
  if (!thousandths) return std::nullopt;
  return *thousandths / 1000;
}

}  // namespace

/// The functions, each null where this driver has none such, and the handle that keeps them.
class NvmlLibrary {
 public:
  NvmlLibrary() = default;
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;
  ~NvmlLibrary() {
    if (initialised_) call(shutdown_);
    if (handle_ != nullptr) dlclose(handle_);
  }

  tl::expected<void, std::string> open(const char* library) {
    handle_ = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) return tl::unexpected<std::string>(dlerror());
    find("nvmlInit_v2", init_);
    find("nvmlShutdown", shutdown_);
    find("nvmlErrorString", error_string_);
    find("nvmlDeviceGetHandleByPciBusId_v2", handle_by_pci_bus_id);
    find("nvmlDeviceGetPowerUsage", power_usage);
    find("nvmlDeviceGetFieldValues", field_values);
    find("nvmlDeviceGetTotalEnergyConsumption", total_energy);
    find("nvmlDeviceGetTemperature", temperature);
    find("nvmlDeviceGetClockInfo", clock);
    find("nvmlDeviceGetMaxClockInfo", max_clock);
    find("nvmlDeviceGetCurrentClocksEventReasons", clock_reasons);
    if (clock_reasons == nullptr) {  // the name before driver 535
      find("nvmlDeviceGetCurrentClocksThrottleReasons", clock_reasons);
    }
    find("nvmlDeviceGetPowerManagementLimit", power_limit);
    find("nvmlDeviceGetPowerManagementLimitConstraints", power_limit_range);
    find("nvmlDeviceSetPowerManagementLimit", set_power_limit);
    find("nvmlDeviceSetGpuLockedClocks", lock_clocks);
    find("nvmlDeviceResetGpuLockedClocks", reset_locked_clocks);
    if (init_ == nullptr || handle_by_pci_bus_id == nullptr) {
      return tl::unexpected(std::string(library) + " is not NVML, or older than driver 304");
    }
    if (const Return result = init_(); result != kSuccess) return tl::unexpected(describe(result));
    initialised_ = true;
    return {};
  }

  std::string failure(Return result) const {
    if (result == kNoPermission) return "needs root";
    if (result == kFunctionNotFound) return "needs a newer driver";
    return "failed: " + describe(result);
  }

  std::string describe(Return result) const {
    if (error_string_ == nullptr) return "NVML error " + std::to_string(result);
    return error_string_(result);
  }

  tl::expected<void, std::string> done(Return result) const {
    if (result != kSuccess) return tl::unexpected(failure(result));
    return {};
  }

  Return (*handle_by_pci_bus_id)(const char*, Device*) = nullptr;
  Return (*power_usage)(Device, unsigned*) = nullptr;
  Return (*field_values)(Device, int, FieldValue*) = nullptr;
  Return (*total_energy)(Device, unsigned long long*) = nullptr;
  Return (*temperature)(Device, int, unsigned*) = nullptr;
  Return (*clock)(Device, int, unsigned*) = nullptr;
  Return (*max_clock)(Device, int, unsigned*) = nullptr;
  Return (*clock_reasons)(Device, unsigned long long*) = nullptr;
  Return (*power_limit)(Device, unsigned*) = nullptr;
  Return (*power_limit_range)(Device, unsigned*, unsigned*) = nullptr;
  Return (*set_power_limit)(Device, unsigned) = nullptr;
  Return (*lock_clocks)(Device, unsigned, unsigned) = nullptr;
  Return (*reset_locked_clocks)(Device) = nullptr;

 private:
  template <class Function>
  void find(const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(dlsym(handle_, name));
  }

  void* handle_ = nullptr;
  bool initialised_ = false;
  Return (*init_)() = nullptr;
  Return (*shutdown_)() = nullptr;
  const char* (*error_string_)(Return) = nullptr;
};

namespace {

std::optional<double> milliwatts_now(const NvmlLibrary& nvml, Device card) {
  FieldValue power{.field = kPowerInstant, .value = {}};
  if (call(nvml.field_values, card, 1, &power) == kSuccess && power.result == kSuccess &&
      power.type == kUnsigned) {
    return power.value.as_unsigned;
  }
  return get<unsigned>(nvml.power_usage, card);
}

}  // namespace

tl::expected<Nvml, std::string> Nvml::load(const char* library) {
  auto opened = std::make_shared<NvmlLibrary>();
  if (auto done = opened->open(library); !done) return tl::unexpected(done.error());
  return Nvml(std::move(opened));
}

tl::expected<NvmlCard, std::string> Nvml::card(const std::string& pci_bus_id) const {
  Device handle = nullptr;
  const Return result = library_->handle_by_pci_bus_id(pci_bus_id.c_str(), &handle);
  if (result != kSuccess) return tl::unexpected(library_->failure(result));
  return NvmlCard(library_, handle);
}

CardReading NvmlCard::read() const {
  const NvmlLibrary& nvml = *library_;
  CardReading reading;
  reading.watts = in_units(milliwatts_now(nvml, handle_));
  reading.joules = in_units(get<unsigned long long>(nvml.total_energy, handle_));
  reading.celsius = get<unsigned>(nvml.temperature, handle_, kGpuSensor);
  reading.sm_mhz = get<unsigned>(nvml.clock, handle_, kSmClock);
  reading.memory_mhz = get<unsigned>(nvml.clock, handle_, kMemoryClock);
  reading.held_back_by = in_words(get<unsigned long long>(nvml.clock_reasons, handle_).value_or(0));
  return reading;
}

tl::expected<unsigned, std::string> NvmlCard::power_limit_mw() const {
  unsigned milliwatts = 0;
  const Return result = call(library_->power_limit, handle_, &milliwatts);
  if (result != kSuccess) return tl::unexpected(library_->failure(result));
  return milliwatts;
}

std::optional<PowerRange> NvmlCard::power_limit_range() const {
  PowerRange range;
  if (call(library_->power_limit_range, handle_, &range.least_mw, &range.most_mw) != kSuccess) {
    return std::nullopt;
  }
  return range;
}

std::optional<unsigned> NvmlCard::highest_clock_mhz() const {
  return get<unsigned>(library_->max_clock, handle_, kSmClock);
}

NvmlCard::Done NvmlCard::set_power_limit_mw(unsigned milliwatts) const {
  return library_->done(call(library_->set_power_limit, handle_, milliwatts));
}

NvmlCard::Done NvmlCard::lock_clock_mhz(unsigned megahertz) const {
  return library_->done(call(library_->lock_clocks, handle_, megahertz, megahertz));
}

NvmlCard::Done NvmlCard::unlock_clock() const {
  return library_->done(call(library_->reset_locked_clocks, handle_));
}

}  // namespace ebb::cuda
