#pragma once
// Whom a job's coinbase pays.

#include <cstdint>
#include <tl/expected.hpp>
#include <vector>

#include "core/job.h"

namespace ebb::stratum {

/// Of a transaction; the script is a part of the bytes that were read.
struct TxOutput {
  std::uint64_t value = 0;  ///< satoshi
  core::ByteView script;
};

/// The outputs of a coinbase transaction, with or without witness, to the last byte. The error is
/// what is wrong with it.
tl::expected<std::vector<TxOutput>, std::string> read_coinbase(core::ByteView transaction);

struct Payout {
  struct Output {
    std::uint64_t value = 0;
    core::Bytes script;
    friend bool operator==(const Output&, const Output&) = default;
  };

  static constexpr std::size_t kMostOutputs = 16;

  std::vector<Output>
      outputs;              ///< a script's outputs as one, the largest first, at most kMostOutputs
  std::size_t others = 0;   ///< scripts left out; what is paid nothing (a commitment) is neither
  std::uint64_t total = 0;  ///< satoshi, of all outputs
};

/// Who must be paid.
struct PayoutRule {
  enum class Missing { warn, leave };

  core::Bytes script;
  double least_share = 0;  ///< of the total, 0..1; 0: any amount
  Missing missing = Missing::warn;

  friend bool operator==(const PayoutRule&, const PayoutRule&) = default;
};

/// What a job's coinbase pays, and whether a rule is met by it. Extranonce2 changes neither.
struct JobPayout {
  Payout payout;
  bool meets_rule = true;
};
tl::expected<JobPayout, std::string> payout_of(const core::Job& job,
                                               const PayoutRule* rule = nullptr);

}  // namespace ebb::stratum
