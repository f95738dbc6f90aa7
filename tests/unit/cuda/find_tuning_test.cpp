#include "cuda/find_tuning.h"

#include <unistd.h>

#include <fstream>

#include "tests/unit/catch.h"

using namespace ebb::cuda;
namespace fs = std::filesystem;

namespace {

struct Fixture {
  Fixture() {
    std::string name = (fs::temp_directory_path() / "ebb-find-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
    card.name = "Fake";
    card.driver = 13000;
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() { fs::remove_all(folder); }

  tl::expected<TuningPair, std::string> find(bool retune = false) {
    trials = 0;
    lines.clear();
    warnings.clear();
    const Trial trial = [this](const Tuning& tuning, unsigned,
                               std::chrono::milliseconds) -> tl::expected<double, TrialFailure> {
      ++trials;
      if (tuning.variant.form == wrong_form)
        return tl::unexpected(TrialFailure{true, "wrong hash"});
      if (lost) return tl::unexpected(TrialFailure{false, "card lost"});
      return tuning.variant.form == fast_form ? 2e9 : 1e9;
    };
    return find_tuning(card, TuningCache(file), retune, trial,
                       [this](TuningNote note, const std::string& line) {
                         if (note == TuningNote::info) lines.push_back(line);
                         if (note == TuningNote::warning) warnings.push_back(line);
                         if (note == TuningNote::detail) ++details;
                       });
  }

  fs::path folder;
  std::optional<fs::path> file;
  CardInfo card;
  Form fast_form = Form::fma_shifts;
  std::optional<Form> wrong_form;
  bool lost = false;
  int trials = 0, details = 0;
  std::vector<std::string> lines, warnings;
};

}  // namespace

TEST_CASE("find tuning: measured once, then kept, and measured anew when asked") {
  Fixture f;
  f.file = f.folder / "tuning.json";
  const auto first = f.find();
  CHECK(first->versions.variant.form == Form::fma_shifts);
  CHECK(f.trials > 50);
  CHECK(f.details > 20);
  CHECK(f.lines.size() == 1u);

  f.fast_form = Form::plain;
  CHECK(f.find() == first);
  CHECK(f.trials == 2);
  CHECK(f.lines.size() == 1u);

  const auto again = f.find(true);
  CHECK(again->versions.variant.form == Form::plain);
  CHECK(again->nonces.variant.form == Form::plain);
  CHECK(f.find() == again);
}

TEST_CASE("find tuning: what was kept is not used once it computes wrongly or cannot run") {
  Fixture f;
  f.file = f.folder / "tuning.json";
  f.find().value();
  f.wrong_form = Form::fma_shifts;
  const auto other = f.find();
  REQUIRE(other.has_value());
  CHECK(other->versions.variant.form != Form::fma_shifts);
  REQUIRE_FALSE(f.warnings.empty());
  CHECK(f.warnings.front().find("fma_shifts") != std::string::npos);
  CHECK(f.find() == other);
}

TEST_CASE("find tuning: each wrong kernel is a warning, by name, once") {
  Fixture f;
  f.wrong_form = Form::fma_sigma0;
  f.find(true).value();
  REQUIRE(f.warnings.size() == 2u);
  CHECK(f.warnings[0].find("versions-fma_sigma0-64") == 0);
  CHECK(f.warnings[1].find("nonces-fma_sigma0-64") == 0);
}

TEST_CASE("find tuning: without a place, and with a broken file, one line and a measurement") {
  Fixture f;
  CHECK(f.find().has_value());
  CHECK(f.find().has_value());
  CHECK(f.trials > 50);
  REQUIRE(f.lines.size() == 2u);
  CHECK(f.lines[1].find("not kept") != std::string::npos);

  f.file = f.folder / "tuning.json";
  std::ofstream(*f.file) << "{";
  CHECK(f.find().has_value());
  CHECK(f.trials > 50);
  REQUIRE(f.lines.size() == 2u);
  CHECK(f.lines[0].find("ignored") != std::string::npos);
  CHECK(f.find().has_value());
  CHECK(f.trials == 2);
}

TEST_CASE("find tuning: a lost card is an error, and what was kept stays") {
  Fixture f;
  f.file = f.folder / "tuning.json";
  const auto kept = f.find();
  f.lost = true;
  const auto found = f.find();
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().find("card lost") != std::string::npos);
  f.lost = false;
  CHECK(f.find() == kept);
  CHECK(f.trials == 2);
}
