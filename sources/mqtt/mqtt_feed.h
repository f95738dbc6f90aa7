#pragma once
// What messages from one or two brokers mean for the throttle.

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/update.h"
#include "throttle/signal_book.h"

namespace ebb::sources {

struct MqttFeedSettings {
  throttle::SignalClass signal_class = throttle::SignalClass::mandatory;
  std::chrono::seconds stale_after{240};
  bool feed = true;         ///< it must be heard, and a command to this rig is no word of it
  std::size_t brokers = 1;  ///< 1 or 2
};

struct MqttArrival {
  enum class Topic {
    cap,       ///< CapMessage
    target,    ///< TargetMessage
    set_cap,   ///< a command to this rig: percent, "40"
    set_hold,  ///< a command to this rig: "ON" or "OFF"
  };
  Topic topic = Topic::cap;
  std::size_t broker = 0;
  bool retained = false;  ///< the broker kept it, for how long nobody knows
  std::string_view payload;
};

/// Pure; one thread. The first broker's word wins while it is heard; a lower cap is taken from
/// either at once. A retained message is state and no sign of life, unless it is dated within
/// stale_after: an older one may lower and never raises.
class MqttFeed {
 public:
  static constexpr std::size_t kMaxIds = throttle::SignalBook::kMaxSignals;
  /// A TargetMessage is nonsense beyond this distance of our clock.
  static constexpr std::chrono::hours kTargetWindow{24};
  /// The signals of the topics that have no ids of their own. A CapMessage may not use them.
  static constexpr std::string_view kTargetId = "target";
  static constexpr std::string_view kSetCapId = "cap/set";
  static constexpr std::string_view kSetHoldId = "hold/set";
  /// Reasons of the commands' signals.
  static constexpr std::string_view kSetCapReason = "set over MQTT";
  static constexpr std::string_view kSetHoldReason = "held over MQTT";

  /// What a message came to. Each text is one line.
  struct Outcome {
    std::vector<Update> updates;
    std::string said;     ///< "cap 40%"; empty: nothing that counts
    std::string trouble;  ///< why it was refused; empty: it was not
  };

  MqttFeed(MqttFeedSettings settings, throttle::SteadyTime started);

  Outcome take(const throttle::Now& now, const MqttArrival& arrival);

 private:
  struct Word;
  /// Of an id, as far as this run has heard.
  struct Known {
    std::optional<throttle::Signal> stands;                 ///< nothing: over
    bool said = false;                                      ///< whether `stands` is known at all
    std::size_t broker = 0;                                 ///< who said it,
    std::optional<throttle::WallTime> since;                ///< when by the sender's clock
    std::uint64_t sequence = 0;                             ///< and under which number
    std::array<std::optional<throttle::WallTime>, 2> sent;  ///< newest of each broker
  };
  struct Broker {
    throttle::SteadyTime heard{};
    std::uint64_t sequence = 0;
  };

  Outcome hear(const throttle::Now& now, const MqttArrival& arrival, Word word);
  Outcome hear_live(const throttle::Now& now, const MqttArrival& arrival, Word word);
  Outcome obey(const throttle::Now& now, const MqttArrival& arrival);
  Outcome pass_on(const MqttArrival& arrival, Known& known, Word word);
  Outcome still_there();
  void add_commands(Outcome& outcome);
  Known& known(const std::string& id);

  MqttFeedSettings settings_;
  std::array<Broker, 2> brokers_;
  std::map<std::string, Known, std::less<>> ids_;
  std::map<std::string, Update, std::less<>> commands_;  ///< that wait for a word of the feed
};

}  // namespace ebb::sources
