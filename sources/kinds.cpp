#include <array>

#include "sources/kind.h"
#include "sources/mqtt/mqtt_kind.h"
#include "sources/nut/nut_kind.h"

namespace ebb::sources {

std::span<const Kind* const> kinds() {
  static constexpr std::array kKinds{&kMqttKind, &kNutKind};
  return kKinds;
}

}  // namespace ebb::sources
