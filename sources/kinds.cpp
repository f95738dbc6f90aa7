#include <array>

#include "sources/carbon/carbon_kind.h"
#include "sources/kind.h"
#include "sources/price/price_kind.h"

namespace ebb::sources {

std::span<const Kind* const> kinds() {
  static constexpr std::array<const Kind*, 2> kKinds{&kCarbon, &kPrice};
  return kKinds;
}

}  // namespace ebb::sources
