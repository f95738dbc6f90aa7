#include "bench/card_bench.h"

#include <algorithm>

#include "core/backend.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::bench;
using cuda::Form;
using cuda::Layout;
using cuda::Tuning;

namespace {

enum class Fault {
  none,
  invents,
  misses,
  skips,
  skips_when_timed,
  invents_when_timed,
  fails,
  dawdles
};

/// A card that hashes with the scalar kernel, at a speed of its own and by a clock of its own.
struct FakeCard {
  std::chrono::nanoseconds now{0};
  Tuning tuning;
  std::optional<cuda::Variant> faulty;
  Fault fault = Fault::none;
  bool idle_meter = false;
  double joules = 5e6;
  unsigned scans = 0;

  double hps() const {
    double hps = 1e5 * (1 + static_cast<int>(tuning.variant.form));
    if (tuning.variant.layout == Layout::versions) hps *= 1.25;
    if (tuning.block == 128) hps *= 1.1;
    if (tuning.batch == 16 || tuning.batch == 512) hps *= 1.1;
    return hps;
  }
};

class FakeDevice final : public core::Device {
 public:
  explicit FakeDevice(FakeCard& card) : card_(card) {}

  const core::DeviceInfo& info() const override { return info_; }
  void prepare(const core::ScanInput& input) override {
    input_ = input;
    tuning_ = card_.tuning;
  }
  core::ScanReport scan(std::uint32_t first, std::uint64_t count,
                        std::span<core::Candidate> out) override {
    CHECK(tuning_ == card_.tuning);  // each load prepares for itself
    CHECK((tuning_.variant.layout == Layout::nonces) == (input_.midstate_count == 1));
    CHECK(first + count <= std::uint64_t{1} << 32);
    ++card_.scans;
    const Fault fault = card_.faulty == tuning_.variant ? card_.fault : Fault::none;
    if (fault == Fault::fails) return {.ok = false};
    const bool timed = count < 10'000;
    const bool skips = fault == Fault::skips || (fault == Fault::skips_when_timed && timed);
    const bool invents = fault == Fault::invents || (fault == Fault::invents_when_timed && timed);
    const std::uint64_t really = skips ? (count + 1) / 2 : count;
    const core::ScanResult result = core::compiled_backends().back().scan(
        input_, first, really, out.data(), static_cast<std::uint32_t>(out.size()));
    core::ScanReport report;
    report.scanned = result.scanned == really ? count : result.scanned;
    report.found = result.found;
    if (invents) out[report.found++] = {first, 0};
    if (fault == Fault::misses && report.found > 0) --report.found;
    const double hashes = static_cast<double>(report.scanned) * input_.midstate_count;
    const double slow = fault == Fault::dawdles && card_.scans % 7 == 0 ? 2 : 1;
    report.busy = std::chrono::nanoseconds(std::llround(1e9 * slow * hashes / card_.hps()));
    card_.now += report.busy * 5 / 4;
    card_.joules += 2e-3 * hashes;
    return report;
  }
  std::string failure() const override { return "unspecified launch failure"; }

 private:
  FakeCard& card_;
  core::DeviceInfo info_{"cuda:3", "cuda", 32, {}};
  core::ScanInput input_;
  Tuning tuning_;
};

struct Fixture {
  FakeCard card;
  HashBenchOptions options;
  std::function<bool(const Tuning&)> runs = [](const Tuning&) { return true; };
  std::function<std::optional<double>()> sm_mhz = [] { return std::optional<double>(2000); };
  bool has_meter = true;

  Fixture() {
    options.duration = Seconds(0.02);
    options.repeats = 3;
  }

  CardBench run() {
    CardUnderTest under_test;
    under_test.device = std::make_unique<FakeDevice>(card);
    under_test.card.name = "Fake 3000";
    under_test.card.capability = 90;
    under_test.card.multiprocessors = 100;
    under_test.tuning.versions = {{Layout::versions, Form::fma_sigma0, 64}, 128, 16};
    under_test.tuning.nonces = {{Layout::nonces, Form::plain, 64}, 256, 1024};
    under_test.use = [this](const Tuning& tuning) {
      if (!runs(tuning)) return false;
      card.tuning = tuning;
      return true;
    };
    under_test.sm_mhz = sm_mhz;
    under_test.joules = [this]() -> std::optional<double> {
      if (!has_meter) return std::nullopt;
      return card.joules;
    };
    return bench_card(options, under_test, [this] { return card.now; });
  }
};

const CardMeasurement& row_of(const CardBench& bench, const char* variant) {
  const auto row = std::find_if(bench.rows.begin(), bench.rows.end(), [&](const auto& it) {
    return name_of(it.tuning.variant) == variant;
  });
  REQUIRE(row != bench.rows.end());
  return *row;
}

bool has_row(const CardBench& bench, const char* variant) {
  return std::any_of(bench.rows.begin(), bench.rows.end(),
                     [&](const auto& it) { return name_of(it.tuning.variant) == variant; });
}

}  // namespace

TEST_CASE("card bench: every kernel has a row, by the card's clock and by the wall's") {
  Fixture f;
  const CardBench bench = f.run();
  CHECK(bench.problems.empty());
  CHECK(bench.rows.size() == std::size(cuda::kVariants));
  for (const CardMeasurement& row : bench.rows) {
    INFO(name_of(row.tuning.variant));
    const bool versions = row.tuning.variant.layout == Layout::versions;
    f.card.tuning = row.tuning;
    CHECK(row.device == "cuda:3");
    CHECK(row.card == "Fake 3000");
    CHECK(row.tuning.block == 128u);  // the faster ones
    CHECK(row.tuning.batch == (versions ? 16u : 512u));
    CHECK(row.midstates == (versions ? 32u : 1u));
    CHECK(row.verified);
    CHECK(row.busy.median == Approx(f.card.hps()));
    CHECK(row.busy.min == Approx(f.card.hps()));
    CHECK(row.wall.median == Approx(f.card.hps() / 1.25));
    CHECK(row.seconds.count() == Approx(3 * 0.02 * 1.25).epsilon(0.1));
    CHECK(row.sm_hz == 2e9);
    CHECK(row.joules_per_hash.value() == Approx(2e-3));
    CHECK(row.of_bound().value() == Approx(f.card.hps() / row.bound_hps.value()));
  }
  CHECK(row_of(bench, "versions-fma_sigma0-64").ratio_to_plain.value() == Approx(4 * 1.25));
  CHECK(row_of(bench, "nonces-plain-64").ratio_to_plain.value() == 1);
  CHECK(row_of(bench, "versions-fma_sigma0-64").chosen);
  CHECK(row_of(bench, "nonces-plain-64").chosen);
  CHECK_FALSE(row_of(bench, "versions-plain-64").chosen);
  CHECK(exit_code_of({}, bench.rows) == 0);
}

TEST_CASE("card bench: other numbers of midstates are for the version kernels") {
  Fixture f;
  f.options.midstates = {8};
  const CardBench bench = f.run();
  CHECK(bench.rows.size() == 7u);
  for (const CardMeasurement& row : bench.rows) {
    CHECK(row.midstates == 8u);
    CHECK(row.verified);
    CHECK_FALSE(row.ratio_to_plain.has_value());
    CHECK_FALSE(row.bound_hps.has_value());
  }
}

TEST_CASE("card bench: the median, least and most are over the repeats") {
  Fixture f;
  f.options.midstates = {1};
  f.card.faulty = cuda::find_variant("nonces-plain-64");
  f.card.fault = Fault::dawdles;
  const CardMeasurement row = row_of(f.run(), "nonces-plain-64");
  CHECK(row.busy.min < row.busy.max);
  CHECK(row.busy.min <= row.busy.median);
  CHECK(row.busy.median <= row.busy.max);
}

TEST_CASE("card bench: what a card cannot run has no row") {
  Fixture f;
  f.runs = [](const Tuning& tuning) {
    return tuning.variant.registers == 64 && tuning.block == 256;
  };
  const CardBench bench = f.run();
  CHECK(bench.problems.empty());
  CHECK_FALSE(has_row(bench, "versions-plain-48"));
  CHECK(bench.rows.size() == 8u);
  CHECK(bench.rows.front().tuning.block == 256u);
}

TEST_CASE("card bench: a card without meters has dashes there") {
  Fixture f;
  f.options.midstates = {1};
  f.sm_mhz = [] { return std::nullopt; };
  f.has_meter = false;
  for (const CardMeasurement& row : f.run().rows) {
    CHECK_FALSE(row.sm_hz.has_value());
    CHECK_FALSE(row.bound_hps.has_value());
    CHECK_FALSE(row.joules_per_hash.has_value());
    CHECK(row.verified);
  }
}

TEST_CASE("card bench: a kernel that invents, misses or skips is not verified") {
  for (const Fault fault : {Fault::invents, Fault::misses, Fault::skips}) {
    for (const char* variant : {"versions-fma_adds-64", "nonces-fma_adds-64"}) {
      Fixture f;
      f.options.repeats = 1;
      f.runs = [](const Tuning& tuning) {
        return tuning.variant.form < Form::fma_shifts && tuning.variant.registers == 64;
      };
      f.card.faulty = cuda::find_variant(variant);
      f.card.fault = fault;
      const CardBench bench = f.run();
      CHECK(bench.rows.size() == 4u);
      CHECK_FALSE(row_of(bench, variant).verified);
      CHECK(std::count_if(bench.rows.begin(), bench.rows.end(),
                          [](const auto& row) { return row.verified; }) == 3);
      CHECK(exit_code_of({}, bench.rows) == 3);
    }
  }
}

TEST_CASE("card bench: what a kernel gets wrong only while it is timed is noticed") {
  for (const Fault fault : {Fault::none, Fault::skips_when_timed, Fault::invents_when_timed}) {
    Fixture f;
    f.options.repeats = 1;
    f.options.duration = Seconds(1);
    f.runs = [](const Tuning& tuning) {
      return tuning.variant == cuda::find_variant("nonces-plain-64");
    };
    f.card.faulty = cuda::find_variant("nonces-plain-64");
    f.card.fault = fault;
    CHECK(row_of(f.run(), "nonces-plain-64").verified == (fault == Fault::none));
  }
}

TEST_CASE("card bench: a kernel that fails is a line, and the others are measured") {
  Fixture f;
  f.options.midstates = {32};
  f.card.faulty = cuda::find_variant("versions-plain-48");
  f.card.fault = Fault::fails;
  const CardBench bench = f.run();
  CHECK(bench.rows.size() == 6u);
  REQUIRE(bench.problems.size() == 1u);
  CHECK(bench.problems.front() ==
        "cuda:3: versions-plain-48, 256 threads, batches of 32: unspecified launch failure");
}

TEST_CASE("card bench: a card on which nothing runs is a line") {
  Fixture f;
  f.runs = [](const Tuning&) { return false; };
  const CardBench bench = f.run();
  CHECK(bench.rows.empty());
  REQUIRE(bench.problems.size() == 1u);
  CHECK(bench.problems.front() == "cuda:3: no kernel runs on it: unspecified launch failure");
}
