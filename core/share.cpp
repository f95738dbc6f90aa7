#include "core/share.h"

#include <algorithm>

namespace ebb::core {

bool is_better(const Share& a, const Share& b) {
  return std::lexicographical_compare(a.hash.bytes.rbegin(), a.hash.bytes.rend(),
                                      b.hash.bytes.rbegin(), b.hash.bytes.rend());
}

Verification verify(const WorkUnit& unit, const Candidate& candidate) {
  if (candidate.midstate >= unit.version_count) return {};
  Verification result;
  result.share.job = unit.job;
  result.share.extranonce2_bytes = unit.extranonce2_bytes;
  result.share.header = unit.header(candidate);
  result.share.hash = result.share.header.hash();

  const Target& target = unit.job->submit_target();
  const std::uint32_t last_word = load_be32(&result.share.hash.bytes[28]);
  if ((last_word & target.zero_mask()) != 0) {
    result.verdict = Verdict::corrupt;
  } else if (!target.is_met_by(result.share.hash)) {
    result.verdict = Verdict::above_target;
  } else {
    result.verdict = Verdict::share;
  }
  return result;
}

}  // namespace ebb::core
