#pragma once
// The client's side of Stratum V1 as a state machine: lines in, lines and events out. It has no
// socket and no clock, so tests and fuzzers drive it as the transport does.
//
// Protocol: BIP 310 (mining.configure, version rolling) and the de-facto Stratum V1 of ckpool,
// datum, public-pool and their kin.

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "core/share.h"
#include "stratum/job_window.h"
#include "stratum/messages.h"
#include "stratum/reject.h"
#include "stratum/resumption.h"
#include "stratum/version_form.h"

namespace ebb::stratum {

/// Version bits that may ever roll here: BIP 320. Bits 29-31 are never touched, whatever a pool
/// says.
inline constexpr std::uint32_t kRollableVersionBits = 0x1fffe000;

struct SessionConfig {
  std::string user;
  std::string password;
  std::string user_agent;      ///< "ebb/0.1.0"
  std::uint32_t pool = 0;      ///< stamped on every job (core::Job::pool)
  std::uint64_t session = 0;   ///< stamped on every job (core::Job::session), unless resumed
  bool send_configure = true;  ///< false for servers that hang up on mining.configure
  std::optional<double> suggest_difficulty;
  bool submit_stale = false;  ///< the pool is known to pay for shares of jobs that it voided
  VersionForm version_form;   ///< as an earlier session of the pool learnt it
  std::optional<Resumption> resumption;  ///< of the last session, when its connection was lost
};

// Events, in the order in which they happened.
struct Subscribed {
  std::size_t extranonce1_bytes = 0, extranonce2_bytes = 0;
  bool resumed = false;  ///< the session that was handed over lives on
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
  /// Also for a share called a duplicate that had been sent before on a connection that was lost:
  /// the first one did arrive.
  bool accepted = false;
  RejectReason reason = RejectReason::other;      ///< when not accepted
  std::string text{};                             ///< the pool's words
  std::chrono::steady_clock::duration latency{};  ///< from its last submit to the verdict
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
  stale,      ///< its job was voided by a clean one, it rolled version bits that the pool has taken
              ///< back since, or it belongs to another session
  withheld,   ///< above the share target, or the pool raised the difficulty since; it would be
              ///< refused
  not_ready,  ///< not authorised (any more), or too many unanswered requests
};

/// A share whose answer was lost with its connection.
struct Unanswered {
  core::Share share;
  unsigned sends = 0;  ///< how often it was sent
};

/// One thread. Memory is bounded whatever arrives (jobs kept, requests pending, text lengths), as
/// long as output and events are taken after each line.
class Session {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kMaxUnansweredSubmits = 1024;
  /// Above that, for shares that solve a block.
  static constexpr std::size_t kBlockSubmitReserve = 64;
  /// The jobs of unanswered shares have no more coinbase than this, blocks' again apart: each may
  /// be another one, and half a MiB.
  static constexpr std::size_t kMaxUnansweredBytes = std::size_t{32} << 20;
  static constexpr std::size_t kMaxEarlyMessages = 16;
  static constexpr int kMaxBadLinesInARow = 3;

  explicit Session(SessionConfig config);

  /// Queues the opening requests: configure and subscribe, without waiting between them.
  void start();

  /// One line from the pool, without its end. Does nothing once the session has failed. `now` is
  /// for ShareJudged::latency alone.
  void receive(std::string_view line, Clock::time_point now = {});

  /// The transport dropped a line for its length.
  void overlong_line();

  /// No answer to mining.configure for too long: go on without version rolling. A late answer
  /// still counts.
  void configure_timed_out();

  /// Queues mining.submit, or says why not. A share that solves a block is sent even when stale or
  /// below a raised difficulty, if its job is of this session. `sends`: how often it was sent on
  /// earlier connections.
  SubmitResult submit(const core::Share& share, Clock::time_point now = {}, unsigned sends = 0);

  /// What the next connection may take up, with those shares; nothing when the pool has not named
  /// the session. Of use once this one's connection is lost.
  std::optional<Resumption> resumption() const;
  std::vector<Unanswered> take_unanswered();
  /// Of them those sent before `before`; a verdict that comes later is not looked for.
  std::vector<Unanswered> take_unanswered(Clock::time_point before);

  /// Asks the pool for another share difficulty (above zero) from now on. It need not listen.
  void suggest_difficulty(double difficulty);

  /// Lines to send, in order, without their ends; the pending requests behind them are registered
  /// already, so an answer can never come too early.
  std::vector<std::string> take_output() { return std::exchange(output_, {}); }
  std::vector<Event> take_events() { return std::exchange(events_, {}); }

  bool subscribed() const { return subscribed_; }
  bool authorised() const { return authorised_; }
  /// When shares are best given to submit().
  bool takes_shares() const;
  bool failed() const { return failed_; }
  bool configure_pending() const;
  bool configure_answered() const { return configure_answered_; }
  /// Whether a share would be sent that is valid: too many may wait for their answers.
  bool has_room(const core::Share& share) const;
  std::size_t unanswered_submits() const { return submits_.size(); }
  std::size_t jobs_kept() const { return jobs_.size(); }
  std::uint64_t bad_lines() const { return bad_lines_; }
  std::uint64_t unmatched_replies() const { return unmatched_replies_; }
  std::uint64_t number() const { return config_.session; }
  const VersionForm& version_form() const { return config_.version_form; }

 private:
  enum class Request { configure, subscribe, authorize, suggest_difficulty, other };
  struct PendingSubmit {
    core::Share share;
    Clock::time_point sent_at{};
    unsigned sends = 1;
    bool teaches_form = false;  ///< its job has ones under the mask, and the share is right
    VersionForm::Form form = VersionForm::Form::difference;
  };
  struct NewDifficulty {
    double value = 0;
  };
  using EarlyMessage = std::variant<Notify, NewDifficulty, ExtranonceChange>;
  using Outcome = tl::expected<void, std::string>;  ///< the error: why this is a bad line

  std::uint64_t send(std::string_view method, boost::json::array params);
  void answer(std::string line);
  void bad_line(std::string what);
  void fail(std::string what);
  void send_suggestion();

  Outcome handle(const boost::json::object& message);
  Outcome on_call(std::string_view method, const boost::json::object& message);
  void on_query(std::string_view method, const boost::json::object& message);
  Outcome on_reply(const boost::json::object& message);
  void on_subscribe_reply(const boost::json::object& message);
  void on_authorize_reply(const boost::json::object& message);
  void on_submit_reply(PendingSubmit pending, const boost::json::object& message);

  bool resume(const Extranonce& answer);
  void apply_or_keep(EarlyMessage message);
  void apply(const Notify& notify);
  void apply(const NewDifficulty& difficulty);
  void apply(const ExtranonceChange& change);
  void set_mask(std::uint32_t mask);
  std::string without_secrets(std::string text) const;

  SessionConfig config_;
  bool subscribed_ = false;
  bool authorised_ = false;
  bool failed_ = false;
  bool configure_timed_out_ = false;
  bool configure_answered_ = false;
  int bad_lines_in_a_row_ = 0;
  std::uint64_t bad_lines_ = 0;
  std::uint64_t unmatched_replies_ = 0;

  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Request> requests_;  ///< at most one of each kind
  std::map<std::uint64_t, PendingSubmit> submits_;
  std::size_t submits_bytes_ = 0;   ///< of their jobs
  Clock::time_point now_{};         ///< of the line at hand
  std::deque<EarlyMessage> early_;  ///< what came before the subscribe reply

  Extranonce extranonce_;
  std::optional<double> difficulty_;   ///< nothing before the first set_difficulty: 1
  std::optional<std::uint32_t> mask_;  ///< nothing while unknown: 0
  std::string id_;                     ///< the pool's name for the session
  JobWindow jobs_;
  bool resumed_ = false;
  bool resumed_without_job_ = false;  ///< the pool has not sent a job since it resumed

  std::vector<std::string> output_;
  std::vector<Event> events_;
};

}  // namespace ebb::stratum
