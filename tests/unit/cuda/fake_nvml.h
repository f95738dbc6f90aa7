#pragma once
// A stand-in for the driver's NVML: a library of its own, whose cards the tests set.

#include <dlfcn.h>

#include <atomic>
#include <map>
#include <string>
#include <vector>

namespace ebb::testing {

/// A number that a test may change while another thread reads it.
class Changing {
 public:
  Changing(unsigned value) : value_(value) {}
  Changing(const Changing& other) : value_(other) {}
  Changing& operator=(const Changing& other) {
    value_ = other.value_.load();
    return *this;
  }
  operator unsigned() const { return value_; }

 private:
  std::atomic<unsigned> value_;
};

struct FakeCard {
  unsigned domain = 0, bus = 0, device = 0;
  unsigned average_mw = 350'000, instant_mw = 412'500;
  unsigned long long energy_mj = 5'000'000;
  Changing celsius = 71;
  unsigned sm_mhz = 1980, memory_mhz = 2619;
  unsigned long long clock_reasons = 0;
  unsigned limit_mw = 700'000, least_limit_mw = 200'000, most_limit_mw = 700'000;
  unsigned highest_mhz = 1980;
  unsigned locked_mhz = 0;  ///< 0: free
};

struct FakeNvml {
  std::vector<FakeCard> cards;
  std::map<std::string, int> answers;  ///< function → what it returns instead of succeeding
  int open = 0;                        ///< nvmlInit_v2 without nvmlShutdown yet
};

/// The fake's state, new, for as long as this exists.
class FakeNvmlControl {
 public:
  explicit FakeNvmlControl(const char* library) : handle_(dlopen(library, RTLD_NOW | RTLD_LOCAL)) {
    state() = {};
  }
  FakeNvmlControl(const FakeNvmlControl&) = delete;
  FakeNvmlControl& operator=(const FakeNvmlControl&) = delete;
  ~FakeNvmlControl() { dlclose(handle_); }

  FakeNvml& state() { return *static_cast<FakeNvml*>(dlsym(handle_, "fake_nvml")); }
  FakeNvml* operator->() { return &state(); }

 private:
  void* handle_;
};

constexpr int kNvmlNotSupported = 3;
constexpr int kNvmlNoPermission = 4;
constexpr int kNvmlNotFound = 6;
constexpr int kNvmlDriverNotLoaded = 9;
constexpr int kNvmlGpuIsLost = 15;

}  // namespace ebb::testing
