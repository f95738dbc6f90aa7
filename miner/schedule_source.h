#pragma once
// The schedule as a source of signals, read again when its files change.

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "miner/throttle_options.h"
#include "throttle/schedule/schedule.h"
#include "throttle/throttle.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// Says what is planned for the fortnight to come. An edit that cannot be read changes nothing:
/// what was planned stays planned. One thread; blocks to read small files.
class ScheduleSource {
 public:
  static constexpr std::chrono::days kHorizon{14};
  static constexpr std::size_t kMostSignals = 1000;
  static constexpr std::chrono::minutes kPeriod{1};  ///< between two looks ahead
  static constexpr std::chrono::seconds kLook{5};    ///< between two looks at the files

  /// The error is Schedule::read's.
  static tl::expected<ScheduleSource, std::string> open(const ThrottleOptions& options);

  /// Call often; it does nothing until something is due. The windows that the throttle had not
  /// heard of, or not with this end, cap or reason.
  std::vector<throttle::Signal> update(const throttle::Now& now, throttle::Throttle& throttle,
                                       spdlog::logger& log);

 private:
  struct Watched {
    std::filesystem::path file;
    std::optional<std::filesystem::file_time_type> written;
  };

  explicit ScheduleSource(throttle::Schedule schedule) : schedule_(std::move(schedule)) {}
  void watch(const std::vector<throttle::CalendarFile>& calendars);
  bool files_changed();
  void read_again(spdlog::logger& log);

  throttle::Schedule schedule_;
  std::filesystem::path config_file_;
  std::vector<Watched> watched_;
  std::vector<throttle::Signal> said_;
  std::optional<throttle::SteadyTime> looked_, said_at_;
};

}  // namespace ebb::miner
