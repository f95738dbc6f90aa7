// The pages of docs say what ebb takes.

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "miner/config_file.h"
#include "tests/unit/catch.h"

using namespace ebb;

namespace {

const std::filesystem::path kPages = std::filesystem::path(EBB_TEST_DATA) / "../../docs/sources";

std::string read(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

/// What stands between ```toml and ```.
std::vector<std::string> examples(const std::string& page) {
  constexpr std::string_view kBegin = "```toml\n", kEnd = "```";
  std::vector<std::string> all;
  for (std::size_t at = 0; (at = page.find(kBegin, at)) != std::string::npos;) {
    at += kBegin.size();
    const std::size_t end = page.find(kEnd, at);
    all.push_back(page.substr(at, end - at));
    at = end;
  }
  return all;
}

}  // namespace

TEST_CASE("docs: every example of a source is a configuration") {
  std::set<std::string> types;
  for (const auto& page : std::filesystem::directory_iterator(kPages)) {
    const auto all = examples(read(page.path()));
    INFO(page.path());
    CHECK_FALSE(all.empty());
    for (const std::string& example : all) {
      INFO(example);
      const auto options = miner::parse_config(example, "ebb.toml");
      INFO((options ? "" : options.error()));
      REQUIRE(options);
      for (const auto& source : options->throttle.sources)
        types.insert(source.type);
    }
  }
  INFO("and no kind is without one");
  std::set<std::string> kinds;
  for (const sources::Kind* kind : sources::kinds())
    kinds.emplace(kind->type);
  CHECK(types == kinds);
}

TEST_CASE("docs: every example of pools is a configuration, of every strategy one") {
  using Kind = stratum::PoolStrategy::Kind;
  std::set<Kind> strategies;
  for (const std::string& example : examples(read(kPages / "../pools.md"))) {
    INFO(example);
    const auto options = miner::parse_config(example, "ebb.toml");
    INFO((options ? "" : options.error()));
    REQUIRE(options);
    if (options->pools.size() >= 2) strategies.insert(options->strategy.kind);
  }
  CHECK(strategies == std::set{Kind::failover, Kind::quota, Kind::rotate});
}
