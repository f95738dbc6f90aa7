#include "miner/crew.h"

#include <numeric>

#include "core/cpu_topology.h"

namespace ebb::miner {

Crew::Crew(std::vector<OpenedDevice> devices, Worker::Deliver deliver) {
  WorkerConfig config;
  config.count = static_cast<unsigned>(devices.size());
  for (OpenedDevice& opened : devices) {
    auto gate = std::make_shared<core::Gate>();
    board_.add_gate(gate);
    core::DutyWriter writer(core::Duty{0}, gate);
    Member member{std::move(opened.device),           opened.cpu,      gate,
                  std::make_unique<WorkerCounters>(), writer.reader(), nullptr};
    duty_writers_.push_back(std::move(writer));
    member.worker = std::make_unique<Worker>(config, *member.device, board_, member.duty,
                                             member.gate, *member.counters, deliver);
    members_.push_back(std::move(member));
    ++config.index;
  }
}

Crew::~Crew() {
  stop();
}

std::vector<core::DutyWriter> Crew::take_duty_writers() {
  return std::move(duty_writers_);
}

unsigned Crew::start() {
  unsigned refused = 0;
  for (const Member& member : members_) {
    threads_.emplace_back([&worker = *member.worker](std::stop_token stop) { worker.run(stop); });
    if (member.cpu && !core::pin_thread(threads_.back().native_handle(), *member.cpu)) ++refused;
  }
  return refused;
}

void Crew::stop() {
  for (std::jthread& thread : threads_)
    thread.request_stop();
  threads_.clear();
}

std::vector<DeviceFigures> Crew::figures() const {
  std::vector<DeviceFigures> all;
  for (const Member& member : members_) {
    const WorkerCounters& counters = *member.counters;
    const auto read = [](const std::atomic<std::uint64_t>& counter) {
      return counter.load(std::memory_order_relaxed);
    };
    DeviceFigures figures;
    figures.info = &member.device->info();
    figures.work.hashes = read(counters.hashes);
    figures.work.busy = std::chrono::nanoseconds(read(counters.busy_ns));
    figures.hardware_errors = read(counters.hardware_errors);
    figures.device_failures = read(counters.device_failures);
    figures.shares_left_out = read(counters.shares_left_out);
    figures.duty = member.duty.load();
    all.push_back(figures);
  }
  return all;
}

std::uint64_t Crew::hashes() const {
  const auto all = figures();
  return std::accumulate(
      all.begin(), all.end(), std::uint64_t{0},
      [](std::uint64_t sum, const DeviceFigures& device) { return sum + device.work.hashes; });
}

}  // namespace ebb::miner
