// Two hundred hours of a pool in a few seconds: a Session, the way of its shares, and a pool that
// keeps account of every header it was ever sent.

#include <array>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

#include "stratum/share_path.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;
using namespace std::chrono_literals;
using Why = ShareDropped::Why;

namespace {

namespace json = boost::json;
using Clock = SharePath::Clock;
void must(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

using HashBytes = std::array<std::uint8_t, 32>;

/// A pool as ckpool is: sessions resume within ten minutes, jobs of the block are good for shares,
/// a job is judged by the difficulty that held when it came. What it is sent it writes down.
class ModelPool {
 public:
  explicit ModelPool(std::mt19937_64& random) : random_(random) {}

  enum class Verdict { accepted, stale, duplicate, low };

  /// A connection's subscription; the id of a session that it may resume, or nothing.
  std::string subscribe(std::string_view id, Clock::time_point now) {
    const auto known = sessions_.find(std::string(id));
    const bool resumes = known != sessions_.end() && now - known->second.left < 10min;
    const std::string extranonce1 =
        resumes ? known->second.extranonce1 : core::to_hex(++next_extranonce1_);
    if (resumes) sessions_.erase(known);
    name_ = "s" + std::to_string(++names_);
    extranonce1_ = extranonce1;
    return "[[[\"mining.notify\",\"" + name_ + "\"]],\"" + extranonce1 + "\",4]";
  }

  void leave(Clock::time_point now) {
    if (name_.empty()) return;
    sessions_[name_] = {extranonce1_, now};
    if (sessions_.size() > 50) sessions_.erase(sessions_.begin());
    name_.clear();
  }

  void new_block() {
    ++block_;
    good_jobs_.clear();
  }

  std::string next_job(bool clean) {
    ++job_;
    good_jobs_.insert(std::to_string(job_));
    difficulty_of_[std::to_string(job_)] = difficulty_;
    if (difficulty_of_.size() > 2000) difficulty_of_.erase(difficulty_of_.begin());
    return current_job(clean);
  }

  std::string current_job(bool clean) const {
    NotifyText text;
    text.id = std::to_string(job_);
    text.prev_hash = std::string(56, '0') + core::to_hex(block_);
    text.coinbase1 = "01000000" + core::to_hex(job_);
    text.clean = clean ? "true" : "false";
    return text.line();
  }

  double difficulty() const { return difficulty_; }
  void change_difficulty() { difficulty_ = std::uniform_int_distribution<>(1, 64)(random_); }

  Verdict judge(const core::Share& share) {
    const std::string at = extranonce1_ + share.job->id;
    if (!good_jobs_.contains(share.job->id)) return Verdict::stale;
    if (share.difficulty() < difficulty_of_[share.job->id] * 0.9999) return Verdict::low;
    if (!taken_.insert({at, share.hash.bytes}).second) return Verdict::duplicate;
    if (taken_.size() > 100'000) taken_.erase(taken_.begin());
    return Verdict::accepted;
  }

  bool would_take(const core::Share& share) const { return good_jobs_.contains(share.job->id); }

 private:
  struct Left {
    std::string extranonce1;
    Clock::time_point left;
  };

  std::mt19937_64& random_;
  std::map<std::string, Left> sessions_;
  std::set<std::string> good_jobs_;
  std::map<std::string, double> difficulty_of_;
  std::set<std::pair<std::string, HashBytes>> taken_;
  std::string name_, extranonce1_;
  std::uint32_t next_extranonce1_ = 0, names_ = 0, block_ = 0, job_ = 0;
  double difficulty_ = 16;
};

struct Tally {
  std::uint64_t found = 0, accepted = 0, rejected = 0, resumed = 0, renewed = 0, sent_again = 0;
  std::map<Why, std::uint64_t> dropped;
  std::map<std::string, std::uint64_t> reasons;
  std::uint64_t ends() const {
    std::uint64_t all = accepted + rejected;
    for (const auto& [why, count] : dropped)
      all += count;
    return all;
  }
};

/// Everything on one faked clock, a step a second.
class Soak {
 public:
  explicit Soak(std::uint64_t seed)
      : random_(seed), pool_(random_), path_([this](ShareDropped dropped) { drop(dropped); }) {}

  Tally run(std::chrono::hours time) {
    for (const auto end = now_ + time; now_ < end; now_ += 1s)
      step();
    if (session_) disconnect();
    path_.give_up();
    return tally_;
  }

 private:
  bool chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }

  void step() {
    if (chance(1.0 / 600)) {
      pool_.new_block();
      pool_.next_job(true);
      if (session_) tell(pool_.current_job(true));
    } else if (chance(1.0 / 30)) {
      pool_.next_job(false);
      if (session_) tell(pool_.current_job(false));
    }
    if (session_ && chance(1.0 / 300)) {
      pool_.change_difficulty();
      tell(set_difficulty(std::to_string(pool_.difficulty())));
      pool_.next_job(false);
      tell(pool_.current_job(false));
    }
    if (!session_ && now_ >= connect_at_) connect();
    if (job_ && chance(0.3)) find();
    if (session_) {
      path_.pump(*session_, now_);
      serve(false);
      check_bounds();
      if (chance(1.0 / 900)) disconnect();
    }
  }

  void connect() {
    SessionConfig config = Client::default_config();
    config.session = ++number_;
    config.resumption = path_.resumption(now_);
    const std::string id = config.resumption ? config.resumption->id : "";
    session_.emplace(std::move(config));
    session_->start();
    session_->take_output();
    const std::string answer = pool_.subscribe(id, now_);
    receive(reply(1, R"({"version-rolling":false})"));
    receive(reply(2, answer));
    receive(set_difficulty(std::to_string(pool_.difficulty())));
    receive(pool_.next_job(true));
    receive(reply(3, "true"));
    session_->take_output();
  }

  void tell(const std::string& line) { receive(line); }

  void receive(const std::string& line) {
    session_->receive(line, now_);
    for (Event& event : session_->take_events()) {
      if (auto* it = std::get_if<JobReceived>(&event)) job_ = it->job;
      if (auto* it = std::get_if<Subscribed>(&event)) {
        ++(it->resumed ? tally_.resumed : tally_.renewed);
        path_.subscribed(it->resumed);
        must(it->resumed || path_.idle(), "shares wait for a session that is gone");
      }
      if (auto* it = std::get_if<ShareJudged>(&event)) judged(*it);
      must(!std::holds_alternative<SessionFailed>(event), "the session failed");
    }
  }

  void find() {
    // Workers go on with the last job for a moment when the connection is lost.
    core::Share share = share_of(job_, 1);
    share.header.nonce = static_cast<std::uint32_t>(++tally_.found);
    share.hash = hash_of_difficulty(job_->share_target.difficulty() *
                                    std::uniform_real_distribution<>(1.001, 50)(random_));
    core::store_le32(share.hash.bytes.data(), share.header.nonce);
    by_nonce_.emplace(share.header.nonce, share);
    path_.push(std::move(share));
  }

  /// What the session has sent reaches the pool, and its verdicts the session: unless the line is
  /// cut, before or after the pool has taken them in.
  void serve(bool cut) {
    for (const std::string& line : session_->take_output()) {
      const json::object request = json_of(line);
      if (request.at("method") != "mining.submit") continue;
      if (cut && chance(0.5)) continue;
      const auto nonce = core::u32_from_hex(request.at("params").at(4).as_string()).value();
      const core::Share& share = by_nonce_.at(nonce);
      const ModelPool::Verdict verdict = pool_.judge(share);
      const bool before = !sent_.insert(nonce).second;
      if (before) ++tally_.sent_again;
      // No duplicate, but of a share that was sent again after its answer was lost.
      must(verdict != ModelPool::Verdict::duplicate || before, "a duplicate");
      if (cut) continue;
      const auto id = request.at("id").to_number<std::uint64_t>();
      switch (verdict) {
        case ModelPool::Verdict::accepted:
          receive(reply(id, "true"));
          break;
        case ModelPool::Verdict::stale:
          receive(reply(id, "false", R"([21,"Stale",null])"));
          break;
        case ModelPool::Verdict::duplicate:
          receive(reply(id, "false", R"([22,"Duplicate",null])"));
          break;
        case ModelPool::Verdict::low:
          receive(reply(id, "false", R"([23,"Above target",null])"));
          break;
      }
    }
  }

  void disconnect() {
    if (chance(0.7)) {
      find();
      find();
      path_.pump(*session_, now_);
    }
    serve(true);
    pool_.leave(now_);
    path_.lost(*session_, now_);
    session_.reset();
    // Mostly soon, at times after the pool has forgotten.
    const int away = chance(0.9) ? std::uniform_int_distribution<>(0, 120)(random_)
                                 : std::uniform_int_distribution<>(500, 900)(random_);
    connect_at_ = now_ + std::chrono::seconds(away);
    if (chance(0.5)) find();
    job_ = nullptr;
  }

  void judged(const ShareJudged& it) {
    must(by_nonce_.erase(it.share.header.nonce) == 1, "a share with two ends");
    if (it.accepted) {
      ++tally_.accepted;
    } else {
      ++tally_.rejected;
      ++tally_.reasons[std::string(name_of(it.reason))];
    }
  }

  void drop(const ShareDropped& it) {
    must(by_nonce_.erase(it.share.header.nonce) == 1, "a share with two ends");
    ++tally_.dropped[it.why];
    // Lost, though the session lives and the pool would have taken it?
    if (session_ && session_->number() == it.share.job->session && session_->takes_shares() &&
        it.why == Why::stale) {
      must(!pool_.would_take(it.share), "the pool would have taken it");
    }
  }

  void check_bounds() {
    must(session_->jobs_kept() <= JobWindow::kMaxJobs, "jobs kept");
    must(by_nonce_.size() < 2000, "shares without an end pile up");
    must(session_->unmatched_replies() == 0, "an answer to nothing");
    must(session_->bad_lines() == 0, "a bad line");
  }

  std::mt19937_64 random_;
  ModelPool pool_;
  Tally tally_;
  SharePath path_;
  std::optional<Session> session_;
  std::uint64_t number_ = 0;
  core::JobPtr job_;
  std::map<std::uint32_t, core::Share> by_nonce_;  ///< without an end as yet
  std::set<std::uint32_t> sent_;
  Clock::time_point now_{1'000'000s}, connect_at_{};
};

}  // namespace

TEST_CASE("soak: 200 hours of jobs, difficulties and lost connections: every share has one end") {
  const Tally tally = Soak(20'261'123).run(200h);
  INFO("found " << tally.found << ", accepted " << tally.accepted << ", rejected " << tally.rejected
                << ", again " << tally.sent_again << ", resumed " << tally.resumed << ", renewed "
                << tally.renewed);
  CHECK(tally.ends() == tally.found);
  CHECK(tally.found > 150'000);
  CHECK(tally.resumed > 400);
  CHECK(tally.renewed > 20);
  CHECK(tally.sent_again > 100);
  // What was judged stale came from a session whose block went by while it was away.
  CHECK(tally.accepted > tally.found * 97 / 100);
  CHECK(tally.reasons.empty());
  for (const auto& [why, count] : tally.dropped) {
    INFO(name_of(why) << " " << count);
    CHECK((why == Why::stale || why == Why::unanswered || why == Why::withheld));
  }
}

}  // namespace ebb::stratum
