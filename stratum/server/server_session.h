#pragma once
// The server's side of Stratum V1 for one client, as a state machine: lines in, lines and events
// out. It has no socket and no clock.
//
// Protocol: BIP 310 (mining.configure, version rolling) and the de-facto Stratum V1 of ckpool.

#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "stratum/server/pool_time.h"
#include "stratum/server/share_book.h"
#include "stratum/server/vardiff.h"

namespace ebb::stratum::server {

/// Version bits that a client may be allowed to roll (BIP 320).
inline constexpr std::uint32_t kVersionBits = 0x1fffe000;

inline constexpr std::size_t kMaxExtranonce2 = 16;  ///< bytes

struct ServerSessionConfig {
  core::Bytes extranonce1;  ///< no other client's
  std::size_t extranonce2_size = 8;
  std::uint32_t version_mask = kVersionBits;  ///< most that a client may roll; 0: nothing
  double difficulty = 1;                      ///< at the start, or for ever without vardiff
  std::optional<VardiffConfig> vardiff;
};

// Events, in the order in which they happened.
struct ClientAuthorised {
  std::string user;   ///< printable
  std::string agent;  ///< printable, what the client calls itself; may be empty
};
struct ShareAccepted {
  double difficulty = 0;  ///< see JudgedShare::difficulty
};
struct ShareRefused {
  Refusal refusal;
};
/// Comes after the ShareAccepted of the same share.
struct BlockSolved {
  JudgedShare share;
};
struct DifficultySet {
  double difficulty = 0;
};
struct BadLine {
  std::string what;
};
using ClientEvent = std::variant<ClientAuthorised, ShareAccepted, ShareRefused, BlockSolved,
                                 DifficultySet, BadLine>;

/// One thread. Memory is bounded whatever arrives.
///
/// Work begins when the client is subscribed and authorised and there is a job. A new difficulty is
/// announced right before a notify and holds from that job on; shares are judged by the difficulty
/// of their job. Lines that make no sense are answered with an error; three in a row end the
/// session.
class ServerSession {
 public:
  static constexpr std::size_t kMaxUserBytes = 128;
  static constexpr std::size_t kMaxUsers = 16;
  static constexpr int kMaxBadLinesInARow = 3;

  ServerSession(ServerSessionConfig config, PoolTime now);

  /// One line from the client, without its end.
  void receive(std::string_view line, PoolTime now);

  /// A line was too long to be read.
  void overlong_line();

  /// `clean`: the earlier jobs are void, for the previous block is another.
  void set_job(PoolJobPtr job, bool clean, PoolTime now);

  /// Lets vardiff work; call about every second.
  void tick(PoolTime now);

  /// Lines to send, in order, each with its end.
  std::string take_output();
  std::vector<ClientEvent> take_events();

  /// The session is of no more use: send what is left and hang up.
  bool finished() const { return bad_lines_in_a_row_ >= kMaxBadLinesInARow; }

 private:
  using Params = boost::json::array;
  /// The result as JSON text, or why there is none.
  using Answer = tl::expected<std::string, Refusal>;

  Answer handle(std::string_view method, const Params& params, PoolTime now);
  Answer on_subscribe(const Params& params);
  Answer on_configure(const Params& params);
  Answer on_authorize(const Params& params);
  Answer on_suggest_difficulty(const Params& params, PoolTime now);
  Answer on_submit(const Params& params);

  /// Sends what the client should have and has not: its first job, or its job at a new difficulty.
  void update_work(PoolTime now);
  void issue_job(bool clean, PoolTime now);
  double difficulty() const { return vardiff_ ? vardiff_->difficulty() : config_.difficulty; }

  void bad_line(std::string what);
  void reply(const std::string& id, const Answer& answer);
  void send(std::string_view line);

  ServerSessionConfig config_;
  std::optional<Vardiff> vardiff_;
  ShareBook book_;
  PoolJobPtr job_;
  std::uint32_t version_mask_ = 0;  ///< negotiated
  bool subscribed_ = false;
  bool working_ = false;  ///< has been given a job
  std::string agent_;
  std::set<std::string, std::less<>> users_;
  double announced_difficulty_ = 0;
  int bad_lines_in_a_row_ = 0;
  std::string output_;
  std::vector<ClientEvent> events_;
};

}  // namespace ebb::stratum::server
