#include "miner/crew.h"

#include <future>
#include <mutex>
#include <numeric>
#include <random>
#include <utility>

#include "core/cpu_topology.h"

namespace ebb::miner {
namespace {

using namespace std::chrono_literals;

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

  /// Does `task` on a thread of its own, which owns the member too.
  template <typename Task>
  static void start_thread(const std::shared_ptr<Member>& member, Task task) {
    std::promise<void> end;
    member->ended = end.get_future();
    member->thread =
        std::jthread([member, task, end = std::move(end)](std::stop_token stop) mutable {
          task(*member, std::move(stop));
          end.set_value();
        });
  }

  bool has_ended() const { return ended.wait_for(0s) == std::future_status::ready; }

  // Of the crew's side alone.
  std::jthread thread;
  std::future<void> ended;
  bool left_behind = false;
};

Crew::Crew(std::vector<OpenedDevice> devices, Worker::Deliver deliver) {
  WorkerConfig config;
  config.count = static_cast<unsigned>(devices.size());
  std::random_device random;
  std::uniform_real_distribution<double> phase(0, 1);
  for (OpenedDevice& opened : devices) {
    config.phase = phase(random);
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
  wanted_ = true;
  unsigned refused = 0;
  for (const std::shared_ptr<Member>& member : members_) {
    if (!start_worker(member)) ++refused;
  }
  return refused;
}

bool Crew::start_worker(const std::shared_ptr<Member>& member) {
  Member::start_thread(
      member, [](Member& self, std::stop_token stop) { self.worker.run(std::move(stop)); });
  return !member->cpu || core::pin_thread(member->thread.native_handle(), *member->cpu);
}

void Crew::end_workers() {
  wanted_ = false;
  for (const std::shared_ptr<Member>& member : members_)
    member->thread.request_stop();
}

void Crew::release_ended() {
  tend();
  for (const std::shared_ptr<Member>& member : members_) {
    if (member->left_behind || member->thread.joinable()) continue;
    Member::start_thread(member, [](Member& self, std::stop_token) { self.worker.release(); });
  }
}

void Crew::leave_hung_behind() {
  tend();
  for (const std::shared_ptr<Member>& member : members_) {
    if (member->thread.joinable()) leave_behind(*member);
  }
}

void Crew::tend() {
  for (const std::shared_ptr<Member>& member : members_) {
    if (member->thread.joinable() && member->has_ended()) member->thread.join();
    const bool works = member->thread.joinable() || member->left_behind;
    if (wanted_ && !works) start_worker(member);
  }
}

std::vector<std::string> Crew::stop(std::chrono::nanoseconds patience) {
  end_workers();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::string> names;
  for (const std::shared_ptr<Member>& member : members_) {
    if (!member->thread.joinable()) continue;
    if (member->ended.wait_until(deadline) == std::future_status::ready) {
      member->thread.join();
      continue;
    }
    leave_behind(*member);
    names.push_back(member->device->info().name);
  }
  return names;
}

void Crew::leave_behind(Member& member) {
  member.delivery.end();
  member.counters.health.failed("it did not answer the stop", {});
  member.thread.detach();
  member.left_behind = true;
}

std::vector<std::string> Crew::kinds() const {
  std::vector<std::string> kinds;
  for (const std::shared_ptr<Member>& member : members_) {
    // Threads of one backend are alike; of two cards that is not known.
    const core::DeviceInfo& info = member->device->info();
    kinds.push_back(info.backend == "cuda" ? info.name : info.backend);
  }
  return kinds;
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
    // First, for it is written last: so the work of that slice is counted.
    figures.worked_until = counters.worked_until.load(std::memory_order_acquire);
    figures.work.hashes = read(counters.hashes);
    figures.work.busy = std::chrono::nanoseconds(read(counters.busy_ns));
    figures.hardware_errors = read(counters.hardware_errors);
    figures.shares_left_out = read(counters.shares_left_out);
    figures.duty = member->duty.load();
    figures.health = counters.health.read();
    figures.scanning = counters.scanning.load(std::memory_order_relaxed);
    figures.released = counters.released.load(std::memory_order_relaxed);
    figures.left_behind = member->left_behind;
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
