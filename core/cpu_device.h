#pragma once
// A CPU thread's worth of hashing behind the Device interface.

#include <memory>

#include "core/backend.h"
#include "core/device.h"

namespace ebb::core {

/// One device per worker thread; `busy` is that thread's own CPU time, so time lost to other
/// processes is not charged against the duty.
std::unique_ptr<Device> make_cpu_device(std::string name, const HashBackend& backend);

}  // namespace ebb::core
