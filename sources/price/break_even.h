#pragma once
// What mining earns with energy.

namespace ebb::sources {

struct MiningTerms {
  double difficulty = 0;
  double reward = 3.125;  ///< BTC a block: subsidy and fees
  double btc_price = 0;   ///< in the currency of the energy's price
  double joules_per_terahash = 0;
  double pool_fee = 0;  ///< 0..1
};

/// The price of a MWh at which mining just pays: what the blocks earn that a MWh finds on average.
/// A block takes difficulty x 2^32 hashes.
inline double break_even_per_mwh(const MiningTerms& terms) {
  constexpr double kJoulesPerMwh = 3.6e9;
  constexpr double kHashesPerDifficulty = 4294967296.0;
  constexpr double kHashesPerTerahash = 1e12;
  const double hashes = kJoulesPerMwh / terms.joules_per_terahash * kHashesPerTerahash;
  const double blocks = hashes / (terms.difficulty * kHashesPerDifficulty);
  return blocks * terms.reward * terms.btc_price * (1 - terms.pool_fee);
}

}  // namespace ebb::sources
