#include "miner/difficulty_suggestion.h"

#include "tests/unit/catch.h"

using ebb::miner::DifficultySuggestion;
using std::chrono::seconds;

namespace {

constexpr DifficultySuggestion::Clock::time_point kStart{};

}  // namespace

TEST_CASE("a suggestion follows the cap down and back up") {
  DifficultySuggestion suggestion(1000);
  CHECK_FALSE(suggestion.update(kStart, 1));
  CHECK(suggestion.update(kStart, 0.4) == 400);
  CHECK_FALSE(suggestion.update(kStart + seconds(120), 0.4));
  CHECK(suggestion.update(kStart + seconds(120), 1) == 1000);
}

TEST_CASE("a ramp is said in steps: no small change, not often") {
  DifficultySuggestion suggestion(1000);
  CHECK(suggestion.update(kStart, 0.1) == 100);
  CHECK_FALSE(suggestion.update(kStart + seconds(59), 0.9));
  CHECK_FALSE(suggestion.update(kStart + seconds(60), 0.12));
  CHECK(suggestion.update(kStart + seconds(60), 0.13) == 130);
}

TEST_CASE("zero changes nothing, almost zero asks for a hundredth") {
  DifficultySuggestion suggestion(1000);
  CHECK_FALSE(suggestion.update(kStart, 0));
  CHECK(suggestion.update(kStart, 1e-9) == 10);
}

TEST_CASE("who asked for nothing suggests nothing") {
  DifficultySuggestion suggestion(std::nullopt);
  CHECK_FALSE(suggestion.update(kStart, 0.5));
}
