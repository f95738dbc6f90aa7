#pragma once
// Where contacts are read.

#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "sources/contact/contact_states.h"
#include "sources/modbus/modbus_settings.h"

namespace ebb::sources {

/// One thread.
class ContactLines {
 public:
  virtual ~ContactLines() = default;
  /// "/dev/gpiochip0 17"
  virtual std::string where() const = 0;
  /// The levels now. Opens what is not open; the error is one line.
  virtual tl::expected<ContactLevel, std::string> read(const std::stop_token& stop) = 0;
  /// Returns when a level may have changed, or after `at_most`. False: nobody tells of changes, so
  /// that they are to be polled; it has not waited then.
  virtual bool wait(std::chrono::milliseconds at_most) = 0;
};

enum class Bias { none, pull_up, pull_down };

struct GpioSettings {
  std::filesystem::path chip;
  std::vector<unsigned> lines;
  bool active_low = true;  ///< a closed contact pulls the line to ground
  Bias bias = Bias::pull_up;
};
std::unique_ptr<ContactLines> gpio_lines(GpioSettings settings);

struct ModbusInputSettings {
  ModbusSettings server;
  std::vector<int> inputs;  ///< discrete inputs (function 2), at most 16 apart
};
std::unique_ptr<ContactLines> modbus_lines(ModbusInputSettings settings);

}  // namespace ebb::sources
