#pragma once
// The job that the bench hashes.

#include "core/job.h"

namespace ebb::bench {

/// As pools send them, with room for any number of versions.
core::JobPtr bench_job(double share_difficulty);

}  // namespace ebb::bench
