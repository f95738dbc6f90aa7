#include "sources/meter/meter_thread.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "sources/meter/meter_text.h"

namespace ebb::sources {

using namespace std::chrono_literals;

MeterReading sane(MeterReading reading) {
  const auto drop = [](std::optional<double>& value, double most) {
    if (value && !(std::isfinite(*value) && std::abs(*value) <= most)) value.reset();
  };
  drop(reading.watts, kMaxMeterWatts);
  drop(reading.hertz, 1000);
  if (reading.hertz && *reading.hertz <= 0) reading.hertz.reset();
  return reading;
}

struct MeterThread::Impl {
  std::unique_ptr<MeterReader> reader;
  std::chrono::milliseconds period{};
  std::function<throttle::SteadyTime()> clock;

  mutable std::mutex mutex;
  mutable std::condition_variable_any news;
  std::optional<MeterReading> latest;
  Health health;
  std::jthread thread;  ///< last: it uses the others

  void run(const std::stop_token& stop) {
    auto due = std::chrono::steady_clock::now();
    std::chrono::milliseconds wait{0};
    while (!stop.stop_requested()) {
      const bool read = take(reader->read(clock(), stop));
      wait = read ? 0ms : std::min(2 * wait, std::max(period, kMostWait));
      wait = std::max(wait, period);
      due = std::max(due + wait, std::chrono::steady_clock::now());
      std::unique_lock lock(mutex);
      news.wait_until(lock, stop, due, [] { return false; });
    }
  }

  /// Whether there is a reading.
  bool take(tl::expected<MeterReading, std::string> answer) {
    if (answer) *answer = sane(*answer);
    const std::lock_guard lock(mutex);
    const bool read = answer && (answer->watts || answer->hertz);
    health.connected = answer.has_value();
    if (read) {
      latest = *answer;
      health.last = text(*answer);
      health.trouble.clear();
      news.notify_all();
    } else {
      health.trouble = answer ? "it shows neither watts nor hertz" : answer.error();
      health.trouble += "; it is asked again";
    }
    return read;
  }
};

MeterThread::MeterThread(std::unique_ptr<MeterReader> reader, std::chrono::milliseconds period,
                         std::function<throttle::SteadyTime()> clock)
    : impl_(std::make_unique<Impl>()) {
  impl_->reader = std::move(reader);
  impl_->period = period;
  impl_->clock = std::move(clock);
  impl_->health.where = impl_->reader->where();
  impl_->health.trouble = "not read yet";
  impl_->thread =
      std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

MeterThread::~MeterThread() = default;

std::optional<MeterReading> MeterThread::latest() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->latest;
}

std::optional<MeterReading> MeterThread::next(throttle::SteadyTime after,
                                              std::chrono::milliseconds at_most,
                                              const std::stop_token& stop) const {
  std::unique_lock lock(impl_->mutex);
  const auto newer = [&] { return impl_->latest && impl_->latest->at > after; };
  if (!impl_->news.wait_for(lock, stop, at_most, newer)) return std::nullopt;
  return impl_->latest;
}

Health MeterThread::health() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->health;
}

std::chrono::milliseconds MeterThread::period() const {
  return impl_->period;
}

}  // namespace ebb::sources
