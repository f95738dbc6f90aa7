#include "sources/mqtt/target_message.h"

#include <boost/json.hpp>

#include "core/printable.h"

namespace ebb::sources {
namespace {

namespace json = boost::json;

constexpr double kLatest = 253'402'300'799.0;  // s; the year 9999

}  // namespace

tl::expected<TargetMessage, std::string> parse_target_message(std::string_view text) {
  const auto refused = [](std::string_view why) { return tl::unexpected(core::printable(why)); };
  if (text.size() > kMaxTargetMessage) {
    return refused("longer than " + std::to_string(kMaxTargetMessage) + " bytes");
  }
  json::parse_options options;
  options.max_depth = 8;
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return refused("not JSON: " + error.message());
  if (!value.is_object()) return refused("not a JSON object");
  const auto number = [&](const char* name) -> std::optional<double> {
    const json::value* member = value.get_object().if_contains(name);
    if (member == nullptr) return std::nullopt;
    const auto found = member->to_number<double>(error);
    if (error) return std::nullopt;
    return found;
  };
  const auto target = number("target");
  if (target != 0.0 && target != 100.0) return refused("target: must be 0 or 100");
  const auto timestamp = number("timestamp");
  if (!timestamp || !(*timestamp >= 0 && *timestamp <= kLatest)) {
    return refused("timestamp: must be seconds since 1970");
  }
  return TargetMessage{
      *target != 0,
      throttle::WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(*timestamp * 1000)))};
}

}  // namespace ebb::sources
