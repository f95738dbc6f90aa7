#pragma once
// Something worth a line in the log; who logs is not the pool's business.

#include <functional>

#include "stratum/node/notice.h"

namespace ebb::stratum::server {

using PoolEvent = node::Notice;
using PoolEventSink = std::function<void(PoolEvent)>;

}  // namespace ebb::stratum::server
