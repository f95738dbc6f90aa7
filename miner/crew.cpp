#include "miner/crew.h"

#include <future>
#include <mutex>
#include <numeric>
#include <utility>

#include "core/cpu_topology.h"

namespace ebb::miner {
namespace {

/// Where a worker hands its shares over, until the receiver goes away.
class Delivery {
 public:
  explicit Delivery(Worker::Deliver deliver) : deliver_(std::move(deliver)) {}

  /// Nothing is delivered once this has returned.
  void end() {
    const std::lock_guard lock(mutex_);
    deliver_ = nullptr;
  }

  bool operator()(std::vector<core::Share>& shares) {
    const std::lock_guard lock(mutex_);
    return !deliver_ || deliver_(shares);
  }

 private:
  std::mutex mutex_;
  Worker::Deliver deliver_;
};

}  // namespace

/// A device and all that its worker touches. The worker's thread owns it too, for a hung driver may
/// keep that longer than the crew lives.
struct Crew::Member {
  Member(WorkerConfig config, OpenedDevice opened, std::shared_ptr<JobBoard> the_board,
         std::shared_ptr<core::Gate> gate, const core::DutyReader& reader, Worker::Deliver deliver)
      : device(std::move(opened.device)),
        cpu(opened.cpu),
        board(std::move(the_board)),
        duty(reader),
        delivery(std::move(deliver)),
        worker(config, *device, *board, duty, std::move(gate), counters,
               [this](std::vector<core::Share>& shares) { return delivery(shares); }) {}

  std::unique_ptr<core::Device> device;
  std::optional<unsigned> cpu;
  std::shared_ptr<JobBoard> board;
  core::DutyReader duty;
  WorkerCounters counters;
  Delivery delivery;
  Worker worker;

  // Of the crew's side alone.
  std::jthread thread;
  std::future<void> ended;
};

Crew::Crew(std::vector<OpenedDevice> devices, Worker::Deliver deliver) {
  WorkerConfig config;
  config.count = static_cast<unsigned>(devices.size());
  for (OpenedDevice& opened : devices) {
    auto gate = std::make_shared<core::Gate>();
    board_->add_gate(gate);
    core::DutyWriter writer(core::Duty{0}, gate);
    members_.push_back(std::make_shared<Member>(config, std::move(opened), board_, std::move(gate),
                                                writer.reader(), deliver));
    duty_writers_.push_back(std::move(writer));
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
  for (const std::shared_ptr<Member>& member : members_) {
    std::promise<void> end;
    member->ended = end.get_future();
    member->thread = std::jthread([member, end = std::move(end)](std::stop_token stop) mutable {
      member->worker.run(std::move(stop));
      end.set_value();
    });
    if (member->cpu && !core::pin_thread(member->thread.native_handle(), *member->cpu)) ++refused;
  }
  return refused;
}

std::vector<std::string> Crew::stop(std::chrono::nanoseconds patience) {
  for (const std::shared_ptr<Member>& member : members_)
    member->thread.request_stop();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::string> left_behind;
  for (const std::shared_ptr<Member>& member : members_) {
    if (!member->thread.joinable()) continue;
    if (member->ended.wait_until(deadline) == std::future_status::ready) {
      member->thread.join();
      continue;
    }
    member->delivery.end();
    member->counters.health.failed("it did not answer the stop", {});
    member->thread.detach();
    left_behind.push_back(member->device->info().name);
  }
  return left_behind;
}

std::vector<DeviceFigures> Crew::figures() const {
  std::vector<DeviceFigures> all;
  for (const std::shared_ptr<Member>& member : members_) {
    const WorkerCounters& counters = member->counters;
    const auto read = [](const std::atomic<std::uint64_t>& counter) {
      return counter.load(std::memory_order_relaxed);
    };
    DeviceFigures figures;
    figures.info = &member->device->info();
    figures.work.hashes = read(counters.hashes);
    figures.work.busy = std::chrono::nanoseconds(read(counters.busy_ns));
    figures.hardware_errors = read(counters.hardware_errors);
    figures.shares_left_out = read(counters.shares_left_out);
    figures.duty = member->duty.load();
    figures.health = counters.health.read();
    all.push_back(std::move(figures));
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
