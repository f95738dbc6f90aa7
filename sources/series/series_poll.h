#pragma once
// Asks for values over time again and again, and says what caps follow.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "sources/polling_source.h"
#include "sources/series/json_series.h"
#include "sources/series/origin.h"
#include "sources/series/series.h"

namespace ebb::sources {

struct SeriesPollSettings {
  Wording wording;
  std::function<Intervals(std::string_view text, throttle::WallTime now)> parse;
  /// Asked before each look. The error is why there are none: then nothing is said.
  std::function<tl::expected<Thresholds, std::string>(const throttle::Now& now,
                                                      const std::stop_token& stop)>
      thresholds;
  std::function<Texts(throttle::WallTime now, const std::stop_token& stop)> fetch;
  std::string where;
  throttle::SignalClass signal_class = throttle::SignalClass::economic;
  std::chrono::milliseconds poll{std::chrono::minutes(5)};
  std::chrono::milliseconds speak{std::chrono::minutes(1)};  ///< says again what it said
  std::chrono::milliseconds carry{0};                        ///< see Series
  /// Published a day ahead: asks once an hour while half a day is known, and that nothing is known
  /// of the next hour is a trouble.
  bool ahead = false;
};

/// Speaks while the value of now is known, so that a source whose server has gone stays fresh for
/// as long as what it said holds, and falls silent where it has nothing to say.
class SeriesPoll final : public Poll {
 public:
  explicit SeriesPoll(SeriesPollSettings settings);
  Answer ask(const throttle::Now& now, const std::stop_token& stop) override;

 private:
  void fetch(const throttle::Now& now, const std::stop_token& stop);
  std::chrono::milliseconds wait_after(const Texts& texts);
  void add_outlook(const throttle::Now& now, const Outlook& outlook, Answer& answer);

  SeriesPollSettings settings_;
  Series series_;
  std::optional<throttle::SteadyTime> next_;  ///< when to ask
  std::optional<throttle::WallTime> known_until_;
  bool connected_ = false;
  std::string trouble_;  ///< of the last asking
  int failures_ = 0;     ///< in a row
  std::vector<throttle::Signal> said_;
};

}  // namespace ebb::sources
