#include "cuda/cuda_device.h"

#include <algorithm>
#include <bit>

namespace ebb::cuda {
namespace {

constexpr std::uint64_t kAllNonces = std::uint64_t{1} << 32;

// An interrupt ends a scan within a millisecond, so at full duty they can be long: what a scan's
// begin and end cost (some 0.3 ms) is a thousandth then. When paced, pauses are what matters.
constexpr core::SliceTimes kSlice{.full = std::chrono::milliseconds(200),
                                  .paced = std::chrono::milliseconds(10),
                                  .least = std::chrono::milliseconds(1)};

}  // namespace

CudaDevice::CudaDevice(std::shared_ptr<Runtime> runtime, int ordinal, const CardInfo& info,
                       std::shared_ptr<const KnownAnswers> answers, std::unique_ptr<Waiter> waiter)
    : runtime_(std::move(runtime)),
      answers_(std::move(answers)),
      waiter_(std::move(waiter)),
      card_(*runtime_, ordinal, info, *waiter_),
      info_{"cuda:" + std::to_string(ordinal), "cuda", core::kMaxMidstates, kSlice} {}

std::optional<std::string> CudaDevice::use(const Tuning& tuning) {
  failure_.clear();
  if (auto why = card_.open()) return why;
  if (auto why = card_.load(tuning)) return why;
  (tuning.variant.layout == Layout::versions ? tuning_.versions : tuning_.nonces) = tuning;
  return std::nullopt;
}

std::optional<std::string> CudaDevice::prove() {
  failure_.clear();
  if (auto why = card_.open()) return why;
  const core::ScanInput input = input_;
  interrupts_ = 0;
  auto wrong = answers_->check(*this);
  prepare(input);
  if (interrupts_ > 0) waiter_->interrupt();  // it was meant for the scan after the proof
  if (!wrong) return std::nullopt;
  card_.close();
  return failure_.empty() ? "failed its self-test: " + *wrong : failure_;
}

void CudaDevice::prepare(const core::ScanInput& input) {
  input_ = input;
  params_ = {};
  params_.threshold = input.threshold;
  params_.uniforms = core::make_uniforms(input);
  const unsigned versions = std::min(input.midstate_count, core::kMaxMidstates);
  for (unsigned i = 0; i < versions; ++i)
    params_.leads[i] = core::make_lead<std::uint32_t>(input, i);
  params_.version_bits = versions > 1 ? static_cast<unsigned>(std::bit_width(versions - 1)) : 0;
  current_ = versions > 1 ? tuning_.versions : tuning_.nonces;
  // A warp that has fewer versions than lanes tries more nonces at once.
  current_.batch = std::max(current_.batch, kWarpLanes >> params_.version_bits);
  params_.batch = current_.batch;
  most_nonces_ = kAllNonces;
}

core::ScanReport CudaDevice::scan(std::uint32_t first, std::uint64_t count,
                                  std::span<core::Candidate> out) {
  if (input_.midstate_count < 1 || input_.midstate_count > core::kMaxMidstates) {
    return fail("no such number of versions");
  }
  if (!card_.is_open()) {
    if (auto why = prove()) return fail(*why);
  }
  if (auto why = card_.load(current_)) return fail(describe(current_) + ": " + *why);
  core::ScanReport report;
  if (count == 0) return report;
  return scan_until_it_fits(first, count, out);
}

core::ScanReport CudaDevice::scan_until_it_fits(std::uint32_t first, std::uint64_t count,
                                                std::span<core::Candidate> out) {
  core::ScanReport report;
  for (;;) {
    const std::uint64_t nonces = std::min(count, most_nonces_);
    params_.first = first;
    params_.batches = static_cast<std::uint32_t>((nonces + params_.batch - 1) / params_.batch);
    const Card::Outcome outcome = card_.scan(current_, params_);
    report.busy += outcome.busy;
    report.interrupted |= outcome.interrupted;
    if (outcome.interrupted) ++interrupts_;
    if (outcome.failure) return fail(*outcome.failure);
    const std::uint64_t tried = std::uint64_t{outcome.batches} * params_.batch;
    if (outcome.found > tried << params_.version_bits) return fail("found more than it tried");
    if (outcome.found > kScanCapacity) {
      // Again, and so few that they will fit; a single batch always does.
      most_nonces_ = std::max(tried * (kScanCapacity / 2) / outcome.found, std::uint64_t{1});
      continue;
    }
    for (const core::Candidate& candidate : card_.candidates().first(outcome.found)) {
      const std::uint64_t offset = candidate.nonce - first;
      if (offset >= tried || candidate.midstate >= (1u << params_.version_bits)) {
        return fail("found a nonce that it was not given");
      }
      // The last batch may end beyond the range, and what lanes without a version find is nobody's.
      if (offset < count && candidate.midstate < input_.midstate_count)
        out[report.found++] = candidate;
    }
    report.scanned = std::min(tried, count);
    return report;
  }
}

core::ScanReport CudaDevice::fail(std::string why) {
  failure_ = std::move(why);
  card_.close();
  return {.ok = false};
}

}  // namespace ebb::cuda
