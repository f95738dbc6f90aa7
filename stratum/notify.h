#pragma once
// From a notify to a core::Job: the one place that knows in which order Stratum sends its bytes.

#include "stratum/messages.h"

namespace ebb::stratum {

/// What a job needs beside its notify: the session's state when it came.
struct JobContext {
  std::uint32_t pool = 0;
  std::uint64_t session = 0;
  const Extranonce& extranonce;
  double difficulty = 1;  ///< finite, above zero
  std::uint32_t version_mask = 0;
};

core::Job make_job(const Notify& notify, const JobContext& context);

}  // namespace ebb::stratum
