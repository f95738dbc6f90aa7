#include "core/work.h"

#include <algorithm>
#include <bit>

namespace ebb::core {
namespace {

// 2^36 extranonce2 values of 2^32 nonces last longer than any job; and times 2^27 pieces, the most
// that 32 version bits make, they are 2^63.
constexpr std::uint64_t kMaxExtranonce2Count = std::uint64_t{1} << 36;

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
  input.threshold = job->submit_target().threshold();
  return input;
}

WorkSource::WorkSource(JobPtr job, unsigned worker, unsigned workers, unsigned max_midstates,
                       std::uint64_t first_extranonce2)
    : job_(std::move(job)), worker_(worker), workers_(workers) {
  const std::uint64_t versions = std::uint64_t{1} << std::popcount(job_->rollable_bits());
  piece_size_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(versions, kMaxMidstates));
  group_size_ = std::min<std::uint32_t>(piece_size_, std::bit_floor(max_midstates));
  pieces_ = versions / piece_size_;
  const std::size_t size = job_->extranonce2_size;
  extranonce2_count_ = size >= 5 ? kMaxExtranonce2Count : std::uint64_t{1} << (8 * size);
  first_extranonce2_ = first_extranonce2 % extranonce2_count_;

  const std::uint64_t all_pieces = extranonce2_count_ * pieces_;
  split_nonces_ = all_pieces < workers_;
  first_piece_ = split_nonces_ ? 0 : worker_;
  stride_ = split_nonces_ ? 1 : workers_;
  piece_count_ = (all_pieces - first_piece_ + stride_ - 1) / stride_;
  // The first of this worker's pieces whose extranonce2 is not before the wanted one.
  const std::uint64_t wanted = first_extranonce2_ * pieces_;
  start_ = wanted <= first_piece_ ? 0 : (wanted - first_piece_ + stride_ - 1) / stride_;
}

std::optional<WorkUnit> WorkSource::next(std::uint32_t elapsed_s) {
  const std::uint64_t groups = piece_size_ / group_size_;  // in a piece
  if (position_ / groups >= piece_count_) {
    if (seconds_ >= elapsed_s) return std::nullopt;
    ++seconds_;
    position_ = 0;
  }
  const std::uint64_t number = piece(position_ / groups);
  const std::uint64_t group = position_ % groups;
  ++position_;

  WorkUnit unit;
  unit.job = job_;
  const std::uint64_t extranonce2 = number / pieces_;
  for (std::size_t i = 0; i < std::min<std::size_t>(job_->extranonce2_size, 8); ++i) {
    unit.extranonce2_bytes[i] = static_cast<std::uint8_t>(extranonce2 >> (8 * i));
  }
  unit.time = job_->time + seconds_;
  unit.version_count = group_size_;
  const std::uint64_t first_version = number % pieces_ * piece_size_ + group * group_size_;
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
  if (position_ == 0) return first_extranonce2_;
  const std::uint64_t last = piece((position_ - 1) / (piece_size_ / group_size_));
  return (last / pieces_ + 1) % extranonce2_count_;
}

}  // namespace ebb::core
