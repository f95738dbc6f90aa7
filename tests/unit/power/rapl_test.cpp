#include "throttle/power/rapl.h"

#include <unistd.h>

#include <fstream>

#include "tests/unit/catch.h"

using ebb::throttle::Rapl;

namespace {

/// A tree as Linux has it in /sys/class/powercap.
class Tree {
 public:
  Tree()
      : root_(std::filesystem::temp_directory_path() / ("ebb-rapl-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~Tree() { std::filesystem::remove_all(root_); }
  const std::filesystem::path& root() const { return root_; }

  void zone(const std::string& name, const std::string& kind, const char* range = "1000000") {
    std::filesystem::create_directories(root_ / name);
    std::ofstream(root_ / name / "name") << kind << "\n";
    if (range != nullptr) std::ofstream(root_ / name / "max_energy_range_uj") << range << "\n";
  }
  void counter(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name / "energy_uj") << text << "\n";
  }

 private:
  std::filesystem::path root_;
};

}  // namespace

TEST_CASE("energy: adds up the packages and nothing within them") {
  Tree tree;
  for (const char* name : {"intel-rapl:0", "intel-rapl:1"})
    tree.zone(name, std::string("package-") + name[11]);
  tree.zone("intel-rapl:0:0", "core");
  tree.zone("intel-rapl-psys", "psys");
  tree.counter("intel-rapl:0", "100000");
  tree.counter("intel-rapl:1", "200000");
  auto meter = Rapl::open(tree.root());
  REQUIRE(meter.has_value());
  CHECK(meter->joules() == 0);
  tree.counter("intel-rapl:0", "600000");
  tree.counter("intel-rapl:1", "300000");
  CHECK(meter->joules().value() == Approx(0.6));
}

TEST_CASE("energy: a counter that wraps goes on from its range") {
  Tree tree;
  tree.zone("intel-rapl:0", "package-0");
  tree.counter("intel-rapl:0", "900000");
  auto meter = Rapl::open(tree.root());
  REQUIRE(meter.has_value());
  tree.counter("intel-rapl:0", "100000");
  CHECK(meter->joules().value() == Approx(0.2));
  tree.counter("intel-rapl:0", "300000");
  CHECK(meter->joules().value() == Approx(0.4));
}

TEST_CASE("energy: what is not there or not readable is said") {
  Tree tree;
  CHECK(Rapl::open(tree.root()).error().find("no RAPL package") != std::string::npos);
  CHECK_FALSE(Rapl::open(tree.root() / "nothing").has_value());
  tree.zone("intel-rapl:0", "package-0");  // and no counter, as for users who may not read it
  CHECK(Rapl::open(tree.root()).error().find("energy_uj") != std::string::npos);
}

TEST_CASE("energy: while a counter cannot be read nothing is known") {
  Tree tree;
  tree.zone("intel-rapl:0", "package-0");
  tree.counter("intel-rapl:0", "1");
  auto meter = Rapl::open(tree.root());
  REQUIRE(meter.has_value());
  std::filesystem::remove(tree.root() / "intel-rapl:0/energy_uj");
  CHECK_FALSE(meter->joules().has_value());
  tree.counter("intel-rapl:0", "500001");
  CHECK(meter->joules().value() == Approx(0.5));
}
