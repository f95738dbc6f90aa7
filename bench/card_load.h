#pragma once
// A CUDA card at work with one tuning, on a job as pools send them.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "core/device.h"
#include "core/work.h"
#include "cuda/card_info.h"
#include "cuda/variant.h"

namespace ebb::bench {

struct CardUnderTest {
  std::unique_ptr<core::Device> device;
  cuda::CardInfo card;
  cuda::TuningPair tuning;  ///< what it mines with
  /// Makes the device scan with this from its next prepare() on; false when the card cannot.
  std::function<bool(const cuda::Tuning&)> use;
  std::function<std::optional<double>()> sm_mhz;  ///< the clock now
  std::function<std::optional<double>()> joules;  ///< used since some moment
};

/// Time that passes; a test may fake it.
using WallClock = std::function<std::chrono::nanoseconds()>;

/// What was hashed in a while.
struct Stretch {
  std::uint64_t hashes = 0;
  Seconds busy{0};  ///< by the card's own clock
  Seconds wall{0};
  std::vector<double> sm_mhz;  ///< read after each scan
};

/// All loads of a card share its device, so each begin()s before it hashes.
class CardLoad {
 public:
  /// Finds a hash now and then if it does `expected_hps`, as on a pool. `card` must outlive the
  /// load.
  CardLoad(CardUnderTest& card, const cuda::Tuning& tuning, unsigned midstates, double expected_hps,
           WallClock clock);

  /// False when the card cannot scan with this tuning.
  bool begin();

  /// Hashes until the card was busy for `duration`, in scans as they are mined with. Nothing when
  /// the device fails; failure() says why.
  std::optional<Stretch> hash_for(Seconds duration);

  /// Of the last scans, by the card's own clock.
  double hps() const { return hps_; }

  /// Hashes on for a moment with an easier target. Every candidate so far was real, there were as
  /// many as that many hashes bring, and in a short range the oracle finds the same ones.
  bool is_right();

  const std::string& failure() const { return failure_; }

 private:
  std::optional<core::ScanReport> scan(std::uint32_t first, std::uint64_t count);
  bool finds_all();

  CardUnderTest& card_;
  cuda::Tuning tuning_;
  unsigned midstates_;
  WallClock clock_;
  double hps_;
  double hit_chance_;  ///< of a hash
  core::WorkSource source_;
  core::WorkUnit unit_;
  std::uint64_t next_ = 0;
  std::uint64_t hits_ = 0, wrong_ = 0;
  double expected_hits_ = 0;
  std::vector<core::Candidate> buffer_;
  std::string failure_;
};

}  // namespace ebb::bench
