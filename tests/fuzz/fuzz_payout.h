#pragma once
// What the fuzzer of payouts does with its bytes. The unit tests replay its corpus.

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "stratum/payout.h"

namespace ebb::stratum {

/// The first byte says how much of the rest is before the extranonce2, the second how long that is.
inline void fuzz_payout(std::string_view data) {
  const auto must = [](bool holds, const char* what) {
    if (!holds) throw std::logic_error(what);
  };
  const core::Bytes bytes(data.begin(), data.end());
  if (const auto outputs = read_coinbase(bytes)) {
    std::size_t scripts = 0;
    std::uint64_t total = 0;
    for (const TxOutput& output : *outputs) {
      scripts += output.script.size();
      total += output.value;
    }
    must(scripts + 9 * outputs->size() < bytes.size(), "outputs are a part of the transaction");
    must(total <= 21'000'000ull * 100'000'000, "more money than there is");
  } else {
    must(!outputs.error().empty() && outputs.error().size() < 60, "error text");
  }

  if (bytes.size() < 2) return;
  core::Job job;
  const core::ByteView rest = core::ByteView(bytes).subspan(2);
  const std::size_t cut = std::min<std::size_t>(bytes[0], rest.size());
  job.coinbase_prefix.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(cut));
  job.coinbase_suffix.assign(rest.begin() + static_cast<std::ptrdiff_t>(cut), rest.end());
  job.extranonce2_size = bytes[1] % (core::kMaxExtranonce2 + 1);
  const auto paid = payout_of(job);
  if (!paid) return;
  const Payout& payout = paid->payout;
  must(paid->meets_rule, "no rule is met");
  must(payout.outputs.size() <= Payout::kMostOutputs, "outputs shown");
  must(payout.others == 0 || payout.outputs.size() == Payout::kMostOutputs, "outputs left out");
  std::uint64_t shown = 0;
  for (const Payout::Output& output : payout.outputs) {
    must(output.value > 0 && (shown == 0 || output.value <= shown), "largest first");
    shown += output.value;
    PayoutRule rule;
    rule.script = output.script;
    must(payout_of(job, &rule)->meets_rule, "what is paid meets the rule");
  }
  must(shown <= payout.total && (payout.others > 0 || shown == payout.total), "total");
}

}  // namespace ebb::stratum
