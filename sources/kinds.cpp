#include <array>

#include "sources/kind.h"
#include "sources/nut/nut_kind.h"
#include "sources/webhook/webhook_kind.h"

namespace ebb::sources {

std::span<const Kind* const> kinds() {
  static constexpr std::array kKinds{&kNutKind, &kWebhookKind};
  return kKinds;
}

}  // namespace ebb::sources
