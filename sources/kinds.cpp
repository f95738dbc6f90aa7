#include <array>

#include "sources/kind.h"

namespace ebb::sources {

std::span<const Kind* const> kinds() {
  static constexpr std::array<const Kind*, 0> kKinds{};
  return kKinds;
}

}  // namespace ebb::sources
