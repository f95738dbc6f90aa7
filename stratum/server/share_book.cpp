#include "stratum/server/share_book.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ebb::stratum::server {
namespace {

// Codes and texts as ckpool has them; clients know them.
constexpr Refusal kTooFewParams{20, "Invalid array size", RejectReason::other};
constexpr Refusal kNotText{20, "Params not strings", RejectReason::other};
constexpr Refusal kBadExtranonce2{20, "Invalid nonce2 length", RejectReason::other};
constexpr Refusal kBadTime{20, "Invalid ntime", RejectReason::bad_time};
constexpr Refusal kTimeOutOfRange{20, "Ntime out of range", RejectReason::bad_time};
constexpr Refusal kBadNonce{20, "Invalid nonce", RejectReason::other};
constexpr Refusal kBadVersion{23, "Invalid version mask", RejectReason::bad_version};
constexpr Refusal kNoVersion{20, "No version bits", RejectReason::bad_version};
constexpr Refusal kUnknownJob{21, "Invalid JobID", RejectReason::stale};
constexpr Refusal kStale{21, "Stale", RejectReason::stale};
constexpr Refusal kDuplicate{22, "Duplicate", RejectReason::duplicate};
constexpr Refusal kAboveTarget{23, "Above target", RejectReason::low_difficulty};
constexpr Refusal kTooManyShares{20, "Too many shares on one block", RejectReason::other};

std::string id_of(std::uint32_t number) {
  return core::to_hex(number);
}

}  // namespace

tl::expected<Submission, Refusal> read_submission(const boost::json::array& params) {
  if (params.size() < 5) return tl::unexpected(kTooFewParams);
  std::array<std::string_view, 6> texts;
  const std::size_t count = std::min(params.size(), texts.size());
  for (std::size_t i = 0; i < count; ++i) {
    const boost::json::string* text = params[i].if_string();
    if (text == nullptr) return tl::unexpected(kNotText);
    texts[i] = {text->data(), text->size()};
  }

  Submission submission;
  submission.user = texts[0];
  submission.job_id = texts[1];
  auto extranonce2 = core::from_hex(texts[2]);
  if (!extranonce2) return tl::unexpected(kBadExtranonce2);
  submission.extranonce2 = std::move(*extranonce2);
  const auto time = core::u32_from_hex(texts[3]);
  if (!time) return tl::unexpected(kBadTime);
  submission.time = *time;
  const auto nonce = core::u32_from_hex(texts[4]);
  if (!nonce) return tl::unexpected(kBadNonce);
  submission.nonce = *nonce;
  if (count == 6) {
    submission.version_bits = core::u32_from_hex(texts[5]);
    if (!submission.version_bits) return tl::unexpected(kBadVersion);
  }
  return submission;
}

const IssuedJob& ShareBook::issue(PoolJobPtr job, std::uint32_t time, double difficulty,
                                  bool clean) {
  if (clean) {
    jobs_.clear();
    accepted_.clear();
  }
  if (jobs_.size() == kMaxJobs) jobs_.pop_front();
  jobs_.push_back({id_of(++issued_), std::move(job), time, difficulty,
                   core::Target::from_difficulty(difficulty).value()});
  return jobs_.back();
}

tl::expected<JudgedShare, Refusal> ShareBook::judge(const Submission& submission,
                                                    std::uint32_t version_mask) {
  const IssuedJob* issued = find(submission.job_id);
  if (issued == nullptr)
    return tl::unexpected(was_issued(submission.job_id) ? kStale : kUnknownJob);
  if (submission.extranonce2.size() != extranonce2_size_) return tl::unexpected(kBadExtranonce2);
  if (version_mask != 0 && !submission.version_bits) return tl::unexpected(kNoVersion);
  const std::uint32_t version_bits = submission.version_bits.value_or(0);
  if ((version_bits & ~version_mask) != 0) return tl::unexpected(kBadVersion);
  // A difference, for the sum of time and allowance could wrap.
  if (submission.time < issued->time || submission.time - issued->time > kMaxTimeAhead)
    return tl::unexpected(kTimeOutOfRange);

  const node::BlockTemplate& block_template = *issued->job->block_template;
  JudgedShare share;
  share.job = issued->job;
  share.coinbase = coinbase_of(*issued->job, extranonce1_, submission.extranonce2);
  share.header.version = block_template.version | version_bits;
  share.header.prev_hash = block_template.prev_hash;
  share.header.merkle_root = merkle_root_of(*issued->job, share.coinbase);
  share.header.time = submission.time;
  share.header.bits = block_template.bits;
  share.header.nonce = submission.nonce;
  share.hash = share.header.hash();
  if (accepted_.contains(share.hash)) return tl::unexpected(kDuplicate);

  share.meets_share_target = issued->share_target.is_met_by(share.hash);
  share.solves_block = issued->job->network_target.is_met_by(share.hash);
  if (!share.meets_share_target && !share.solves_block) return tl::unexpected(kAboveTarget);
  const bool full = accepted_.size() >= kMaxShares;
  if (full && !share.solves_block) return tl::unexpected(kTooManyShares);
  if (!full) accepted_.insert(share.hash);
  share.difficulty =
      share.meets_share_target ? issued->difficulty : issued->job->network_target.difficulty();
  return share;
}

const IssuedJob* ShareBook::find(std::string_view id) const {
  const auto it = std::find_if(jobs_.begin(), jobs_.end(),
                               [&](const IssuedJob& issued) { return issued.id == id; });
  return it == jobs_.end() ? nullptr : &*it;
}

bool ShareBook::was_issued(std::string_view id) const {
  const auto number = core::u32_from_hex(id);
  return number && *number >= 1 && *number <= issued_;
}

std::size_t ShareBook::FirstBytes::operator()(const core::Hash256& hash) const noexcept {
  std::size_t first;  // the first bytes of a digest are random; it is the last that are zero
  std::memcpy(&first, hash.bytes.data(), sizeof first);
  return first;
}

}  // namespace ebb::stratum::server
