#include "bench/measure.h"

#include <pthread.h>

#include <algorithm>
#include <latch>
#include <thread>

#include "core/cpu_time.h"
#include "core/cpu_topology.h"

namespace ebb::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSlice{10};
constexpr std::uint64_t kAdditions = 1'000'000;

Seconds time_chain(ChainFunction chain) {
  const auto begin = core::thread_cpu_time();
  chain(kAdditions);
  return core::thread_cpu_time() - begin;
}

std::vector<Slice> hash_for(Load& load, ChainFunction chain, Seconds duration) {
  std::vector<Slice> slices;
  const auto deadline = Clock::now() + duration;
  Seconds chain_before = time_chain(chain);
  do {
    Slice slice;
    const auto begin = Clock::now();
    const auto cpu_begin = core::thread_cpu_time();
    do {
      slice.hashes += load.hash_some();
    } while (Clock::now() - begin < kSlice);
    slice.cpu = core::thread_cpu_time() - cpu_begin;
    slice.elapsed = Clock::now() - begin;
    const Seconds chain_after = time_chain(chain);
    slice.clock_hz = 2 * kAdditions / (chain_before + chain_after).count();
    chain_before = chain_after;
    slices.push_back(slice);
  } while (Clock::now() < deadline);
  return slices;
}

double rate_of(const std::vector<Slice>& slices) {
  double hashes = 0;
  Seconds elapsed{0};
  for (const Slice& slice : slices) {
    hashes += static_cast<double>(slice.hashes);
    elapsed += slice.elapsed;
  }
  return hashes / elapsed.count();
}

}  // namespace

Pass run_pass(std::span<const std::unique_ptr<Load>> loads, std::span<const unsigned> cpus,
              ChainFunction chain, Seconds duration) {
  Pass pass(loads.size());
  std::latch all_started(static_cast<std::ptrdiff_t>(loads.size()));
  std::vector<std::jthread> team;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    team.emplace_back([&, i] {
      core::pin_thread(pthread_self(), cpus[i]);
      all_started.arrive_and_wait();
      pass[i] = hash_for(*loads[i], chain, duration);
    });
  }
  team.clear();
  return pass;
}

Figures summarize(std::span<const Pass> passes) {
  std::vector<double> rates, cycles, clocks;
  Figures figures;
  for (const Pass& pass : passes) {
    double rate = 0;
    for (const std::vector<Slice>& slices : pass) {
      rate += rate_of(slices);
      for (const Slice& slice : slices) {
        figures.seconds += slice.elapsed / static_cast<double>(pass.size());
        clocks.push_back(slice.clock_hz);
        cycles.push_back(slice.cpu.count() / static_cast<double>(slice.hashes) * slice.clock_hz);
      }
    }
    rates.push_back(rate);
  }
  figures.hps_median = median(rates);
  figures.hps_min = *std::min_element(rates.begin(), rates.end());
  figures.hps_max = *std::max_element(rates.begin(), rates.end());
  figures.cycles_per_hash = median(std::move(cycles));
  figures.clock_hz = median(std::move(clocks));
  return figures;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t upper = values.size() / 2;
  return values.size() % 2 == 1 ? values[upper] : (values[upper - 1] + values[upper]) / 2;
}

std::uint64_t hashes_in(const Pass& pass) {
  std::uint64_t hashes = 0;
  for (const std::vector<Slice>& slices : pass) {
    for (const Slice& slice : slices)
      hashes += slice.hashes;
  }
  return hashes;
}

}  // namespace ebb::bench
