#include <array>

#include "sources/kind.h"
#include "sources/nut/nut_kind.h"
#include "sources/openadr/openadr_kind.h"

namespace ebb::sources {

std::span<const Kind* const> kinds() {
  static constexpr std::array kKinds{&kNutKind, &kOpenAdrKind};
  return kKinds;
}

}  // namespace ebb::sources
