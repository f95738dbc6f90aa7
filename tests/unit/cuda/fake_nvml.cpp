// NVML's functions over FakeNvml. EBB_OLD_NVML: as an old driver has them.

#include "tests/unit/cuda/fake_nvml.h"

#include <cstdint>
#include <cstdio>

using ebb::testing::FakeCard;
using ebb::testing::FakeNvml;

extern "C" {

FakeNvml fake_nvml;

}  // extern "C"

namespace {

/// What the test wants `function` to answer.
int answer(const char* function) {
  const auto found = fake_nvml.answers.find(function);
  return found == fake_nvml.answers.end() ? 0 : found->second;
}

int tell(const char* function, unsigned value, unsigned* out) {
  const int result = answer(function);
  if (result == 0) *out = value;
  return result;
}

}  // namespace

extern "C" {

int nvmlInit_v2() {
  const int result = answer("nvmlInit_v2");
  if (result == 0) ++fake_nvml.open;
  return result;
}

int nvmlShutdown() {
  --fake_nvml.open;
  return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* id, FakeCard** card) {
  if (const int result = answer("nvmlDeviceGetHandleByPciBusId_v2"); result != 0) return result;
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  if (std::sscanf(id, "%x:%x:%x.%x", &domain, &bus, &device, &function) != 4) return 2;
  for (FakeCard& candidate : fake_nvml.cards) {
    if (candidate.domain == domain && candidate.bus == bus && candidate.device == device) {
      *card = &candidate;
      return 0;
    }
  }
  return ebb::testing::kNvmlNotFound;
}

int nvmlDeviceGetPowerUsage(FakeCard* card, unsigned* milliwatts) {
  return tell("nvmlDeviceGetPowerUsage", card->average_mw, milliwatts);
}

int nvmlDeviceGetTemperature(FakeCard* card, int sensor, unsigned* celsius) {
  if (sensor != 0) return 2;
  return tell("nvmlDeviceGetTemperature", card->celsius, celsius);
}

int nvmlDeviceGetClockInfo(FakeCard* card, int clock, unsigned* megahertz) {
  if (clock != 1 && clock != 2) return 2;
  return tell("nvmlDeviceGetClockInfo", clock == 1 ? card->sm_mhz : card->memory_mhz, megahertz);
}

int nvmlDeviceGetPowerManagementLimit(FakeCard* card, unsigned* milliwatts) {
  return tell("nvmlDeviceGetPowerManagementLimit", card->limit_mw, milliwatts);
}

int nvmlDeviceGetPowerManagementLimitConstraints(FakeCard* card, unsigned* least, unsigned* most) {
  const char* name = "nvmlDeviceGetPowerManagementLimitConstraints";
  tell(name, card->most_limit_mw, most);
  return tell(name, card->least_limit_mw, least);
}

int nvmlDeviceSetPowerManagementLimit(FakeCard* card, unsigned milliwatts) {
  return tell("nvmlDeviceSetPowerManagementLimit", milliwatts, &card->limit_mw);
}

#ifdef EBB_OLD_NVML

int nvmlDeviceGetCurrentClocksThrottleReasons(FakeCard* card, unsigned long long* reasons) {
  *reasons = card->clock_reasons;
  return 0;
}

#else

const char* nvmlErrorString(int result) {
  switch (result) {
    case ebb::testing::kNvmlNotSupported:
      return "Not Supported";
    case ebb::testing::kNvmlNotFound:
      return "Not Found";
    case ebb::testing::kNvmlDriverNotLoaded:
      return "Driver Not Loaded";
    default:
      return "Unknown Error";
  }
}

struct FakeField {
  std::uint32_t field, scope;
  std::int64_t timestamp, latency;
  std::int32_t type, result;
  std::uint64_t value;
};

int nvmlDeviceGetFieldValues(FakeCard* card, int count, FakeField* fields) {
  if (const int result = answer("nvmlDeviceGetFieldValues"); result != 0) return result;
  for (int i = 0; i < count; ++i) {
    FakeField& field = fields[i];
    field.result = field.field == 186 && field.scope == 0 ? answer("POWER_INSTANT") : 2;
    field.type = 1;  // unsigned int: the other half of the value stays as it is
    if (field.result == 0) {
      field.value = (field.value & ~std::uint64_t{0xffffffff}) | card->instant_mw;
    }
  }
  return 0;
}

int nvmlDeviceGetTotalEnergyConsumption(FakeCard* card, unsigned long long* millijoules) {
  const int result = answer("nvmlDeviceGetTotalEnergyConsumption");
  if (result == 0) *millijoules = card->energy_mj;
  return result;
}

int nvmlDeviceGetCurrentClocksEventReasons(FakeCard* card, unsigned long long* reasons) {
  const int result = answer("nvmlDeviceGetCurrentClocksEventReasons");
  if (result == 0) *reasons = card->clock_reasons;
  return result;
}

int nvmlDeviceGetMaxClockInfo(FakeCard* card, int clock, unsigned* megahertz) {
  if (clock != 1) return 2;
  return tell("nvmlDeviceGetMaxClockInfo", card->highest_mhz, megahertz);
}

int nvmlDeviceSetGpuLockedClocks(FakeCard* card, unsigned least, unsigned most) {
  if (least != most) return 2;
  return tell("nvmlDeviceSetGpuLockedClocks", most, &card->locked_mhz);
}

int nvmlDeviceResetGpuLockedClocks(FakeCard* card) {
  return tell("nvmlDeviceResetGpuLockedClocks", 0, &card->locked_mhz);
}

#endif

}  // extern "C"
