#pragma once
// The jobs that one client was given, and the exact judgement of the shares it hands in for them.

#include <boost/json.hpp>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_set>

#include "core/header.h"
#include "stratum/reject.h"
#include "stratum/server/pool_job.h"

namespace ebb::stratum::server {

/// An error as it goes over the wire, [code, "text", null], and what it counts as.
struct Refusal {
  int code = 20;
  std::string_view text;  ///< a literal
  RejectReason reason = RejectReason::other;
};

/// The parameters of mining.submit, decoded.
struct Submission {
  std::string user;
  std::string job_id;
  core::Bytes extranonce2;
  std::uint32_t time = 0;
  std::uint32_t nonce = 0;
  std::optional<std::uint32_t> version_bits;
};

/// Decodes [user, job id, extranonce2, ntime, nonce(, version bits)]; more parameters are ignored.
tl::expected<Submission, Refusal> read_submission(const boost::json::array& params);

/// A job under the name, time and difficulty with which one client got it.
struct IssuedJob {
  std::string id;
  PoolJobPtr job;
  std::uint32_t time = 0;  ///< ntime of its notify, the earliest a share may carry
  double difficulty = 0;
  core::Target share_target;
};

struct JudgedShare {
  PoolJobPtr job;
  core::Header header;
  core::Hash256 hash;
  core::Bytes coinbase;   ///< non-witness serialisation
  double difficulty = 0;  ///< what it counts: its job's, or the network's where it met only that
  bool meets_share_target = false;
  bool solves_block = false;
};

/// One thread. Memory is bounded: kMaxJobs jobs, and kMaxShares shares per previous block. Beyond
/// those only blocks are accepted, and not remembered.
class ShareBook {
 public:
  static constexpr std::size_t kMaxJobs = 32;
  static constexpr std::size_t kMaxShares = std::size_t{1} << 16;
  /// How far past its job's ntime a share's may be. Consensus allows 7200 s past the real time.
  static constexpr std::uint32_t kMaxTimeAhead = 7200;

  ShareBook(core::Bytes extranonce1, std::size_t extranonce2_size)
      : extranonce1_(std::move(extranonce1)), extranonce2_size_(extranonce2_size) {}

  /// Enters a job under a new id. `clean` voids the earlier ones. Needs difficulty finite and > 0.
  const IssuedJob& issue(PoolJobPtr job, std::uint32_t time, double difficulty, bool clean);

  /// Hashes the share with the scalar oracle and enters it when it is good. Rolled bits are joined
  /// to the job's version by OR, as ckpool and datum do; `version_mask`: those the client may roll,
  /// 0 when it did not negotiate any.
  tl::expected<JudgedShare, Refusal> judge(const Submission& submission,
                                           std::uint32_t version_mask);

 private:
  const IssuedJob* find(std::string_view id) const;
  bool was_issued(std::string_view id) const;

  struct FirstBytes {
    std::size_t operator()(const core::Hash256& hash) const noexcept;
  };

  core::Bytes extranonce1_;
  std::size_t extranonce2_size_;
  std::uint32_t issued_ = 0;  ///< ids are this counter, in hexadecimal
  std::deque<IssuedJob> jobs_;
  /// Header hashes of the accepted shares on the current previous block.
  std::unordered_set<core::Hash256, FirstBytes> accepted_;
};

}  // namespace ebb::stratum::server
