#pragma once
// A strike price that follows what mining earns.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "sources/price/break_even.h"
#include "sources/series/json_path.h"
#include "sources/series/origin.h"
#include "sources/source.h"

namespace ebb::sources {

/// A number of the settings, or of a JSON document.
struct NumberSettings {
  std::string name;  ///< "btc_price"
  std::optional<double> fixed;
  OriginSettings origin;
  JsonPath path;
};

struct MiningSettings {
  MiningTerms terms;  ///< efficiency 0: as measured
  NumberSettings difficulty, btc_price;
  std::chrono::milliseconds poll{std::chrono::minutes(10)};  ///< of both
};

/// What the miner's meter and counters say of its efficiency. Any thread.
class MeasuredEfficiency {
 public:
  /// Below half of the full work the idle power would count for too much, and what was measured
  /// before stands.
  void take(const Telemetry& telemetry);
  /// 0: nothing yet.
  double joules_per_terahash() const { return joules_per_terahash_.load(); }

 private:
  std::atomic<double> joules_per_terahash_ = 0;
};

/// One thread.
class MiningStrike {
 public:
  static tl::expected<std::unique_ptr<MiningStrike>, std::string> open(
      MiningSettings settings, std::shared_ptr<MeasuredEfficiency> measured);

  /// The price of a MWh at which mining just pays; it moves by 1 % or not at all, so that what is
  /// said does not change by the minute. Numbers that cannot be had stay as they were for a day;
  /// the error says what is missing.
  tl::expected<double, std::string> per_mwh(const throttle::Now& now, const std::stop_token& stop);

 private:
  struct Number {
    NumberSettings settings;
    std::unique_ptr<Origin> origin;
    std::optional<double> value;
    throttle::SteadyTime read_at{};
    std::optional<throttle::SteadyTime> next;
    std::string trouble;
  };
  MiningStrike(MiningSettings settings, std::shared_ptr<MeasuredEfficiency> measured);
  void refresh(Number& number, const throttle::Now& now, const std::stop_token& stop) const;

  MiningSettings settings_;
  std::shared_ptr<MeasuredEfficiency> measured_;
  Number difficulty_, btc_price_;
  double per_mwh_ = 0;
};

/// The number at `path`, above zero. The error is one line.
tl::expected<double, std::string> parse_number(std::string_view text, const JsonPath& path);

}  // namespace ebb::sources
