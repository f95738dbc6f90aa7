#include "core/work.h"

#include <algorithm>
#include <bit>

namespace ebb::core {
namespace {

// 2^40 extranonce2 values of 2^16 version groups last longer than any job; and the product stays
// far below 2^64.
constexpr std::uint64_t kMaxExtranonce2Count = std::uint64_t{1} << 40;

/// Spreads the low bits of `counter` over the one bits of `mask`, lowest first.
std::uint32_t deposit_bits(std::uint64_t counter, std::uint32_t mask) {
  std::uint32_t out = 0;
  for (; mask != 0; mask &= mask - 1, counter >>= 1) {
    if (counter & 1) out |= mask & (~mask + 1);
  }
  return out;
}

}  // namespace

Header WorkUnit::header(const Candidate& candidate) const {
  return Header{
      versions[candidate.midstate], job->prev_hash, merkle_root, time, job->bits, candidate.nonce};
}

ScanInput WorkUnit::scan_input() const {
  ScanInput input;
  input.midstate_count = version_count;
  for (std::uint32_t i = 0; i < version_count; ++i) {
    const Midstate state = header({0, i}).midstate();
    std::copy(state.words.begin(), state.words.end(), input.midstates[i]);
  }
  const auto bytes = header({0, 0}).serialize();
  for (std::size_t i = 0; i < 3; ++i)
    input.tail[i] = load_be32(&bytes[64 + 4 * i]);
  input.zero_mask = job->submit_target().zero_mask();
  return input;
}

WorkSource::WorkSource(JobPtr job, unsigned worker, unsigned workers, unsigned max_midstates,
                       std::uint64_t first_extranonce2)
    : job_(std::move(job)), worker_(worker), workers_(workers) {
  const int rollable = std::popcount(job_->rollable_bits());
  const std::uint64_t versions = std::uint64_t{1} << rollable;
  group_size_ =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(versions, std::bit_floor(max_midstates)));
  version_groups_ = versions / group_size_;
  const std::size_t size = job_->extranonce2_size;
  extranonce2_count_ = size >= 5 ? kMaxExtranonce2Count : std::uint64_t{1} << (8 * size);
  first_extranonce2_ = first_extranonce2 % extranonce2_count_;
  split_nonces_ = indices_per_second() < workers_;
}

std::optional<WorkUnit> WorkSource::next(std::uint32_t elapsed_s) {
  const unsigned stride = split_nonces_ ? 1 : workers_;
  std::uint64_t index = (split_nonces_ ? 0 : worker_) + position_ * stride;
  if (index >= indices_per_second()) {
    if (seconds_ >= elapsed_s) return std::nullopt;
    ++seconds_;
    position_ = 0;
    index = split_nonces_ ? 0 : worker_;
  }
  ++position_;

  WorkUnit unit;
  unit.job = job_;
  const std::uint64_t extranonce2 =
      (first_extranonce2_ + index / version_groups_) % extranonce2_count_;
  for (std::size_t i = 0; i < std::min<std::size_t>(job_->extranonce2_size, 8); ++i) {
    unit.extranonce2_bytes[i] = static_cast<std::uint8_t>(extranonce2 >> (8 * i));
  }
  unit.time = job_->time + seconds_;
  unit.version_count = group_size_;
  const std::uint64_t first_version = index % version_groups_ * group_size_;
  for (std::uint32_t i = 0; i < group_size_; ++i) {
    unit.versions[i] = job_->version | deposit_bits(first_version + i, job_->rollable_bits());
  }
  unit.merkle_root = merkle_root(*job_, unit.extranonce2());

  constexpr std::uint64_t kAllNonces = std::uint64_t{1} << 32;
  unit.nonces = {0, kAllNonces};
  if (split_nonces_) {
    const std::uint64_t begin = kAllNonces * worker_ / workers_;
    const std::uint64_t end = kAllNonces * (worker_ + 1) / workers_;
    unit.nonces = {static_cast<std::uint32_t>(begin), end - begin};
  }
  return unit;
}

std::uint64_t WorkSource::next_extranonce2() const {
  if (seconds_ > 0) return first_extranonce2_;  // every value was used; begin again
  if (position_ == 0) return first_extranonce2_;
  const std::uint64_t last = split_nonces_ ? position_ - 1 : worker_ + (position_ - 1) * workers_;
  return first_extranonce2_ + last / version_groups_ + 1;
}

}  // namespace ebb::core
