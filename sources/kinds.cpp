#include <array>

#include "sources/carbon/carbon_kind.h"
#include "sources/contact/contact_kind.h"
#include "sources/frequency/frequency_kind.h"
#include "sources/kind.h"
#include "sources/mqtt/mqtt_kind.h"
#include "sources/nut/nut_kind.h"
#include "sources/openadr/openadr_kind.h"
#include "sources/price/price_kind.h"
#include "sources/site/site_limit_kind.h"
#include "sources/site/surplus_kind.h"
#include "sources/webhook/webhook_kind.h"

namespace ebb::sources {

std::span<const Kind* const> kinds() {
  static constexpr std::array kKinds{&kCarbonKind,  &kContactKind, &kFrequencyKind, &kMqttKind,
                                     &kNutKind,     &kOpenAdrKind, &kPriceKind,     &kSiteLimitKind,
                                     &kSurplusKind, &kWebhookKind};
  return kKinds;
}

}  // namespace ebb::sources
