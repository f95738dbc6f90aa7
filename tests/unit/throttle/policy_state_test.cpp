#include "throttle/policy_state.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_throttle_state.h"
#include "tests/unit/throttle/throttle_support.h"

using namespace ebb::throttle;

namespace {

PolicyState busy() {
  PolicyState state;
  state.seed = ~std::uint64_t{0};
  state.last_event = 12;
  state.event = 12;
  state.others = true;
  state.random_return = 431'007ms;
  state.in_force = {0.1 + 0.2, 500, 1e9 / 3};
  state.demand = {1.0 / 3, {}, {}};
  state.phase = Return::ramping;
  state.waited = 5'000'000'001ns;
  state.ramp = 2.0 / 3;
  state.recovering = true;
  state.mains_good = 120s;
  state.outages["ups\n1"] = 1500ms;
  state.dwells["price"] = {3s, 4s, true, {0.2, {}, {}}};
  state.wall = WallTime(1'643'000'000'123ms);
  state.highest = *state.wall + 1s;
  state.settling = 7s;
  return state;
}

}  // namespace

TEST_CASE("policy state: saved and loaded, it is the same to the last bit") {
  CHECK(load_policy_state(save(busy())) == busy());
  CHECK(load_policy_state(save(PolicyState{})) == PolicyState{});
}

TEST_CASE("policy state: what save() did not write is refused with a reason") {
  const std::string good = save(busy());
  const auto with = [&](std::string_view old, std::string_view fresh) {
    std::string text = good;
    const std::size_t at = text.find(old);
    INFO(old);
    REQUIRE(at != std::string::npos);
    return load_policy_state(text.replace(at, old.size(), fresh));
  };
  CHECK(with("\"phase\":2", "\"phase\":1"));
  CHECK(with("\"phase\":2", "\"phase\":3").error() == "phase: is not known");
  CHECK_FALSE(with("\"event\":12", "\"event\":13"));
  CHECK_FALSE(with("\"event\":12", "\"event\":-1"));
  CHECK_FALSE(with("\"others\":true", "\"others\":1"));
  CHECK_FALSE(with("\"waited\":5000000001", "\"waited\":-5"));
  CHECK_FALSE(with("\"waited\":5000000001", "\"waited\":9000000000000000000"));
  CHECK_FALSE(with("\"dwells\":{", "\"dwells\":{\"x\":1,"));
  CHECK_FALSE(with("\"outages\":{", "\"outages\":{\"x\":\"1\","));
  CHECK_FALSE(with("\"highest\":", "\"lowest\":"));
  CHECK_FALSE(load_policy_state(""));
  CHECK_FALSE(load_policy_state("{}"));
  for (std::size_t length = 0; length < good.size(); length += 7)
    CHECK_FALSE(load_policy_state(good.substr(0, length)));
}

TEST_CASE("throttle: a saved state that cannot be read is an error") {
  const auto start = [](std::string_view saved) {
    return Throttle::start(Site::plain(), Start::clean, saved, 1);
  };
  CHECK(start("junk").error().find("the saved state is not JSON") == 0);
  CHECK_FALSE(start("{}"));
  CHECK_FALSE(start("{\"book\":{},\"policy\":{}}"));
  Site site;
  const std::string good = site.throttle().save();
  CHECK(start(good));
  CHECK_FALSE(start(good.substr(0, good.size() - 1)));
}

TEST_CASE("fuzz corpus: throttle states") {
  std::size_t files = 0;
  for (const auto& it :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/throttle_state")) {
    CAPTURE(it.path().string());
    std::ifstream file(it.path(), std::ios::binary);
    const std::string data(std::istreambuf_iterator<char>(file), {});
    CHECK_NOTHROW(fuzz_throttle_state(data));
    ++files;
  }
  CHECK(files >= 4);
}
