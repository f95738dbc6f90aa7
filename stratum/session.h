#pragma once
// The client's side of Stratum V1 as a state machine: lines in, lines and events out. It has no
// socket and no clock, so tests and fuzzers drive it as the transport does.
//
// Protocol: BIP 310 (mining.configure, version rolling) and the de-facto Stratum V1 of ckpool,
// datum, public-pool and their kin.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/share.h"
#include "stratum/reject.h"

namespace ebb::stratum {

/// Version bits that may ever roll here: BIP 320. Bits 29-31 are never touched, whatever a pool
/// says.
inline constexpr std::uint32_t kRollableVersionBits = 0x1fffe000;

struct SessionConfig {
  std::string user;
  std::string password;
  std::string user_agent;      ///< "ebb/0.1.0"
  std::uint64_t session = 0;   ///< stamped on every job (core::Job::session)
  bool send_configure = true;  ///< false for servers that hang up on mining.configure
  std::optional<double> suggest_difficulty;
};

// Events, in the order in which they happened.
struct Subscribed {
  std::size_t extranonce1_bytes = 0, extranonce2_bytes = 0;
};
struct Authorised {};
struct AuthorisationFailed {
  std::string text;
};
/// Work, or the current work again under a new version mask.
struct JobReceived {
  core::JobPtr job;
};
struct DifficultyChanged {
  double difficulty = 0;
};
struct VersionRolling {
  std::uint32_t mask = 0;  ///< 0: off
};
/// The pool's verdict on a share given to submit().
struct ShareJudged {
  core::Share share;
  bool accepted = false;
  RejectReason reason = RejectReason::other;  ///< when not accepted
  std::string text;                           ///< the pool's words
};
/// client.reconnect. Empty host: the same one. Whether to follow is the caller's decision.
struct ReconnectRequested {
  std::string host;
  std::uint16_t port = 0;  ///< 0: the same
  std::uint32_t wait_s = 0;
};
struct PoolMessage {
  std::string text;
};
/// A line that could not be used; the session goes on.
struct LineRejected {
  std::string what;
};
/// The session is of no more use: refused subscription, or three bad lines in a row.
struct SessionFailed {
  std::string what;
};
using Event = std::variant<Subscribed, Authorised, AuthorisationFailed, JobReceived,
                           DifficultyChanged, VersionRolling, ShareJudged, ReconnectRequested,
                           PoolMessage, LineRejected, SessionFailed>;

enum class SubmitResult {
  sent,
  stale,      ///< its job was voided by a clean one, or it belongs to another session
  withheld,   ///< the pool raised the difficulty since; it would be refused
  not_ready,  ///< not authorised (any more), or too many unanswered requests
};

/// One thread. Memory is bounded whatever arrives: jobs kept, requests pending, text lengths.
class Session {
 public:
  explicit Session(SessionConfig config);

  /// Queues the opening requests: configure and subscribe, without waiting between them.
  void start();

  /// One line from the pool, without its end.
  void receive(std::string_view line);

  /// The transport dropped a line for its length.
  void overlong_line();

  /// No answer to mining.configure for too long: go on without version rolling. A late answer
  /// still counts.
  void configure_timed_out();

  /// Queues mining.submit, or says why not. A share that solves a block is sent even when stale or
  /// below a raised difficulty, if its job is of this session.
  SubmitResult submit(const core::Share& share);

  /// Lines to send, in order, without their ends; the pending requests behind them are registered
  /// already, so an answer can never come too early.
  std::vector<std::string> take_output();
  std::vector<Event> take_events();

  bool subscribed() const { return subscribed_; }
  bool authorised() const { return authorised_; }
  bool configure_pending() const;
  std::size_t unanswered_submits() const;
  std::uint64_t bad_lines() const { return bad_lines_; }

 private:
  bool subscribed_ = false;
  bool authorised_ = false;
  std::uint64_t bad_lines_ = 0;
};

}  // namespace ebb::stratum
