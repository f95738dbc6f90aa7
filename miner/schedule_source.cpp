#include "miner/schedule_source.h"

#include <spdlog/logger.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "miner/config_file.h"

namespace ebb::miner {
namespace {

std::optional<std::filesystem::file_time_type> written(const std::filesystem::path& file) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(file, error);
  if (error) return std::nullopt;
  return time;
}

/// The first and the last beginning of the windows that the throttle knows of.
std::optional<std::pair<throttle::WallTime, throttle::WallTime>> span_of(
    const std::vector<throttle::Signal>& signals) {
  std::optional<std::pair<throttle::WallTime, throttle::WallTime>> span;
  for (const throttle::Signal& signal : signals) {
    if (signal.source != throttle::Schedule::kSource) continue;
    if (!span) span.emplace(signal.valid_from, signal.valid_from);
    span->first = std::min(span->first, signal.valid_from);
    span->second = std::max(span->second, signal.valid_from);
  }
  return span;
}

std::optional<throttle::Signal> find(const std::vector<throttle::Signal>& signals,
                                     const throttle::Signal& wanted) {
  const auto found = std::find_if(signals.begin(), signals.end(), [&](const auto& signal) {
    return signal.source == wanted.source && signal.id == wanted.id;
  });
  if (found == signals.end()) return std::nullopt;
  return *found;
}

}  // namespace

tl::expected<ScheduleSource, std::string> ScheduleSource::open(const ThrottleOptions& options) {
  auto schedule = throttle::Schedule::read(options.windows, options.calendars);
  if (!schedule) return tl::unexpected(schedule.error());
  ScheduleSource source(std::move(*schedule));
  source.config_file_ = options.config_file;
  source.watch(options.calendars);
  return source;
}

std::vector<throttle::Signal> ScheduleSource::update(const throttle::Now& now,
                                                     throttle::Throttle& throttle,
                                                     spdlog::logger& log) {
  const bool is_first = !looked_;
  if (is_first || now.steady - *looked_ >= kLook) {
    looked_ = now.steady;
    if (files_changed()) {
      read_again(log);
      said_at_.reset();
    }
  }
  if (said_at_ && now.steady - *said_at_ < kPeriod) return {};
  said_at_ = now.steady;
  // By a clock that is not believed no window has ended, and none is yet to be planned.
  throttle::WallTime from = now.wall, to = now.wall;
  if (!throttle.clock_believed()) {
    if (const auto standing = span_of(throttle.signals())) {
      from = standing->first;
      to = std::max(to, standing->second);
    }
  }
  auto signals = schedule_.signals(from, to + kHorizon, kMostSignals);
  if (!is_first && signals == said_) return {};
  said_ = signals;
  std::vector<throttle::Signal> news;
  for (throttle::Signal& signal : signals) {
    signal.received_at = now.wall;
    if (const auto known = find(throttle.signals(), signal)) {
      signal.received_at = known->received_at;
      if (signal == *known) continue;
      signal.received_at = now.wall;
    }
    news.push_back(signal);
  }
  throttle.replace(now, throttle::Schedule::kSource, std::move(signals));
  return news;
}

void ScheduleSource::watch(const std::vector<throttle::CalendarFile>& calendars) {
  watched_.clear();
  if (!config_file_.empty()) watched_.push_back({config_file_, written(config_file_)});
  for (const throttle::CalendarFile& calendar : calendars)
    watched_.push_back({calendar.path, written(calendar.path)});
}

bool ScheduleSource::files_changed() {
  bool changed = false;
  for (Watched& watched : watched_) {
    // One that is being replaced may be gone for a moment.
    const auto time = written(watched.file);
    if (!time || time == watched.written) continue;
    watched.written = time;
    changed = true;
  }
  return changed;
}

void ScheduleSource::read_again(spdlog::logger& log) {
  const auto config = read_config_file(config_file_);
  if (!config) {
    log.error("the schedule stays as it was: {}", config.error());
    return;
  }
  auto schedule = throttle::Schedule::read(config->throttle.windows, config->throttle.calendars);
  if (!schedule) {
    log.error("the schedule stays as it was: {}", schedule.error());
    return;
  }
  schedule_ = std::move(*schedule);
  watch(config->throttle.calendars);
  log.info("schedule read again");
}

}  // namespace ebb::miner
