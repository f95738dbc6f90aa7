#pragma once
// Settings of the driver that a run asks for and puts back.

#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "cuda/card_id.h"
#include "cuda/nvml.h"

namespace ebb::cuda {

struct CardLimits {
  std::optional<unsigned> power_w;
  std::optional<unsigned> clock_mhz;  ///< of the multiprocessors, held at exactly this

  bool any() const { return power_w || clock_mhz; }
};

/// Holds the limits while it lives; then each card has its own power limit again and free clocks.
class CardSettings {
 public:
  /// Nothing is set unless every card's range allows it, nothing stays set when one card fails.
  /// The error is one line that names the card.
  static tl::expected<CardSettings, std::string> apply(const Nvml& nvml,
                                                       std::span<const CardId> cards,
                                                       const CardLimits& limits);

  CardSettings() = default;  ///< nothing set
  CardSettings(CardSettings&&) = default;
  CardSettings& operator=(CardSettings&& other) noexcept {
    changed_.swap(other.changed_);
    return *this;
  }
  ~CardSettings();

  /// Puts everything back, once. What could not be put back, a line each.
  std::vector<std::string> restore();

 private:
  struct Changed {
    std::string device;
    NvmlCard card;
    std::optional<unsigned> power_limit_mw;  ///< as it was
    bool clock_locked = false;
  };

  std::vector<Changed> changed_;
};

}  // namespace ebb::cuda
