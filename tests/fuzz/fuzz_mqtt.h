#pragma once
// What the fuzzer of MQTT messages does with its bytes. The unit tests replay its corpus.

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "sources/mqtt/mqtt_feed.h"
#include "throttle/limit.h"

namespace ebb::sources {

/// Each line is an arrival: a letter of its topic (c, t, s, h), a digit of its broker and whether
/// it was retained (0 to 3), and the payload; "+n" lets n seconds pass. What was retained without a
/// date, a command where there is a feed, and the second broker at the start never raise and are no
/// sign of life.
inline void fuzz_mqtt(std::string_view data) {
  using throttle::SignalBook;
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const auto plain = [](const std::string& text) {
    return text.size() <= 300 && std::none_of(text.begin(), text.end(), [](char c) {
             return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
           });
  };
  throttle::Now now;
  now.wall = throttle::WallTime(std::chrono::seconds(1'800'000'000));
  MqttFeedSettings settings;
  settings.brokers = 2;
  MqttFeed feed(settings, now.steady);
  SignalBook book;
  bool first_has_spoken = false;
  for (int lines = 0; !data.empty() && lines < 200; ++lines) {
    const std::string_view line = data.substr(0, data.find('\n'));
    data.remove_prefix(std::min(line.size() + 1, data.size()));
    if (line.size() < 2) continue;
    if (line[0] == '+') {
      const std::chrono::seconds passed(static_cast<unsigned char>(line[1]));
      now.steady += passed;
      now.wall += passed;
      continue;
    }
    const std::size_t topic = std::string_view("ctsh").find(line[0]);
    if (topic == std::string_view::npos || line[1] < '0' || line[1] > '3') continue;
    const auto bits = static_cast<unsigned>(line[1] - '0');
    const MqttArrival arrival{static_cast<MqttArrival::Topic>(topic), bits & 1, bits >= 2,
                              line.substr(2)};
    first_has_spoken = first_has_spoken || arrival.broker == 0;

    const auto before = book.signals();
    const auto heard_before = book.heard_at("site");
    auto outcome = feed.take(now, arrival);
    must(outcome.updates.size() <= 3, "updates of a message");
    must(outcome.trouble.empty() || outcome.updates.empty(), "refused and passed on");
    must(plain(outcome.trouble), "trouble is one line");
    for (Update& update : outcome.updates) {
      if (auto* said = std::get_if<Said>(&update)) {
        said->signal.source = "site";
        said->signal.received_at = now.wall;
        book.accept(now, said->signal);
      } else if (const auto* over = std::get_if<Retracted>(&update)) {
        book.retract(now, "site", over->id, over->sequence);
      } else {
        book.heard(now, "site");
      }
    }
    const bool dated =
        line.find("sent") != std::string_view::npos || line.find("\\u") != std::string_view::npos;
    const bool command = topic >= 2;
    const bool mute = (arrival.retained && topic == 0 && !dated) || command ||
                      (!first_has_spoken && now.steady.time_since_epoch() <= settings.stale_after);
    if (!mute) continue;
    must(book.heard_at("site") == heard_before, "no sign of life");
    for (const throttle::Signal& stood : before) {
      const auto signals = book.signals();
      const auto found = std::find_if(signals.begin(), signals.end(),
                                      [&](const auto& signal) { return signal.id == stood.id; });
      throttle::Limit old, latest;
      old.lower_to(stood.cap);
      must(found != signals.end(), "nothing is taken away");
      latest.lower_to(found->cap);
      must(!latest.is_above(old), "nothing is raised");
    }
  }
}

}  // namespace ebb::sources
