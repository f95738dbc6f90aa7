#include "bench/hash_bench.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

#include "core/backend.h"
#include "core/cpu_topology.h"
#include "core/share.h"
#include "core/work.h"

namespace ebb::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRepeats = 7;
constexpr double kSecondsPerRepeat = 0.3;

/// A job with room for any number of versions and a target that some nonces meet.
core::JobPtr bench_job() {
  core::Job job;
  job.id = "bench";
  job.version = 0x20000000;
  job.version_mask = 0x1fffe000;
  job.coinbase_prefix.assign(60, 0x5a);
  job.coinbase_suffix.assign(90, 0xa5);
  job.extranonce2_size = 8;
  job.time = 1'700'000'000;
  job.bits = 0x1d00ffff;
  job.share_target = *core::Target::from_difficulty(1.0 / 65536);
  job.network_target = *core::Target::from_compact(job.bits);
  return std::make_shared<const core::Job>(std::move(job));
}

struct Measurement {
  std::string backend;
  unsigned threads = 0;
  unsigned midstates = 0;
  double seconds = 0;
  double hps_median = 0, hps_min = 0, hps_max = 0;
  bool verified = false;
};

/// Hashes until `deadline`; returns how many, and checks what was found.
struct Tally {
  std::uint64_t hashes = 0;
  std::uint64_t found = 0;
  std::uint64_t wrong = 0;
};
Tally hash_until(const core::HashBackend& backend, const core::WorkUnit& unit,
                 Clock::time_point deadline) {
  const core::ScanInput input = unit.scan_input();
  std::vector<core::Candidate> buffer(core::kMinCandidateCapacity);
  std::vector<core::Candidate> found;
  Tally tally;
  for (std::uint32_t first = 0; Clock::now() < deadline;) {
    const core::ScanResult result =
        backend.scan(input, first, 4096, buffer.data(), core::kMinCandidateCapacity);
    found.insert(found.end(), buffer.begin(), buffer.begin() + result.found);
    tally.hashes += result.scanned * unit.version_count;
    first += static_cast<std::uint32_t>(result.scanned);
  }
  for (const core::Candidate& candidate : found) {
    if (core::verify(unit, candidate).verdict == core::Verdict::corrupt) ++tally.wrong;
  }
  tally.found = found.size();
  return tally;
}

Measurement measure(const core::HashBackend& backend, const core::ThreadPlan& plan,
                    unsigned midstates) {
  const auto threads = static_cast<unsigned>(plan.cpus.size());
  std::vector<double> rates;
  Tally total;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    std::vector<Tally> tallies(threads);
    const auto start = Clock::now();
    const auto deadline = start + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(kSecondsPerRepeat));
    {
      std::vector<std::jthread> team;
      for (unsigned i = 0; i < threads; ++i) {
        team.emplace_back([&, i] {
          if (plan.pinned) core::pin_thread(pthread_self(), plan.cpus[i]);
          core::WorkSource source(bench_job(), i, threads, midstates);
          tallies[i] = hash_until(backend, *source.next(0), deadline);
        });
      }
    }
    double rate = 0;
    for (const Tally& tally : tallies) {
      rate += static_cast<double>(tally.hashes) / kSecondsPerRepeat;
      total.found += tally.found;
      total.wrong += tally.wrong;
    }
    rates.push_back(rate);
  }
  std::sort(rates.begin(), rates.end());
  return {backend.name,
          threads,
          midstates,
          kRepeats * kSecondsPerRepeat,
          rates[rates.size() / 2],
          rates.front(),
          rates.back(),
          total.found > 0 && total.wrong == 0};
}

std::string as_table(const std::vector<Measurement>& all) {
  std::string table = "backend   threads  midstates   median MH/s      min      max  verified\n";
  for (const Measurement& m : all) {
    table += fmt::format("{:<8} {:>8} {:>10} {:>13.2f} {:>8.2f} {:>8.2f}  {}\n", m.backend,
                         m.threads, m.midstates, m.hps_median / 1e6, m.hps_min / 1e6,
                         m.hps_max / 1e6, m.verified ? "yes" : "NO");
  }
  return table;
}

std::string as_json(const std::vector<Measurement>& all) {
  boost::json::array rows;
  for (const Measurement& m : all) {
    rows.push_back({{"backend", m.backend},
                    {"threads", m.threads},
                    {"midstates", m.midstates},
                    {"seconds", m.seconds},
                    {"hps_median", m.hps_median},
                    {"hps_min", m.hps_min},
                    {"hps_max", m.hps_max},
                    {"verified", m.verified}});
  }
  return boost::json::serialize(rows) + "\n";
}

}  // namespace

int run_hash_bench(const HashBenchOptions& options) {
  const core::BackendSelection selection =
      core::select_backends(core::compiled_backends(), core::detect_cpu_features());
  const core::ThreadPlan plan = core::plan_threads(
      core::read_cpu_topology(), {.threads = options.threads, .pinning = core::Pinning::on});
  std::vector<Measurement> all;
  for (const core::HashBackend& backend : selection.usable) {
    if (!options.backend.empty() && options.backend != backend.name) continue;
    for (const unsigned midstates : {1u, core::kMaxMidstates}) {
      all.push_back(measure(backend, plan, midstates));
    }
  }
  if (all.empty()) {
    std::fprintf(stderr, "ebb: --backend: this CPU cannot run %s\n", options.backend.c_str());
    return 2;
  }
  const std::string text = options.json ? as_json(all) : as_table(all);
  std::fwrite(text.data(), 1, text.size(), stdout);
  const bool all_verified =
      std::all_of(all.begin(), all.end(), [](const Measurement& m) { return m.verified; });
  return all_verified ? 0 : 3;
}

}  // namespace ebb::bench
