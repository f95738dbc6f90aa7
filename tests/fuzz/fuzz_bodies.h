#pragma once
// What the fuzzers do with their bytes, and what must hold whatever these are. The unit tests
// replay the corpora through the same functions.

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "stratum/line.h"
#include "stratum/session.h"

namespace ebb::stratum {

inline void must(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

inline bool plain_text(std::string_view text, std::size_t max_bytes) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return text.size() <= max_bytes;
}

/// Framing must not depend on how the bytes were cut into packets; every reader must survive every
/// object. The first byte chooses the packet size.
inline void fuzz_line(std::string_view data) {
  constexpr std::size_t kMaxLine = 512;
  const std::size_t packet = data.empty() ? 1 : 1 + static_cast<unsigned char>(data[0]) % 64;
  LineFramer whole_framer(kMaxLine);
  LineFramer piece_framer(kMaxLine);
  const LineFramer::Chunk whole = whole_framer.push(data);
  LineFramer::Chunk pieces;
  for (std::size_t at = 0; at < data.size(); at += packet) {
    LineFramer::Chunk chunk = piece_framer.push(data.substr(at, packet));
    pieces.overlong += chunk.overlong;
    for (std::string& line : chunk.lines)
      pieces.lines.push_back(std::move(line));
  }
  must(whole.lines == pieces.lines, "lines depend on the packets");
  must(whole.overlong == pieces.overlong, "overlong lines depend on the packets");

  for (const std::string& line : whole.lines) {
    must(!line.empty() && line.size() <= kMaxLine, "line length");
    must(line.find('\n') == std::string::npos, "a line holds a line end");
    const auto message = parse_line(line);
    if (!message) {
      must(plain_text(message.error().what, 100), "error text");
      continue;
    }
    must(line.find('\0') == std::string::npos, "NUL was accepted");

    const Reply reply = read_reply(*message);
    must(plain_text(reply.text, 200), "reply text");
    must(!reply.ok || !has_error(*message), "accepted in spite of an error");
    classify_reject(reply);
    read_id(*message);
    if (const auto id = read_foreign_id(*message)) {
      must(parse_line(result_line(*id, nullptr)).has_value(), "a foreign id goes back");
    }
    if (const auto notify = read_notify(*message)) {
      must(notify->job_id.size() <= kMaxJobIdBytes, "job id");
      must(notify->merkle_branch.size() <= kMaxMerkleBranch, "merkle branch");
      must(core::Target::from_compact(notify->bits).has_value(), "nbits");
    }
    if (const auto difficulty = read_difficulty(*message)) {
      must(core::Target::from_difficulty(*difficulty).has_value(), "difficulty");
    }
    if (const auto change = read_set_extranonce(*message)) {
      must(change->extranonce1.size() <= kMaxExtranonce1, "extranonce1");
      must(change->extranonce2_size.value_or(0) <= core::kMaxExtranonce2, "extranonce2");
    }
    if (const auto extranonce = read_subscribe_result(*message)) {
      must(extranonce->extranonce1.size() <= kMaxExtranonce1, "extranonce1");
      must(extranonce->extranonce2_size <= core::kMaxExtranonce2, "extranonce2");
    }
    if (const auto reconnect = read_reconnect(*message)) {
      must(plain_text(reconnect->host, 255), "host");
    }
    if (const auto text = read_show_message(*message)) must(plain_text(*text, 200), "message");
    read_set_version_mask(*message).has_value();
    read_configure_result(*message).has_value();
  }
}

/// Drives a Session with the lines of `data`. A line that begins with ! is an order to the client:
///   !t   configure has timed out
///   !o   the transport dropped a line for its length
///   !r   the connection is lost, and the next session is handed what it left
///   !n   the same, and it is handed nothing
///   !sXY submit a share: X chooses among the last jobs, Y its hash and its version bits
class SessionFuzz {
 public:
  SessionFuzz() { connect(std::nullopt); }

  void run(std::string_view data) {
    while (!data.empty()) {
      const std::size_t end = data.find('\n');
      line(data.substr(0, end));
      check();
      if (end == std::string_view::npos) break;
      data.remove_prefix(end + 1);
    }
  }

 private:
  static constexpr std::string_view kPassword = "opensesame";

  static SessionConfig config() {
    SessionConfig config;
    config.user = "user";
    config.password = kPassword;
    config.user_agent = "ebb/fuzz";
    config.submit_stale = true;
    config.suggest_difficulty = 0.5;
    return config;
  }

  void line(std::string_view text) {
    if (text.empty() || text[0] != '!') return session_->receive(text);
    const char order = text.size() > 1 ? text[1] : ' ';
    if (order == 't') session_->configure_timed_out();
    if (order == 'o') session_->overlong_line();
    if (order == 'r') reconnect(true);
    if (order == 'n') reconnect(false);
    if (order == 's' && text.size() > 3 && !jobs_.empty()) {
      submit(static_cast<unsigned char>(text[2]), static_cast<unsigned char>(text[3]));
    }
  }

  void connect(std::optional<Resumption> resumption) {
    SessionConfig with = config();
    with.session = ++number_;
    if (resumption) {
      must(!resumption->id.empty() && resumption->id.size() <= kMaxSessionIdBytes, "session id");
      must(resumption->session < number_, "an older session");
      must(resumption->jobs.size() <= JobWindow::kMaxJobs, "jobs handed over");
    }
    offered_ = resumption ? resumption->session : 0;
    with.resumption = std::move(resumption);
    session_.emplace(std::move(with));
    failed_ = false;
    last_id_ = 0;
    session_->start();
    check();
  }

  void reconnect(bool hand_over) {
    const bool subscribed = session_->subscribed();
    auto resumption = session_->resumption();
    must(!resumption || subscribed, "resumed before it was there");
    const std::size_t pending = session_->unanswered_submits();
    const auto unanswered = session_->take_unanswered();
    must(unanswered.size() == pending && session_->unanswered_submits() == 0, "unanswered");
    for (const Unanswered& it : unanswered)
      must(it.share.job != nullptr && it.sends >= 1, "an unanswered share");
    connect(hand_over ? std::move(resumption) : std::nullopt);
  }

  void submit(unsigned char which, unsigned char how) {
    core::Share share;
    share.job = jobs_[which % jobs_.size()];
    share.header.version = share.job->version ^ (how & 1 ? 0x2000u : 0u);
    share.header.time = share.job->time;
    share.header.nonce = nonce_++;
    // The zero hash meets every target; the other one only the easiest.
    share.hash.bytes.fill(how & 2 ? 0xff : 0);
    const std::size_t before = session_->unanswered_submits();
    const unsigned earlier = how & 4 ? 1 : 0;
    const bool sent = session_->submit(share, {}, earlier) == SubmitResult::sent;
    must(!sent || share.job->session == session_->number(), "a share went to another session");
    must(session_->unanswered_submits() == before + (sent ? 1 : 0), "pending submits");
    must(!sent || session_->authorised(), "a share was sent without authorisation");
  }

  void check() {
    must(session_->jobs_kept() <= JobWindow::kMaxJobs, "jobs kept");
    must(session_->unanswered_submits() <=
             Session::kMaxUnansweredSubmits + Session::kBlockSubmitReserve,
         "submits pending");
    const auto output = session_->take_output();
    const auto events = session_->take_events();
    must(!failed_ || (output.empty() && events.empty()), "a failed session speaks");
    for (const std::string& text : output)
      check_output(text);
    for (const Event& event : events)
      std::visit([this](const auto& it) { check_event(it); }, event);
    must(failed_ == session_->failed(), "a failure is an event");
  }

  void check_output(const std::string& text) {
    must(text.find_first_of(std::string_view("\0\n", 2)) == std::string::npos, "line end or NUL");
    const auto message = parse_line(text);
    must(message.has_value(), "what is sent is JSON");
    if (!message->contains("method")) return;  // an answer, under the pool's id
    const auto* id = message->at("id").if_int64();
    must(id != nullptr && *id > last_id_, "ids are unsigned and rise");
    last_id_ = *id;
    if (message->at("method") == "mining.submit") {
      const std::size_t params = message->at("params").as_array().size();
      must(params == 5 || params == 6, "params of mining.submit");
    }
  }

  void check_text(std::string_view text, std::size_t max_bytes = 200) {
    must(plain_text(text, max_bytes), "text of an event");
    must(text.find(kPassword) == std::string_view::npos, "the password is in an event");
  }

  void check_event(const Subscribed& it) {
    must(it.extranonce1_bytes <= kMaxExtranonce1, "extranonce1");
    must(it.extranonce2_bytes <= core::kMaxExtranonce2, "extranonce2");
    must(!it.resumed || offered_ != 0, "resumed, and nothing was offered");
    must(session_->number() == (it.resumed ? offered_ : number_), "number");
  }
  void check_event(const Authorised&) {}
  void check_event(const AuthorisationFailed& it) { check_text(it.text); }
  void check_event(const JobReceived& it) {
    must(it.job != nullptr, "a job");
    must(it.job->session == session_->number() && it.job->id.size() <= kMaxJobIdBytes,
         "session and id");
    must(session_->number() == number_ || session_->number() == offered_, "whose job");
    must((it.job->version_mask & ~kRollableVersionBits) == 0, "mask");
    must(it.job->extranonce2_size <= core::kMaxExtranonce2, "extranonce2");
    must(it.job->merkle_branch.size() <= kMaxMerkleBranch, "merkle branch");
    must(it.job->network_target != core::Target(), "network target");
    jobs_.insert(jobs_.begin(), it.job);
    if (jobs_.size() > 4) jobs_.pop_back();
  }
  void check_event(const DifficultyChanged& it) {
    must(core::Target::from_difficulty(it.difficulty).has_value(), "difficulty");
  }
  void check_event(const VersionRolling& it) {
    must((it.mask & ~kRollableVersionBits) == 0, "mask");
  }
  void check_event(const ShareJudged& it) {
    must(it.share.job != nullptr, "the share of a verdict");
    check_text(it.text);
  }
  void check_event(const ReconnectRequested& it) { check_text(it.host, 255); }
  void check_event(const PoolMessage& it) { check_text(it.text); }
  void check_event(const LineRejected& it) { check_text(it.what, 300); }
  void check_event(const SessionFailed& it) {
    check_text(it.what, 300);
    failed_ = true;
  }

  std::optional<Session> session_;
  std::uint64_t number_ = 0;
  std::uint64_t offered_ = 0;  ///< the session that may be resumed
  bool failed_ = false;
  std::int64_t last_id_ = 0;
  std::uint32_t nonce_ = 0;
  std::vector<core::JobPtr> jobs_;  ///< newest first
};

inline void fuzz_session(std::string_view data) {
  SessionFuzz().run(data);
}

}  // namespace ebb::stratum
