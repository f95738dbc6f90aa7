// What the documents show is what comes out.

#include <toml++/toml.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "tests/unit/simulation/support.h"
#include "throttle/schedule/window_toml.h"
#include "throttle/simulation/rendering.h"

using namespace ebb::throttle;
using namespace ebb::throttle::testing;

namespace {

std::string doc(const std::string& name) {
  std::ifstream in(std::filesystem::path(EBB_TEST_DATA) / "../../docs" / name);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Block {
  std::string language, text;
};
std::vector<Block> blocks(const std::string& markdown) {
  constexpr std::string_view kFence = "```";
  std::vector<Block> result;
  std::size_t at = 0;
  while ((at = markdown.find(kFence, at)) != std::string::npos) {
    const std::size_t line = markdown.find('\n', at);
    const std::size_t end = markdown.find("\n```", line);
    REQUIRE(end != std::string::npos);
    const std::size_t word = at + kFence.size();
    result.push_back({markdown.substr(word, line - word), markdown.substr(line + 1, end - line)});
    at = end + 1 + kFence.size();
  }
  return result;
}

/// How many timelines there were, each followed by its table.
std::size_t check_timelines(const std::string& name) {
  std::size_t found = 0;
  const auto all = blocks(doc(name));
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (all[i].language != "toml" || all[i].text.find("begin = ") == std::string::npos) continue;
    const auto parsed = toml::parse(all[i].text);
    REQUIRE(parsed.succeeded());
    const auto zone = parsed.table()["zone"].value<std::string>();
    REQUIRE(zone);
    CHECK(to_text(run({}, timeline(all[i].text)), *zone) == all[i + 1].text);
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("docs: the throttle's examples") {
  CHECK(check_timelines("throttle.md") == 3);
  for (const Block& block : blocks(doc("throttle.md"))) {
    if (!block.text.starts_with("[[schedule]]")) continue;
    const auto parsed = toml::parse(block.text);
    REQUIRE(parsed.succeeded());
    CHECK(read_window(*parsed.table()["schedule"][0].as_table()));
  }
}

TEST_CASE("docs: January 2022, its table, its picture, its neighbours") {
  CHECK(check_timelines("kazakhstan-2022.md") == 1);
  const std::string config = doc("kazakhstan-2022.toml");
  const auto parsed = toml::parse(config);
  REQUIRE(parsed.succeeded());
  SimulationInput input;
  input.windows = {read_window(*parsed.table()["schedule"][0].as_table()).value()};
  const auto watts = [&](const char* key) {
    return parse_power(parsed.table()["power"][key].value_or("")).value().watts;
  };
  input.plant.full_watts = watts("nameplate");
  input.plant.idle_watts = watts("nameplate_idle");
  const Simulation it = run(input, timeline(doc("kazakhstan-2022-timeline.toml")));
  const auto all = blocks(doc("kazakhstan-2022.md"));
  REQUIRE(all.size() >= 3);
  CHECK(all[2].text == to_text(it, kZone));
  CHECK(doc("kazakhstan-2022.svg") == to_svg(it, kZone));
  // The window that the page shows is that of the file.
  CHECK(config.find(all[0].text) != std::string::npos);
}
