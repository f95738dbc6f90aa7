#include "core/cpu_quota.h"

#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/unit/catch.h"

using namespace ebb::core;
namespace fs = std::filesystem;

namespace {

const std::string kV2Mount =
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string kV1Mount =
    "33 32 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

/// A file system with what a test puts there; gone with it.
class Tree {
 public:
  Tree() : root_(fs::temp_directory_path() / ("ebb_quota_" + std::to_string(getpid()))) {
    fs::remove_all(root_);
    put("proc/self/mountinfo", "24 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n");
  }
  ~Tree() { fs::remove_all(root_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  Tree& put(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::app) << text;
    return *this;
  }
  Tree& mounts(const std::string& lines) { return put("proc/self/mountinfo", lines); }
  Tree& group(const std::string& lines) { return put("proc/self/cgroup", lines); }

  std::optional<double> quota() const { return read_cpu_quota(root_); }

 private:
  fs::path root_;
};

}  // namespace

TEST_CASE("quota: none without control groups, and none without a file system") {
  CHECK_FALSE(Tree().quota());
  CHECK_FALSE(read_cpu_quota("/nonexistent"));
}

TEST_CASE("quota: version 2, the tightest group on the way up") {
  Tree tree;
  tree.mounts(kV2Mount).group("0::/mining.slice/ebb.service\n");
  CHECK_FALSE(tree.quota());
  tree.put("sys/fs/cgroup/mining.slice/ebb.service/cpu.max", "max 100000\n");
  CHECK_FALSE(tree.quota());
  tree.put("sys/fs/cgroup/mining.slice/cpu.max", "150000 100000\n");
  CHECK(tree.quota() == 1.5);
  tree.put("sys/fs/cgroup/cpu.max", "100000 100000\n");
  CHECK(tree.quota() == 1.0);
}

TEST_CASE("quota: version 2, another group's is not ours") {
  Tree tree;
  tree.mounts(kV2Mount).group("0::/ours\n");
  tree.put("sys/fs/cgroup/theirs/cpu.max", "50000 100000\n");
  tree.put("sys/fs/cgroup/ours/below/cpu.max", "50000 100000\n");
  CHECK_FALSE(tree.quota());
}

TEST_CASE("quota: version 1, by its quota and period") {
  Tree tree;
  tree.mounts(kV1Mount).group("5:memory:/a\n4:cpu,cpuacct:/docker/b\n");
  tree.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  tree.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(tree.quota());
  tree.put("sys/fs/cgroup/cpu,cpuacct/docker/b/cpu.cfs_quota_us", "25000\n");
  tree.put("sys/fs/cgroup/cpu,cpuacct/docker/b/cpu.cfs_period_us", "50000\n");
  CHECK(tree.quota() == 0.5);
}

TEST_CASE("quota: the controller cpuset is not cpu") {
  Tree tree;
  tree.mounts("34 32 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n");
  tree.group("3:cpuset:/a\n");
  tree.put("sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "50000\n");
  tree.put("sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(tree.quota());
}

TEST_CASE("quota: both versions at once, the tighter one") {
  Tree tree;
  tree.mounts(kV1Mount).mounts(
      "41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n");
  tree.group("4:cpu,cpuacct:/old\n0::/new\n");
  tree.put("sys/fs/cgroup/cpu,cpuacct/old/cpu.cfs_quota_us", "300000\n");
  tree.put("sys/fs/cgroup/cpu,cpuacct/old/cpu.cfs_period_us", "100000\n");
  CHECK(tree.quota() == 3.0);
  tree.put("sys/fs/cgroup/unified/new/cpu.max", "250000 100000\n");
  CHECK(tree.quota() == 2.5);
}

TEST_CASE("quota: a container sees its own group at the mount point") {
  Tree tree;
  tree.mounts("30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  tree.put("sys/fs/cgroup/cpu.max", "400000 100000\n");
  tree.put("sys/fs/cgroup/inner/cpu.max", "200000 100000\n");
  SECTION("itself") {
    tree.group("0::/docker/abc\n");
    CHECK(tree.quota() == 4.0);
  }
  SECTION("a group below") {
    tree.group("0::/docker/abc/inner\n");
    CHECK(tree.quota() == 2.0);
  }
  SECTION("elsewhere") {
    tree.group("0::/other\n");
    tree.put("sys/other/cpu.max", "10000 100000\n");  // ../../other from the mount point
    CHECK(tree.quota() == 4.0);
  }
}

TEST_CASE("quota: garbage is no limit") {
  const char* text = GENERATE("", "\n", "max", "x y\n", "100000\n", "100000 0\n", "0 100000\n",
                              "-5 100000\n", "nan nan\n", "100000 max\n");
  CAPTURE(text);
  Tree tree;
  tree.mounts("\nnonsense\n1 2 3\n - \n").mounts(kV2Mount).group("\n:\nx\n0::/\n");
  tree.put("sys/fs/cgroup/cpu.max", text);
  CHECK_FALSE(tree.quota());
}
