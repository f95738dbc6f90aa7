#pragma once
// Where work comes from and shares go: a pool over Stratum, a node. One contract for all of them.

#include <chrono>
#include <string>
#include <variant>

#include "stratum/payout_watch.h"
#include "stratum/session.h"

namespace ebb::stratum {

struct Connecting {
  std::string address;  ///< without credentials
};
struct Connected {
  std::string address;  ///< as resolved
};
/// The work of the connection is void.
struct Disconnected {
  std::string why;
  std::chrono::milliseconds retry_in{0};
};
/// A share that was not sent, or was but whose answer can no longer come.
struct ShareDropped {
  enum class Why { stale, duplicate, withheld, rate_limited, unanswered };
  Why why;
  core::Share share{};
};

/// "stale", "duplicate", "withheld", "rate-limited", "unanswered".
std::string_view name_of(ShareDropped::Why why);

/// Something else worth a line in the log.
struct Remark {
  bool is_warning = false;
  std::string text;  ///< printable, without credentials
};

/// What an upstream tells its owner, in order: its own events and its session's.
using PoolEvent =
    std::variant<Connecting, Connected, Disconnected, ShareDropped, Remark, PayoutSeen, Event>;

/// Connects when started, comes back after every loss, tells events to the sink it was made with.
/// Everything happens on the io_context's one thread; the sink is called there, too.
class Upstream {
 public:
  virtual ~Upstream() = default;

  virtual void start() = 0;

  /// Queues a share of this upstream's jobs; every share ends in one ShareJudged or ShareDropped.
  virtual void submit(core::Share share) = 0;

  /// Asks for shares of this difficulty (above zero), now and on connections to come. It need not
  /// be heard.
  virtual void suggest_difficulty(double difficulty) = 0;

  /// Sends what waits, gives it a little while to be answered, closes. No event comes after the
  /// upstream has let go of the io_context.
  virtual void stop() = 0;
};

}  // namespace ebb::stratum
