#include "core/cpu_quota.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace ebb::core {
namespace {

namespace fs = std::filesystem;

/// A mounted hierarchy that can hold a CPU quota, and where in it this process is.
struct Hierarchy {
  bool v2 = false;
  fs::path mount_point;
  fs::path mounted_root;  ///< the group seen at the mount point; "/" but in some containers
  fs::path group;         ///< this process's own, counted from the hierarchy's root
};

bool has_word(const std::string& comma_list, const std::string& word) {
  return ("," + comma_list + ",").find("," + word + ",") != std::string::npos;
}

/// /proc/self/cgroup: a line is ID:CONTROLLERS:GROUP, version 2 has no controllers.
std::optional<fs::path> own_group(const fs::path& root, bool v2) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string id, controllers, group;
    std::getline(fields, id, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, group);
    if (v2 ? id == "0" && controllers.empty() : has_word(controllers, "cpu")) return group;
  }
  return std::nullopt;
}

/// /proc/self/mountinfo: ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS.
std::vector<Hierarchy> hierarchies(const fs::path& root) {
  std::vector<Hierarchy> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, mounted_root, mount_point, word, type, source, options;
    fields >> id >> parent >> device >> mounted_root >> mount_point;
    while (fields >> word && word != "-") {
    }
    fields >> type >> source >> options;
    const bool v2 = type == "cgroup2";
    if (!v2 && !(type == "cgroup" && has_word(options, "cpu"))) continue;
    if (const auto group = own_group(root, v2)) {
      found.push_back({v2, mount_point, mounted_root, *group});
    }
  }
  return found;
}

/// The quota of one group alone.
std::optional<double> group_quota(const fs::path& folder, bool v2) {
  double quota = 0, period = 0;  // "max" is no number, and -1 is version 1's word for it
  if (v2) {
    std::ifstream(folder / "cpu.max") >> quota >> period;
  } else {
    std::ifstream(folder / "cpu.cfs_quota_us") >> quota;
    std::ifstream(folder / "cpu.cfs_period_us") >> period;
  }
  if (!(quota > 0 && period > 0)) return std::nullopt;
  return quota / period;
}

}  // namespace

std::optional<double> read_cpu_quota(const fs::path& root) {
  std::optional<double> tightest;
  const auto tighten = [&](const fs::path& folder, bool v2) {
    if (const auto quota = group_quota(folder, v2)) {
      tightest = std::min(*quota, tightest.value_or(*quota));
    }
  };
  for (const Hierarchy& hierarchy : hierarchies(root)) {
    fs::path folder = root / hierarchy.mount_point.relative_path();
    tighten(folder, hierarchy.v2);
    const fs::path below = hierarchy.group.lexically_relative(hierarchy.mounted_root);
    // Moved out of what is mounted here: the groups on the way cannot be seen.
    if (!below.empty() && *below.begin() == "..") continue;
    for (const fs::path& part : below) {
      folder /= part;
      tighten(folder, hierarchy.v2);
    }
  }
  return tightest;
}

}  // namespace ebb::core
