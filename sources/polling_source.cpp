#include "sources/polling_source.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace ebb::sources {

struct PollingSource::Impl {
  std::unique_ptr<Poll> poll;
  std::function<throttle::Now()> clock;
  std::function<void(const Telemetry&)> told;

  std::mutex mutex;
  std::condition_variable_any wake;
  bool hurried = false;
  std::jthread thread;  ///< last: it uses the others

  void run(Port& port, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      Answer answer = poll->ask(clock(), stop);
      if (stop.stop_requested()) return;
      port.show(std::move(answer.health));
      if (!answer.updates.empty()) port.send(std::move(answer.updates));
      std::unique_lock lock(mutex);
      wake.wait_for(lock, stop, answer.again, [this] { return hurried; });
      hurried = false;
    }
  }
};

PollingSource::PollingSource(std::unique_ptr<Poll> poll, std::function<throttle::Now()> clock)
    : impl_(std::make_unique<Impl>()) {
  impl_->poll = std::move(poll);
  impl_->clock = std::move(clock);
}

PollingSource::~PollingSource() {
  stop();
}

void PollingSource::start(Port& port) {
  impl_->thread = std::jthread(
      [impl = impl_.get(), &port](const std::stop_token& stop) { impl->run(port, stop); });
}

void PollingSource::stop() {
  impl_->thread = {};  // asked to stop, and joined
}

void PollingSource::tell(const Telemetry& telemetry) {
  if (impl_->told) impl_->told(telemetry);
}

void PollingSource::on_telemetry(std::function<void(const Telemetry&)> told) {
  impl_->told = std::move(told);
}

void PollingSource::hurry() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->hurried = true;
  }
  impl_->wake.notify_all();
}

}  // namespace ebb::sources
