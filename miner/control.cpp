#include "miner/control.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "stratum/line.h"
#include "throttle/signal_book.h"

namespace ebb::miner {
namespace {

namespace json = boost::json;
using throttle::Cap;
using throttle::WallTime;

// The last moment of the year 9999: all of them fit a clock of nanoseconds or a calendar.
constexpr std::int64_t kMaxMilliseconds = 253'402'300'799'999;

json::object cap_json(const Cap& cap) {
  if (const auto* duty = std::get_if<throttle::DutyCap>(&cap))
    return {{"fraction", duty->fraction}};
  if (const auto* power = std::get_if<throttle::PowerCap>(&cap)) return {{"watts", power->watts}};
  return {{"hps", std::get<throttle::HashrateCap>(cap).hps}};
}

std::int64_t time_json(WallTime time) {
  return time.time_since_epoch().count();
}

struct EncodeRequest {
  json::object operator()(const StatusRequest&) const { return {{"command", "status"}}; }
  json::object operator()(const HoldRequest& hold) const {
    json::object object{{"command", "hold"}, {"cap", cap_json(hold.cap)}};
    if (hold.until) object["until"] = time_json(*hold.until);
    object["reason"] = hold.reason;
    return object;
  }
  json::object operator()(const ReleaseRequest&) const { return {{"command", "release"}}; }
  json::object operator()(const OverrideRequest& request) const {
    if (!request.override) return {{"command", "override"}, {"end", true}};
    return {{"command", "override"},
            {"until", time_json(request.override->until)},
            {"reason", request.override->reason}};
  }
};

/// Thrown inside this file only, to leave the reading of a request at its first fault.
struct Fault {
  std::string text;
};

void refuse_other_keys(const json::object& object, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object) {
    if (std::find(known.begin(), known.end(), std::string_view(key)) == known.end()) {
      throw Fault{"unknown key '" + std::string(key).substr(0, 100) + "'"};
    }
  }
}

const json::value& member(const json::object& object, std::string_view key) {
  if (const json::value* value = object.if_contains(key)) return *value;
  throw Fault{std::string(key) + ": is missing"};
}

std::string_view string_member(const json::object& object, std::string_view key) {
  const json::value& value = member(object, key);
  if (!value.is_string()) throw Fault{std::string(key) + ": must be a string"};
  return value.get_string();
}

Cap cap_member(const json::object& object) {
  const json::value& value = member(object, "cap");
  const auto wrong = [] { return Fault{"cap: must have a fraction, watts or hps of 0 or more"}; };
  if (!value.is_object() || value.get_object().size() != 1) throw wrong();
  const auto& [unit, level] = *value.get_object().begin();
  json::error_code not_number;
  const auto number = level.to_number<double>(not_number);
  const double most = unit == "fraction" ? 1 : std::numeric_limits<double>::max();
  if (not_number || !(number >= 0 && number <= most)) throw wrong();
  if (unit == "fraction") return throttle::DutyCap{number};
  if (unit == "watts") return throttle::PowerCap{number};
  if (unit == "hps") return throttle::HashrateCap{number};
  throw wrong();
}

WallTime until_member(const json::object& object) {
  const json::value& value = member(object, "until");
  if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > kMaxMilliseconds) {
    throw Fault{"until: must be milliseconds since 1970"};
  }
  return WallTime(std::chrono::milliseconds(value.get_int64()));
}

std::string reason_member(const json::object& object) {
  auto reason = check_reason(string_member(object, "reason"));
  if (!reason) throw Fault{"reason: " + reason.error()};
  return *std::move(reason);
}

ControlRequest read_hold(const json::object& object) {
  refuse_other_keys(object, {"command", "cap", "until", "reason"});
  HoldRequest hold{cap_member(object), std::nullopt, reason_member(object)};
  if (object.contains("until")) hold.until = until_member(object);
  return hold;
}

ControlRequest read_override(const json::object& object) {
  if (object.contains("end")) {
    refuse_other_keys(object, {"command", "end"});
    if (object.at("end") != true) throw Fault{"end: must be true"};
    return OverrideRequest{};
  }
  refuse_other_keys(object, {"command", "until", "reason"});
  return OverrideRequest{throttle::Override{until_member(object), reason_member(object)}};
}

ControlRequest read_request(const json::object& object) {
  const std::string_view command = string_member(object, "command");
  if (command == "hold") return read_hold(object);
  if (command == "override") return read_override(object);
  refuse_other_keys(object, {"command"});
  if (command == "status") return StatusRequest{};
  if (command == "release") return ReleaseRequest{};
  throw Fault{"command: '" + std::string(command.substr(0, 100)) + "' is none"};
}

}  // namespace

std::string encode(const ControlRequest& request) {
  return json::serialize(std::visit(EncodeRequest(), request));
}

std::string encode(const ControlReply& reply) {
  return reply ? *reply : json::serialize(json::object{{"error", reply.error()}});
}

tl::expected<ControlRequest, std::string> decode_request(std::string_view line) {
  const auto object = stratum::parse_line(line);
  if (!object) return tl::unexpected(object.error().what);
  try {
    return read_request(*object);
  } catch (const Fault& fault) {
    return tl::unexpected(fault.text);
  }
}

ControlReply decode_reply(std::string_view line) {
  const auto object = stratum::parse_line(line);
  if (!object) return tl::unexpected("the miner's answer is " + object.error().what);
  const json::value* error = object->if_contains("error");
  if (error == nullptr) return std::string(line);
  return tl::unexpected(error->is_string() ? std::string(error->get_string())
                                           : "the miner's answer has an error without a text");
}

tl::expected<std::string, std::string> check_reason(std::string_view text) {
  if (text.empty()) return tl::unexpected<std::string>("is empty");
  if (text.size() > throttle::SignalBook::kMaxReason) {
    return tl::unexpected("is longer than " + std::to_string(throttle::SignalBook::kMaxReason) +
                          " bytes");
  }
  const bool has_control =
      std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (has_control) return tl::unexpected<std::string>("has a control character");
  json::error_code not_utf8;
  json::parse(json::serialize(json::value(text)), not_utf8);
  if (not_utf8) return tl::unexpected<std::string>("is not valid UTF-8");
  return std::string(text);
}

}  // namespace ebb::miner
