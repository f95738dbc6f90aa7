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
};
/// Hashes per second over all devices, 0 or more.
struct HashrateCap {
  double hps = 0;
};
using Cap = std::variant<DutyCap, HashrateCap>;

/// "40%", "0%", "12.5%" or a fraction such as "0.4": up to 100 %. The error names what is wrong.
tl::expected<DutyCap, std::string> parse_duty(std::string_view text);

/// "20M", "1.5G", "300k", "1T" or plain hashes per second.
tl::expected<HashrateCap, std::string> parse_hashrate(std::string_view text);

}  // namespace ebb::throttle
