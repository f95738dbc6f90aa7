#pragma once
// CPU time: what other processes take does not count.

#include <chrono>

namespace ebb::core {

/// Of the calling thread.
std::chrono::nanoseconds thread_cpu_time();
/// Of all threads of this process.
std::chrono::nanoseconds process_cpu_time();

}  // namespace ebb::core
