#pragma once
// A limit on how hard the miner may work.

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>

namespace ebb::throttle {

/// Share of full power, 0..1.
struct DutyCap {
  double fraction = 1;
  friend bool operator==(const DutyCap&, const DutyCap&) = default;
};
/// Hashes per second over all devices, 0 or more.
struct HashrateCap {
  double hps = 0;
  friend bool operator==(const HashrateCap&, const HashrateCap&) = default;
};
/// Watts of what the best meter at hand measures, 0 or more.
struct PowerCap {
  double watts = 0;
  friend bool operator==(const PowerCap&, const PowerCap&) = default;
};
using Cap = std::variant<DutyCap, HashrateCap, PowerCap>;

/// "40%", "0%", "12.5%" or a fraction such as "0.4": up to 100 %. The error names what is wrong.
tl::expected<DutyCap, std::string> parse_duty(std::string_view text);

/// "20M", "1.5G", "300k", "1T" or plain hashes per second.
tl::expected<HashrateCap, std::string> parse_hashrate(std::string_view text);

/// "250W", "1.2kW", "3MW".
tl::expected<PowerCap, std::string> parse_power(std::string_view text);

/// Any of the three by its unit: "40%", "20MH/s" or "20M", "250W"; "0" and "1" are fractions.
tl::expected<Cap, std::string> parse_cap(std::string_view text);

/// As parse_cap reads it, to six digits: "40%", "20MH/s", "250W".
std::string text(const Cap& cap);

bool is_zero(const Cap& cap);
/// Permits all: 100 %.
bool is_full(const Cap& cap);

}  // namespace ebb::throttle
