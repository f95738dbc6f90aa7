#include "cuda/autotune.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

#include "tests/unit/catch.h"

using namespace ebb::cuda;
using std::chrono::milliseconds;

namespace {

const TrialFailure kNoImage{false, "no kernel image"};
const TrialFailure kWrong{true, "wrong hash"};

/// A card whose speed is a function of the tuning; counts what it is asked.
struct FakeCard {
  std::function<double(const Tuning&)> hps = [](const Tuning&) { return 1e9; };
  std::function<std::optional<TrialFailure>(const Tuning&)> failure = [](const Tuning&) {
    return std::nullopt;
  };
  milliseconds spent{0};
  int trials = 0;
  std::map<std::string, int> trials_of;

  Trial trial() {
    return [this](const Tuning& tuning, unsigned versions,
                  milliseconds duration) -> tl::expected<double, TrialFailure> {
      ++trials;
      ++trials_of[describe(tuning)];
      CHECK(versions == (tuning.variant.layout == Layout::versions ? 32u : 1u));
      if (auto why = failure(tuning)) return tl::unexpected(*why);
      spent += duration;
      return hps(tuning);
    };
  }
};

Variant variant(const char* name) {
  return find_variant(name).value();
}

double by_form(const Tuning& tuning) {
  return 1e9 * (1 + static_cast<int>(tuning.variant.form)) - tuning.variant.registers;
}

}  // namespace

TEST_CASE("autotune: a variant's tunings begin with the default") {
  const TuningPair defaults;
  const auto versions = tunings_of(defaults.versions.variant);
  CHECK(versions.size() == 6u);
  CHECK(versions.front() == defaults.versions);
  const auto nonces = tunings_of(defaults.nonces.variant);
  CHECK(nonces.size() == 4u);
  CHECK(nonces.front() == defaults.nonces);
}

TEST_CASE("autotune: the fastest variant, block and batch of each layout is chosen") {
  for (const Variant& fastest : kVariants) {
    for (const Tuning& best : tunings_of(fastest)) {
      FakeCard card;
      card.hps = [&](const Tuning& tuning) {
        double hps = tuning.variant == fastest ? 2e9 : 1e9;
        if (tuning.block == best.block) hps *= 1.02;
        if (tuning.batch == best.batch) hps *= 1.01;
        return hps;
      };
      const auto result = autotune(card.trial());
      REQUIRE(result.best.has_value());
      const bool versions = fastest.layout == Layout::versions;
      CHECK(best == (versions ? result.best->versions : result.best->nonces));
    }
  }
}

TEST_CASE("autotune: about two seconds in all") {
  FakeCard card;
  autotune(card.trial());
  CHECK(card.spent <= milliseconds(2050));
  CHECK(card.spent >= milliseconds(1800));
}

TEST_CASE("autotune: within half a percent the earlier variant and its default win") {
  FakeCard card;
  card.hps = [](const Tuning& tuning) {
    const bool later = tuning.variant.form != Form::plain || tuning.variant.registers == 48;
    return 1e9 * (later ? 1.004 : 1.0) * (tuning.block == 128 ? 1.0005 : 1.0);
  };
  const auto result = autotune(card.trial());
  REQUIRE(result.best.has_value());
  CHECK(result.best->versions == tunings_of(variant("versions-plain-64")).front());
  CHECK(result.best->nonces == tunings_of(variant("nonces-plain-64")).front());

  card.hps = [](const Tuning& tuning) {
    return tuning.variant == variant("versions-plain-48") ? 1.006e9 : 1e9;
  };
  CHECK(autotune(card.trial()).best->versions.variant == variant("versions-plain-48"));
}

TEST_CASE("autotune: one slow turn does not count") {
  // Each tuning has one turn in three of a tenth of the speed.
  FakeCard card;
  card.hps = [&](const Tuning& tuning) {
    return by_form(tuning) * (card.trials_of[describe(tuning)] % 3 == 0 ? 0.1 : 1.0);
  };
  const auto result = autotune(card.trial());
  REQUIRE(result.best.has_value());
  CHECK(result.best->versions.variant == variant("versions-fma_sigma0-64"));
  CHECK(result.best->nonces.variant == variant("nonces-fma_sigma0-64"));
}

TEST_CASE("autotune: a cold card's first turns do not count") {
  FakeCard card;
  card.hps = [&](const Tuning& tuning) {
    return by_form(tuning) * (card.spent < milliseconds(250) ? 0.1 : 1.0);
  };
  const auto result = autotune(card.trial());
  CHECK(result.best->versions.variant == variant("versions-fma_sigma0-64"));
  CHECK(result.best->nonces.variant == variant("nonces-fma_sigma0-64"));
  for (const MeasuredTuning& it : result.table) {
    INFO(describe(it.tuning));
    CHECK(it.hps == by_form(it.tuning));
  }
}

TEST_CASE("autotune: what cannot be launched is left out") {
  FakeCard card;
  card.hps = by_form;
  card.failure = [](const Tuning& tuning) -> std::optional<TrialFailure> {
    if (tuning.variant.registers == 48 || tuning.variant.form == Form::fma_sigma0) return kNoImage;
    if (tuning.block == 256 && tuning.batch == 32) return kNoImage;
    return std::nullopt;
  };
  const auto result = autotune(card.trial());
  REQUIRE(result.best.has_value());
  CHECK(result.best->versions == Tuning{variant("versions-fma_shifts-64"), 256, 16});
  CHECK(result.best->nonces == Tuning{variant("nonces-fma_shifts-64"), 256, 1024});
}

TEST_CASE("autotune: a variant that computes wrongly is tried once and named") {
  FakeCard card;
  card.hps = by_form;
  const Variant bad = variant("versions-fma_sigma0-64");
  card.failure = [&](const Tuning& tuning) -> std::optional<TrialFailure> {
    if (tuning.variant == bad) return kWrong;
    return std::nullopt;
  };
  const auto result = autotune(card.trial());
  REQUIRE(result.best.has_value());
  CHECK(result.best->versions.variant.form == Form::fma_shifts);
  int trials = 0;
  for (const Tuning& tuning : tunings_of(bad))
    trials += card.trials_of[describe(tuning)];
  CHECK(trials == 1);
  const auto row = std::find_if(result.table.begin(), result.table.end(),
                                [&](const auto& it) { return it.tuning.variant == bad; });
  REQUIRE(row != result.table.end());
  CHECK(row->failure->wrong);
}

TEST_CASE("autotune: a variant that is wrong with one batch is out with all") {
  FakeCard card;
  card.hps = by_form;
  const Variant bad = variant("versions-fma_sigma0-64");
  card.failure = [&](const Tuning& tuning) -> std::optional<TrialFailure> {
    if (tuning.variant == bad && tuning.batch == 8) return kWrong;
    return std::nullopt;
  };
  CHECK(autotune(card.trial()).best->versions.variant.form == Form::fma_shifts);
}

TEST_CASE("autotune: when both finalists fail the next best are tried") {
  // Four trials a variant are the entry and the first round.
  FakeCard card;
  card.hps = by_form;
  card.failure = [&](const Tuning& tuning) -> std::optional<TrialFailure> {
    const bool bad = tuning.variant == variant("versions-fma_sigma0-64") ||
                     tuning.variant == variant("versions-fma_shifts-64");
    if (bad && (card.trials_of[describe(tuning)] > 4 || tuning.batch != 32 || tuning.block != 256))
      return kNoImage;
    return std::nullopt;
  };
  const auto result = autotune(card.trial());
  REQUIRE(result.best.has_value());
  CHECK(result.best->versions.variant == variant("versions-fma_shifts-48"));
}

TEST_CASE("autotune: an error says why when no variant of a layout works") {
  for (const Layout layout : {Layout::versions, Layout::nonces}) {
    FakeCard card;
    card.failure = [&](const Tuning& tuning) -> std::optional<TrialFailure> {
      if (tuning.variant.layout == layout) return kNoImage;
      return std::nullopt;
    };
    const auto result = autotune(card.trial());
    REQUIRE_FALSE(result.best.has_value());
    CHECK(result.best.error().find("no kernel image") != std::string::npos);
    CHECK(result.best.error().find(layout == Layout::versions
                                       ? "versions-plain-64"
                                       : "nonces-plain-64") != std::string::npos);
    CHECK(result.table.size() > std::size(kVariants));
  }
}

TEST_CASE("autotune: a card that is lost in the middle ends it") {
  for (int lost_after = 0; lost_after < 120; ++lost_after) {
    FakeCard card;
    card.failure = [&](const Tuning&) -> std::optional<TrialFailure> {
      if (card.trials > lost_after) return TrialFailure{false, "card lost"};
      return std::nullopt;
    };
    const auto result = autotune(card.trial());
    if (!result.best) CHECK(result.best.error().find("card lost") != std::string::npos);
    CHECK(card.trials < lost_after + 200);
  }
}

TEST_CASE("autotune: a speed that is no number is none") {
  for (const double odd : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity()}) {
    FakeCard card;
    card.hps = [odd](const Tuning& tuning) {
      return tuning.variant.form == Form::plain ? 1e9 : odd;
    };
    const auto result = autotune(card.trial());
    REQUIRE(result.best.has_value());
    CHECK(result.best->versions.variant.form == Form::plain);
    CHECK(result.best->nonces.variant.form == Form::plain);
  }
}
