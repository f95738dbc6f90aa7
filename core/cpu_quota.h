#pragma once
// How much CPU time the control groups allow this process.

#include <filesystem>
#include <optional>

namespace ebb::core {

/// CPUs' worth of time, 1.5 for three halves; nothing without a limit. The tightest of all groups
/// from this process's own up to the outermost one to be seen, of version 2 (cpu.max) and version 1
/// (cpu.cfs_quota_us). What cannot be read or understood is no limit.
/// `root`: where proc and the control groups' mount points are.
std::optional<double> read_cpu_quota(const std::filesystem::path& root = "/");

}  // namespace ebb::core
