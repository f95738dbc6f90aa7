#pragma once
// What has happened to devices, as lines of the log.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "miner/crew.h"

namespace ebb::miner {

/// Compares the devices' figures with those of the last look. Pure; one thread.
class DeviceNews {
 public:
  struct Line {
    bool warning = true;
    std::string text;
  };

  /// At most three lines a device: it computes wrongly, it was put aside, it is back.
  std::vector<Line> since_last_look(std::span<const DeviceFigures> devices);

 private:
  struct Seen {
    std::uint64_t hardware_errors = 0;
    std::uint64_t failures = 0;
    bool quarantined = false;
  };
  std::vector<Seen> seen_;
};

}  // namespace ebb::miner
