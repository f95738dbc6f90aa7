#include "bench/kernel_load.h"

#include <algorithm>
#include <utility>

#include "bench/bench_job.h"
#include "core/share.h"

namespace ebb::bench {
namespace {

constexpr std::uint64_t kHashesAtOnce = 65536;
constexpr std::uint64_t kAllNonces = std::uint64_t{1} << 32;

// One hash in 4096: often enough to show misses, too seldom to cost time.
constexpr double kDifficulty = 1.0 / (1 << 20);

}  // namespace

KernelLoad::KernelLoad(const core::HashBackend& backend, unsigned midstates, unsigned worker,
                       unsigned workers)
    : backend_(backend),
      unit_(*core::WorkSource(bench_job(kDifficulty), worker, workers, midstates).next(0)),
      input_(unit_.scan_input()),
      buffer_(core::kMinCandidateCapacity) {}

std::uint64_t KernelLoad::hash_some() {
  const std::uint64_t wanted = std::max<std::uint64_t>(kHashesAtOnce / unit_.version_count, 1);
  const core::ScanResult result =
      backend_.scan(input_, static_cast<std::uint32_t>(next_), std::min(wanted, kAllNonces - next_),
                    buffer_.data(), static_cast<std::uint32_t>(buffer_.size()));
  last_ = {static_cast<std::uint32_t>(next_), result.scanned};
  found_before_last_ = found_.size();
  found_.insert(found_.end(), buffer_.begin(), buffer_.begin() + result.found);
  next_ = (next_ + result.scanned) % kAllNonces;
  return result.scanned * unit_.version_count;
}

bool KernelLoad::is_right() const {
  const bool all_real = std::none_of(found_.begin(), found_.end(), [&](const auto& candidate) {
    return core::verify(unit_, candidate).verdict == core::Verdict::corrupt;
  });
  return all_real && !found_.empty() && last_stretch_is_complete();
}

bool KernelLoad::last_stretch_is_complete() const {
  using Key = std::pair<std::uint32_t, std::uint32_t>;
  std::vector<Key> found, expected;
  for (std::size_t i = found_before_last_; i < found_.size(); ++i)
    found.emplace_back(found_[i].nonce, found_[i].midstate);
  std::sort(found.begin(), found.end());
  for (std::uint32_t midstate = 0; midstate < unit_.version_count; ++midstate) {
    core::Header header = unit_.header({last_.first, midstate});
    for (std::uint64_t i = 0; i < last_.count; ++i, ++header.nonce) {
      const std::uint32_t last_word = core::load_be32(&header.hash().bytes[28]);
      if ((last_word & input_.zero_mask) == 0) expected.emplace_back(header.nonce, midstate);
    }
  }
  std::sort(expected.begin(), expected.end());
  return found == expected;
}

}  // namespace ebb::bench
