#include "throttle/ledger/ledger_writer.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace ebb::throttle {
namespace {

using Steady = std::chrono::steady_clock;

/// A disk that takes so long for one transaction does not answer.
constexpr std::chrono::seconds kHung{5};

bool is_sample(const LedgerEntry& entry) {
  return std::holds_alternative<SampleEntry>(entry.what);
}

}  // namespace

struct LedgerWriter::Shared {
  /// What a transaction is made of.
  struct Load {
    std::vector<LedgerEntry> entries;
    std::optional<std::string> state;
    bool empty() const { return entries.empty() && !state; }
  };

  mutable std::mutex mutex;
  std::condition_variable wake;     // of the writer's thread
  std::condition_variable settled;  // written, failed or ended
  Load waiting;
  std::deque<Done> dones;                  // of what waits
  std::optional<WallTime> roll_up_before;  // to be done
  std::optional<std::string> complaint;
  std::optional<Steady::time_point> busy_since;
  Dropped dropped;
  bool stop = false, ended = false;

  std::mutex calling;      // held while Dones are called
  bool abandoned = false;  // under `calling`: nobody is left to be called

  bool idle() const { return waiting.empty() && dones.empty() && !busy_since; }
  void bound();
  void call(std::deque<Done> whom, const tl::expected<void, std::string>& result);
};

/// Drops what is too much.
void LedgerWriter::Shared::bound() {
  auto& entries = waiting.entries;
  if (entries.size() <= kMaxWaiting) return;
  // A quarter at once, so that a full queue is not searched at every write.
  std::size_t excess = entries.size() - kMaxWaiting * 3 / 4;
  const std::size_t before = entries.size();
  std::erase_if(entries, [&](const LedgerEntry& entry) {
    if (excess == 0 || !is_sample(entry)) return false;
    --excess;
    return true;
  });
  dropped.samples += before - entries.size();
  if (entries.size() <= kMaxWaiting) return;
  const std::size_t oldest = entries.size() - kMaxWaiting;
  dropped.others += oldest;
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(oldest));
}

void LedgerWriter::Shared::call(std::deque<Done> whom,
                                const tl::expected<void, std::string>& result) {
  const std::lock_guard lock(calling);
  if (abandoned) return;
  for (const Done& done : whom)
    done(result);
}

LedgerWriter::LedgerWriter(Ledger ledger) : shared_(std::make_shared<Shared>()) {
  thread_ = std::thread([shared = shared_, owned = std::move(ledger)]() mutable {
    {
      Ledger closed_before_the_end = std::move(owned);
      run(*shared, closed_before_the_end);
    }
    const std::lock_guard lock(shared->mutex);
    shared->ended = true;
    shared->settled.notify_all();
  });
}

LedgerWriter::~LedgerWriter() {
  bool ended = false;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    shared_->wake.notify_all();
    ended = shared_->settled.wait_for(lock, kPatience, [&] { return shared_->ended; });
  }
  if (ended) {
    thread_.join();
    return;
  }
  {
    const std::lock_guard lock(shared_->calling);
    shared_->abandoned = true;
  }
  thread_.detach();
}

void LedgerWriter::run(Shared& shared, Ledger& ledger) {
  std::unique_lock lock(shared.mutex);
  for (;;) {
    shared.wake.wait(lock, [&] {
      return shared.stop || !shared.waiting.empty() || !shared.dones.empty() ||
             shared.roll_up_before;
    });
    const bool work = !shared.waiting.empty() || !shared.dones.empty();
    if (!work && shared.stop) return;

    shared.busy_since = Steady::now();
    const bool last_try = shared.stop;
    tl::expected<void, std::string> result;
    if (work) {
      Shared::Load load = std::exchange(shared.waiting, {});
      std::deque<Done> dones = std::exchange(shared.dones, {});
      lock.unlock();
      LedgerBatch batch{std::move(load.entries), std::move(load.state)};
      result = ledger.commit(batch);
      shared.call(std::move(dones), result);
      lock.lock();
      if (!result) {
        auto& newer = shared.waiting;
        batch.entries.insert(batch.entries.end(), std::make_move_iterator(newer.entries.begin()),
                             std::make_move_iterator(newer.entries.end()));
        newer.entries = std::move(batch.entries);
        if (!newer.state) newer.state = std::move(batch.state);
        shared.bound();
      }
    } else {
      const WallTime before = *std::exchange(shared.roll_up_before, std::nullopt);
      lock.unlock();
      const auto more = ledger.roll_up(before);
      lock.lock();
      if (!more) result = tl::unexpected(more.error());
      if (more && *more && !shared.roll_up_before) shared.roll_up_before = before;
    }
    shared.busy_since.reset();
    shared.complaint = result ? std::nullopt : std::optional(result.error());
    shared.settled.notify_all();
    if (result) continue;
    if (last_try) return;
    shared.wake.wait_for(lock, kRetry, [&] { return shared.stop; });
  }
}

void LedgerWriter::write(LedgerBatch batch, Done done) {
  std::deque<Done> too_many;
  {
    const std::lock_guard lock(shared_->mutex);
    auto& waiting = shared_->waiting;
    waiting.entries.insert(waiting.entries.end(), std::make_move_iterator(batch.entries.begin()),
                           std::make_move_iterator(batch.entries.end()));
    if (batch.state) waiting.state = std::move(batch.state);
    shared_->bound();
    if (done) shared_->dones.push_back(std::move(done));
    if (shared_->dones.size() > kMaxWaiting) {
      too_many.push_back(std::move(shared_->dones.front()));
      shared_->dones.pop_front();
    }
    shared_->wake.notify_all();
  }
  for (const Done& old : too_many)
    old(tl::unexpected<std::string>("the disk does not answer"));
}

void LedgerWriter::roll_up(WallTime before) {
  const std::lock_guard lock(shared_->mutex);
  shared_->roll_up_before = before;
  shared_->wake.notify_all();
}

bool LedgerWriter::flush(std::chrono::milliseconds patience) {
  std::unique_lock lock(shared_->mutex);
  return shared_->settled.wait_for(lock, patience, [&] { return shared_->idle(); });
}

std::optional<std::string> LedgerWriter::trouble() const {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->busy_since && Steady::now() - *shared_->busy_since > kHung) {
    return "the disk does not answer";
  }
  return shared_->complaint;
}

LedgerWriter::Dropped LedgerWriter::dropped() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->dropped;
}

}  // namespace ebb::throttle
