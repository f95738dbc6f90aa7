#pragma once
// type = "webhook": signals by POST to the miner's own HTTP API.

#include "sources/kind.h"

namespace ebb::sources {

extern const Kind kWebhookKind;

}  // namespace ebb::sources
