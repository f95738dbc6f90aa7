#include "core/backend_speed.h"

#include <algorithm>
#include <array>

#include "core/cpu_time.h"

namespace ebb::core {
namespace {

constexpr int kTurns = 12;
constexpr std::chrono::milliseconds kTurn{2};
constexpr double kHopeless = 3;

// Short enough for many in a turn, long enough that a scan's preparations do not show.
constexpr unsigned kHashesPerScan = 4096;

/// Hashes per second over one turn. The nonces hashed are the same each time: speed does not depend
/// on them, and a mask of ones leaves nothing to find.
double one_turn(const HashBackend& backend, unsigned midstates, const SpeedClock& clock) {
  ScanInput input;
  input.midstate_count = midstates;
  input.zero_mask = ~0u;
  std::array<Candidate, kMinCandidateCapacity> found;
  std::uint64_t hashes = 0;
  const auto begin = clock();
  std::chrono::nanoseconds elapsed{0};
  do {
    backend.scan(input, 0, kHashesPerScan / midstates, found.data(), kMinCandidateCapacity);
    hashes += kHashesPerScan;
    elapsed = clock() - begin;
  } while (elapsed < kTurn);
  return static_cast<double>(hashes) / std::chrono::duration<double>(elapsed).count();
}

}  // namespace

std::vector<BackendSpeed> measure_speeds(std::span<const HashBackend> backends,
                                         const SpeedClock& clock) {
  std::vector<BackendSpeed> speeds(backends.size());
  BackendSpeed best;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (std::size_t i = 0; i < backends.size(); ++i) {
      BackendSpeed& speed = speeds[i];
      const bool hopeless =
          kHopeless * speed.alone < best.alone && kHopeless * speed.shared < best.shared;
      if (turn > 0 && hopeless) continue;
      speed.alone = std::max(speed.alone, one_turn(backends[i], 1, clock));
      speed.shared = std::max(speed.shared, one_turn(backends[i], kMaxMidstates, clock));
      best.alone = std::max(best.alone, speed.alone);
      best.shared = std::max(best.shared, speed.shared);
    }
  }
  return speeds;
}

std::vector<BackendSpeed> measure_speeds(std::span<const HashBackend> backends) {
  return measure_speeds(backends, thread_cpu_time);
}

std::size_t fastest(std::span<const BackendSpeed> speeds) {
  const auto best = std::max_element(
      speeds.begin(), speeds.end(),
      [](const BackendSpeed& a, const BackendSpeed& b) { return a.shared < b.shared; });
  return static_cast<std::size_t>(best - speeds.begin());
}

}  // namespace ebb::core
