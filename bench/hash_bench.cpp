#include "bench/hash_bench.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>

#include "bench/bounds.h"
#include "bench/card_bench.h"
#include "bench/kernel_load.h"
#include "bench/openssl_load.h"
#include "bench/plot.h"

namespace ebb::bench {
namespace {

/// One row of the result while it is being measured. Its loads live through all repeats.
class Subject {
 public:
  using MakeLoad = std::function<std::unique_ptr<Load>(unsigned worker)>;

  Subject(Measurement row, std::vector<unsigned> cpus, const MakeLoad& make_load)
      : row_(std::move(row)), cpus_(std::move(cpus)), chain_(chain_for(row_.backend)) {
    for (unsigned worker = 0; worker < row_.threads; ++worker)
      loads_.push_back(make_load(worker));
  }

  void repeat(Seconds duration, throttle::Rapl* meter) {
    const auto before = meter != nullptr ? meter->joules() : std::nullopt;
    passes_.push_back(run_pass(loads_, cpus_, chain_, duration));
    const auto after = before ? meter->joules() : std::nullopt;
    is_metered_ = is_metered_ && after;
    if (after) joules_ += *after - *before;
    hashes_ += hashes_in(passes_.back());
  }

  Measurement result() && {
    row_.figures = summarize(passes_);
    row_.verified = std::all_of(loads_.begin(), loads_.end(),
                                [](const auto& load) { return load->is_right(); });
    if (is_metered_ && joules_ > 0) row_.joules_per_hash = joules_ / static_cast<double>(hashes_);
    return std::move(row_);
  }

 private:
  Measurement row_;
  std::vector<unsigned> cpus_;  ///< one a thread
  ChainFunction chain_;
  std::vector<std::unique_ptr<Load>> loads_;
  std::vector<Pass> passes_;
  bool is_metered_ = true;
  double joules_ = 0;
  std::uint64_t hashes_ = 0;
};

Subject kernel_subject(const core::HashBackend& backend, const std::vector<unsigned>& cpus,
                       unsigned midstates) {
  Measurement row;
  row.backend = backend.name;
  row.threads = static_cast<unsigned>(cpus.size());
  row.midstates = midstates;
  row.bound_cycles = bound_cycles(backend.name, midstates);
  return {std::move(row), cpus, [&](unsigned worker) {
            return std::make_unique<KernelLoad>(backend, midstates, worker,
                                                static_cast<unsigned>(cpus.size()));
          }};
}

Subject openssl_subject(const char* name, OpensslWay way, const std::vector<unsigned>& cpus) {
  Measurement row;
  row.backend = name;
  row.is_reference = true;
  row.threads = static_cast<unsigned>(cpus.size());
  return {std::move(row), cpus,
          [&](unsigned worker) { return std::make_unique<OpensslLoad>(way, worker); }};
}

std::vector<Measurement> bench_cpu(const HashBenchOptions& options,
                                   std::span<const core::HashBackend> backends) {
  auto meter = throttle::Rapl::open();
  if (!meter) std::fprintf(stderr, "no meter: %s\n", meter.error().c_str());
  return bench_hash(options, backends, core::read_cpu_topology(), meter ? &*meter : nullptr);
}

CardBench bench_cards(const HashBenchOptions& options, std::span<CardUnderTest> cards) {
  CardBench all;
  for (CardUnderTest& card : cards) {
    CardBench one = bench_card(options, card,
                               [] { return std::chrono::steady_clock::now().time_since_epoch(); });
    all.rows.insert(all.rows.end(), one.rows.begin(), one.rows.end());
    all.problems.insert(all.problems.end(), one.problems.begin(), one.problems.end());
  }
  return all;
}

std::string tables(std::span<const Measurement> on_cpu, std::span<const CardMeasurement> on_cards) {
  std::string text = on_cpu.empty() ? "" : bench_table(on_cpu);
  if (!on_cpu.empty() && !on_cards.empty()) text += "\n";
  if (!on_cards.empty()) text += card_table(on_cards);
  return text;
}

}  // namespace

std::vector<Measurement> bench_hash(const HashBenchOptions& options,
                                    std::span<const core::HashBackend> backends,
                                    const core::CpuTopology& topology, throttle::Rapl* meter) {
  std::vector<Subject> subjects;
  for (const unsigned threads : options.threads) {
    const std::vector<unsigned> cpus =
        core::plan_threads(topology, {.threads = threads, .pinning = core::Pinning::on}).cpus;
    for (const core::HashBackend& backend : backends) {
      for (const unsigned midstates : options.midstates)
        subjects.push_back(kernel_subject(backend, cpus, midstates));
    }
    subjects.push_back(openssl_subject("openssl", OpensslWay::whole, cpus));
    subjects.push_back(openssl_subject("openssl-midstate", OpensslWay::midstate, cpus));
  }
  for (unsigned repeat = 0; repeat < options.repeats; ++repeat) {
    for (Subject& subject : subjects)
      subject.repeat(options.duration, meter);
  }
  std::vector<Measurement> all;
  all.reserve(subjects.size());
  for (Subject& subject : subjects)
    all.push_back(std::move(subject).result());
  compare_with_openssl(all);
  compare_with_one_thread(all);
  return all;
}

int run_hash_bench(const HashBenchOptions& options, bool with_cpu, std::span<CardUnderTest> cards) {
  std::vector<core::HashBackend> backends;
  if (with_cpu) {
    backends = core::select_backends(core::compiled_backends(), core::detect_cpu_features()).usable;
  }
  if (!options.backend.empty()) {
    std::erase_if(backends, [&](const auto& backend) { return options.backend != backend.name; });
  }
  if (with_cpu && backends.empty()) {
    std::fprintf(stderr, "ebb: --backend: this CPU cannot run %s\n", options.backend.c_str());
    return 2;
  }
  std::ofstream plot;
  if (!options.plot.empty()) {
    plot.open(options.plot);
    if (!plot) {
      std::fprintf(stderr, "ebb: --plot: cannot write '%.200s'\n", options.plot.c_str());
      return 2;
    }
  }
  const auto cpu_rows = with_cpu ? bench_cpu(options, backends) : std::vector<Measurement>();
  const CardBench on_cards = bench_cards(options, cards);

  const std::string text =
      options.json ? bench_json(cpu_rows, on_cards.rows) + "\n" : tables(cpu_rows, on_cards.rows);
  std::fwrite(text.data(), 1, text.size(), stdout);
  for (const std::string& problem : on_cards.problems)
    std::fprintf(stderr, "ebb: %s\n", problem.c_str());
  if (plot.is_open()) {
    plot << bench_plot(cpu_rows) << std::flush;
    if (!plot) {
      std::fprintf(stderr, "ebb: --plot: could not write '%.200s'\n", options.plot.c_str());
      return 1;
    }
  }
  const int code = exit_code_of(cpu_rows, on_cards.rows);
  return code == 0 && !on_cards.problems.empty() ? 1 : code;
}

}  // namespace ebb::bench
