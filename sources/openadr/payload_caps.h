#pragma once
// What an event's payloads ask of a miner.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sources/openadr/openadr_objects.h"
#include "throttle/cap.h"
#include "throttle/signal.h"

namespace ebb::sources::openadr {

enum class SetpointMeaning { none, absolute, relative };
enum class OffsetSign { unknown, negative_sheds, positive_sheds };

/// Above the strike it does not pay. Nothing: the payload is not acted on.
struct Strikes {
  std::optional<double> price, export_price, ghg;
  std::string currency;  ///< prices in others are not acted on; empty: any
};

struct CapSettings {
  std::array<throttle::Cap, 4> simple{throttle::DutyCap{1}, throttle::DutyCap{0.5},
                                      throttle::DutyCap{0.25}, throttle::DutyCap{0}};
  std::map<std::string, throttle::Cap, std::less<>> instructions;  ///< of DISPATCH_INSTRUCTION
  SetpointMeaning control_setpoint = SetpointMeaning::none;
  OffsetSign offset_percent = OffsetSign::unknown;
  throttle::Cap flex_alert = throttle::DutyCap{0};
  Strikes strikes;
};

enum class Meaning {
  cap,           ///< of the miner
  limit,         ///< watts that the site may import now
  subscription,  ///< watts that the site may always import
  reservation,   ///< watts beyond those
  notice,        ///< for people
  ignored,       ///< not a load's business
  unclear        ///< cannot be acted on; `text` says why
};

struct Asked {
  Meaning meaning = Meaning::ignored;
  throttle::Cap cap = throttle::DutyCap{1};
  double site_watts = 0;
  std::optional<throttle::SignalClass> signal_class;  ///< where the payload has one of its own
  bool outage = false;
  std::string text;  ///< "SIMPLE 2"; what people are told
};

/// What a payload's value is to be read with.
struct PayloadContext {
  std::string_view units, currency;      ///< by the descriptors; empty: not said
  std::optional<double> baseline_watts;  ///< without the event
};

/// One value of a payload.
Asked read_payload(const CapSettings& settings, std::string_view type, const Value& value,
                   const PayloadContext& context);

/// Its values are parts of the interval, one after another.
bool is_sequence(std::string_view type);

/// Of two events that say such a thing for the same time, the one of higher priority counts: not
/// of prices and alerts.
bool conflicts(std::string_view type);

/// Needs PayloadContext::baseline_watts.
bool is_relative(const CapSettings& settings, std::string_view type);

}  // namespace ebb::sources::openadr
