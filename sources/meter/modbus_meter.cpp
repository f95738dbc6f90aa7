#include "sources/meter/modbus_meter.h"

#include <array>
#include <utility>

#include "sources/meter/sunspec.h"

namespace ebb::sources {
namespace {

using throttle::SteadyTime;

class ModbusMeter final : public MeterReader {
 public:
  explicit ModbusMeter(ModbusMeterSettings settings)
      : settings_(std::move(settings)), connection_(settings_.server) {}

  std::string where() const override { return text(settings_.server); }

  tl::expected<MeterReading, std::string> read(SteadyTime now,
                                               const std::stop_token& stop) override {
    auto reading = settings_.sunspec ? read_sunspec(stop) : read_places(stop);
    if (!reading) return tl::unexpected(reading.error().text);
    if (reading->watts && !settings_.import_positive) reading->watts = -*reading->watts;
    reading->at = now;
    return *reading;
  }

 private:
  using Answer = tl::expected<MeterReading, ModbusFault>;

  Answer read_sunspec(const std::stop_token& stop) {
    const ReadRegisters ask =
        [&](std::uint32_t address,
            std::size_t count) -> tl::expected<std::vector<std::uint16_t>, ModbusFault> {
      std::vector<std::uint16_t> words(count);
      auto done =
          connection_.read_registers(ModbusTable::holding, static_cast<int>(address), words, stop);
      if (!done) return tl::unexpected(done.error());
      return words;
    };
    if (!model_) {
      const auto found = find_sunspec_meter(ask);
      if (!found) return tl::unexpected(found.error());
      model_ = *found;
    }
    const auto words = ask(model_->address, sunspec_registers(*model_));
    const auto reading = words ? decode_sunspec(*model_, *words) : std::nullopt;
    if (reading) return *reading;
    model_.reset();  // it may be another device by now
    if (!words) return tl::unexpected(words.error());
    return tl::unexpected(ModbusFault{"the SunSpec map has changed"});
  }

  Answer read_places(const std::stop_token& stop) {
    MeterReading reading;
    for (const auto& [place, value] : {std::pair(&settings_.watts, &reading.watts),
                                       std::pair(&settings_.hertz, &reading.hertz)}) {
      if (!*place) continue;
      std::array<std::uint16_t, 2> words{};
      const std::span<std::uint16_t> used(words.data(), size_of(**place));
      auto done = connection_.read_registers((*place)->table, (*place)->first, used, stop);
      if (!done) return tl::unexpected(done.error());
      *value = decode(**place, used);
    }
    return reading;
  }

  ModbusMeterSettings settings_;
  ModbusConnection connection_;
  std::optional<SunspecModel> model_;
};

}  // namespace

std::unique_ptr<MeterReader> modbus_meter(ModbusMeterSettings settings) {
  return std::make_unique<ModbusMeter>(std::move(settings));
}

}  // namespace ebb::sources
