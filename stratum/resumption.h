#pragma once
// What a session leaves to the next connection to its pool.

#include <cstdint>
#include <optional>
#include <string>

#include "stratum/job_window.h"
#include "stratum/messages.h"

namespace ebb::stratum {

/// Named in the next mining.subscribe. A pool that answers it with the same extranonces has resumed
/// the session: its jobs live on, and shares that were under way may be sent again.
struct Resumption {
  std::string id;  ///< the pool's name for the session, never empty
  Extranonce extranonce;
  std::uint64_t session = 0;  ///< core::Job::session of its jobs
  std::optional<double> difficulty;
  JobWindow jobs;

  /// No extranonce1 at all is the same on every connection and so proves nothing.
  bool is_resumed_by(const Extranonce& answer) const {
    return !extranonce.extranonce1.empty() && answer.extranonce1 == extranonce.extranonce1 &&
           answer.extranonce2_size == extranonce.extranonce2_size;
  }
};

}  // namespace ebb::stratum
