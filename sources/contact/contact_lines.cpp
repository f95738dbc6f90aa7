#include "sources/contact/contact_lines.h"

#include <gpiod.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "sources/modbus/modbus_connection.h"

namespace ebb::sources {
namespace {

struct CloseChip {
  void operator()(gpiod_chip* chip) const { ::gpiod_chip_close(chip); }  // and its lines
};

/// Edges only wake: an edge that is lost, or one too many, changes no level.
class GpioLines final : public ContactLines {
 public:
  explicit GpioLines(GpioSettings settings) : settings_(std::move(settings)) {}

  std::string where() const override {
    std::string text = settings_.chip.string();
    for (const unsigned line : settings_.lines)
      text += ' ' + std::to_string(line);
    return text;
  }

  tl::expected<ContactLevel, std::string> read(const std::stop_token&) override {
    if (!chip_ && !open()) return fault();
    std::array<int, kMostContacts> values{};
    if (::gpiod_line_get_value_bulk(&lines_, values.data()) != 0) return fault();
    ContactLevel level;
    for (std::size_t i = 0; i < settings_.lines.size(); ++i)
      level += values[i] != 0 ? '1' : '0';
    return level;
  }

  bool wait(std::chrono::milliseconds at_most) override {
    if (!chip_) return false;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at_most);
    const timespec time{seconds.count(), std::chrono::nanoseconds(at_most - seconds).count()};
    gpiod_line_bulk ready{};
    const int woken = ::gpiod_line_event_wait_bulk(&lines_, &time, &ready);
    if (woken < 0) chip_.reset();
    for (unsigned i = 0; woken > 0 && i < ready.num_lines; ++i) {
      std::array<gpiod_line_event, 16> events{};
      if (::gpiod_line_event_read_multiple(ready.lines[i], events.data(), events.size()) < 0) {
        chip_.reset();
        break;
      }
    }
    return chip_ != nullptr;
  }

 private:
  bool open() {
    chip_.reset(::gpiod_chip_open(settings_.chip.c_str()));
    if (!chip_) return false;
    std::vector<unsigned> offsets = settings_.lines;
    const auto count = static_cast<unsigned>(offsets.size());
    int flags = settings_.active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    switch (settings_.bias) {
      case Bias::none:
        flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE;
        break;
      case Bias::pull_up:
        flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
        break;
      case Bias::pull_down:
        flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
        break;
    }
    return ::gpiod_chip_get_lines(chip_.get(), offsets.data(), count, &lines_) == 0 &&
           ::gpiod_line_request_bulk_both_edges_events_flags(&lines_, "ebb", flags) == 0;
  }

  tl::unexpected<std::string> fault() {
    const int error = errno;
    chip_.reset();
    return tl::unexpected<std::string>(std::strerror(error));
  }

  GpioSettings settings_;
  std::unique_ptr<gpiod_chip, CloseChip> chip_;
  gpiod_line_bulk lines_{};
};

class ModbusLines final : public ContactLines {
 public:
  explicit ModbusLines(ModbusInputSettings settings)
      : settings_(std::move(settings)), connection_(settings_.server) {}

  std::string where() const override { return text(settings_.server); }

  tl::expected<ContactLevel, std::string> read(const std::stop_token& stop) override {
    const auto [first, last] =
        std::minmax_element(settings_.inputs.begin(), settings_.inputs.end());
    std::array<std::uint8_t, 16> bits{};
    const auto count = static_cast<std::size_t>(*last - *first) + 1;
    const auto done = connection_.read_inputs(*first, std::span(bits.data(), count), stop);
    if (!done) return tl::unexpected(done.error().text);
    ContactLevel level;
    for (const int input : settings_.inputs)
      level += bits[static_cast<std::size_t>(input - *first)] != 0 ? '1' : '0';
    return level;
  }

  bool wait(std::chrono::milliseconds) override { return false; }

 private:
  ModbusInputSettings settings_;
  ModbusConnection connection_;
};

}  // namespace

std::unique_ptr<ContactLines> gpio_lines(GpioSettings settings) {
  return std::make_unique<GpioLines>(std::move(settings));
}

std::unique_ptr<ContactLines> modbus_lines(ModbusInputSettings settings) {
  return std::make_unique<ModbusLines>(std::move(settings));
}

}  // namespace ebb::sources
