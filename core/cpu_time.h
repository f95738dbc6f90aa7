#pragma once
// The calling thread's own CPU time: what other processes take does not count.

#include <chrono>

namespace ebb::core {

std::chrono::nanoseconds thread_cpu_time();

}  // namespace ebb::core
