// Traffic of real pools (tests/data/transcripts), recorded or written after their description,
// replayed through a Session.
//
// A file has one kind of line per first character:
//   == title     a new connection
//   > {...}      a line the recorded client sent
//   < ...        a line the pool sent
//   = word       the pool line above means: accepted, a reject reason, bad-line, resumed, mask HEX,
//                or target DIFFICULTY, of the job that is then worked on
//   # ...        for the reader

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "stratum/line.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;

namespace {

namespace json = boost::json;

struct TranscriptLine {
  char kind = 0;  ///< '>', '<' or '='
  std::string text;
};

struct Connection {
  std::string title;
  std::vector<TranscriptLine> lines;
};

/// What one connection's replay came to. `faults` says what was not as it should be.
struct Replay {
  std::vector<std::string> faults;
  std::size_t notifies = 0;        ///< in the recording
  std::size_t jobs = 0;            ///< that the session made of them
  std::size_t accepted = 0;        ///< submits that the pool accepted
  std::size_t accepted_meets = 0;  ///< of them: our header for it meets the share target
  std::size_t resubmitted = 0;     ///< of them: the session sent the same, from its own hand
  std::size_t rejected = 0;
  std::size_t bad_lines = 0;
  std::size_t resumed = 0;
};

constexpr std::uint64_t kNoSuchRequest = 1'000'000;

/// A submit as it was recorded.
struct Submit {
  std::string job_id, extranonce2, time, nonce, bits;
  json::array params;
};

std::optional<Submit> submit_of(const json::object& request) {
  const json::array* params = request.at("params").if_array();
  if (params == nullptr || params->size() < 5) return std::nullopt;
  const auto text = [&](std::size_t i) { return std::string((*params)[i].as_string()); };
  return Submit{text(1), text(2), text(3), text(4), params->size() > 5 ? text(5) : "", *params};
}

/// The share behind a recorded submit, hashed here; nothing when it makes no header at all.
std::optional<core::Share> share_of_submit(const Submit& submit, const core::JobPtr& job) {
  const auto extranonce2 = core::from_hex(submit.extranonce2);
  const auto time = core::u32_from_hex(submit.time);
  const auto nonce = core::u32_from_hex(submit.nonce);
  const auto bits = submit.bits.empty() ? 0u : core::u32_from_hex(submit.bits);
  if (!extranonce2 || extranonce2->size() != job->extranonce2_size || !time || !nonce || !bits) {
    return std::nullopt;
  }
  core::WorkUnit unit;
  unit.job = job;
  std::copy(extranonce2->begin(), extranonce2->end(), unit.extranonce2_bytes.begin());
  unit.time = *time;
  unit.version_count = 1;
  unit.versions[0] = job->version | *bits;  // both pools OR; without ones under the mask all agree
  unit.merkle_root = core::merkle_root(*job, *extranonce2);
  return core::verify(unit, {*nonce, 0}).share;
}

/// The recorded client left the sixth param out, or wrote it in the masked form, where it liked.
bool says_the_same(const json::array& ours, const json::array& recorded, const core::Share& share) {
  const std::uint32_t bits = ours.size() > 5 ? core::u32_from_hex(ours[5].as_string()).value() : 0u;
  return std::equal(ours.begin(), ours.begin() + 5, recorded.begin()) &&
         (share.job->version | bits) == share.header.version;
}

class Player {
 public:
  Player(const Connection& connection, std::optional<Resumption> last)
      : client_(config_for(connection, std::move(last))) {}

  void client_line(const std::string& text) {
    const json::object request = json_of(text);
    const auto id = request.at("id").to_number<std::uint64_t>();
    const std::string method(request.at("method").as_string());
    recorded_[id] = {method, std::nullopt, kNoSuchRequest, false};
    if (method == "mining.subscribe" && used_.empty()) {
      const json::array ours = client_.sent(method).at(0).at("params").as_array();
      const json::array& theirs = request.at("params").as_array();
      if (theirs.size() > 1 && (ours.size() < 2 || ours[1] != theirs[1])) {
        fault("the session is not named as it was recorded");
      }
    }
    if (method != "mining.submit") return;
    Recorded& recorded = recorded_[id];
    recorded.submit = submit_of(request);
    if (!recorded.submit) return;
    const auto job = jobs_.find(recorded.submit->job_id);
    if (job == jobs_.end()) return;
    const auto share = share_of_submit(*recorded.submit, job->second);
    if (!share) return;
    recorded.meets = job->second->share_target.is_met_by(share->hash);
    if (client_.submit(*share) == SubmitResult::sent) {
      recorded.our_id = client_.id_of("mining.submit");
      recorded.resubmitted = says_the_same(client_.submitted(), recorded.submit->params, *share);
    }
  }

  void pool_line(const std::string& text) {
    last_reply_ = nullptr;
    const auto message = parse_line(text);
    std::string line = text;
    if (message && !message->contains("method")) {
      const auto id = read_id(*message);
      const auto recorded = id ? recorded_.find(*id) : recorded_.end();
      json::object renamed = *message;
      if (recorded != recorded_.end()) {
        last_reply_ = &recorded->second;
        renamed["id"] = our_id(recorded->second);
      }
      last_text_ = *message;
      line = json::serialize(renamed);
    } else if (message && message->at("method") == "mining.notify") {
      ++result.notifies;
      notified_.insert(std::string(message->at("params").at(0).as_string()));
    }
    const auto bad_before = client_.session.bad_lines();
    client_.receive(line);
    last_was_bad_ = client_.session.bad_lines() != bad_before;
    if (last_was_bad_) ++result.bad_lines;
    for (const JobReceived& it : client_.all<JobReceived>()) {
      jobs_[it.job->id] = it.job;
      if (notified_.erase(it.job->id) != 0) ++result.jobs;
    }
  }

  void expectation(const std::string& word) {
    if (word == "bad-line") {
      if (!last_was_bad_) fault("a bad line was taken for a good one");
      expected_bad_ += 1;
      return;
    }
    if (word == "resumed") {
      const auto subscribed = client_.all<Subscribed>();
      if (subscribed.empty() || !subscribed.back().resumed) fault("the session was not resumed");
      ++result.resumed;
      return;
    }
    if (word.starts_with("mask ")) {
      const auto rolling = client_.all<VersionRolling>();
      const auto mask = core::u32_from_hex(word.substr(5));
      if (rolling.empty() || rolling.back().mask != mask) fault("not '" + word + "'");
      return;
    }
    if (word.starts_with("target ")) {
      const auto target = core::Target::from_difficulty(std::stod(word.substr(7)));
      if (!client_.job() || client_.job()->share_target != *target) fault("not '" + word + "'");
      return;
    }
    if (last_reply_ == nullptr) return fault("no reply before '= " + word + "'");
    const Reply reply = read_reply(last_text_);
    if (word == "accepted") {
      ++result.accepted;
      if (!reply.ok) fault("an accepted share was read as rejected");
      if (last_reply_->meets) ++result.accepted_meets;
      if (last_reply_->resubmitted) ++result.resubmitted;
    } else {
      ++result.rejected;
      const std::string reason(name_of(classify_reject(reply)));
      if (reply.ok || reason != word) fault("'" + reply.text + "' is " + reason + ", not " + word);
      if (word == "low-difficulty" && last_reply_->meets) fault("a low share meets the target");
    }
    if (last_reply_->our_id == kNoSuchRequest) return;
    const auto verdicts = client_.all<ShareJudged>();
    const bool told = !verdicts.empty() && verdicts.back().accepted == reply.ok;
    if (!told) fault("no verdict for '= " + word + "'");
  }

  void finish() {
    if (result.bad_lines != expected_bad_) fault("bad lines");
    if (client_.session.failed()) fault("the session failed");
    if (!notified_.empty()) fault("a notify became no job");
  }

  std::optional<Resumption> resumption() const { return client_.session.resumption(); }

  Replay result;

 private:
  struct Recorded {
    std::string method;
    std::optional<Submit> submit;
    std::uint64_t our_id = kNoSuchRequest;
    bool meets = false;
    bool resubmitted = false;
  };

  static SessionConfig config_for(const Connection& connection, std::optional<Resumption> last) {
    SessionConfig config = Client::default_config();
    config.session = last ? last->session + 1 : 1;
    if (names_a_session(connection)) config.resumption = std::move(last);
    for (const TranscriptLine& line : connection.lines) {
      if (line.kind == '>' && line.text.find("mining.authorize") != std::string::npos) {
        config.user = json_of(line.text).at("params").at(0).as_string();
        break;
      }
    }
    return config;
  }

  static bool names_a_session(const Connection& connection) {
    for (const TranscriptLine& line : connection.lines) {
      if (line.kind != '>' || line.text.find("mining.subscribe") == std::string::npos) continue;
      return json_of(line.text).at("params").as_array().size() > 1;
    }
    return false;
  }

  /// Configure, subscribe and authorize are the session's own, once each; a share's is known.
  std::uint64_t our_id(const Recorded& recorded) {
    if (recorded.submit) return recorded.our_id;
    const auto id = client_.id_of(recorded.method);
    return id == 0 || !used_.insert(id).second ? kNoSuchRequest : id;
  }

  void fault(std::string what) { result.faults.push_back(std::move(what)); }

  Client client_;
  std::map<std::uint64_t, Recorded> recorded_;
  std::map<std::string, core::JobPtr> jobs_;
  std::set<std::string> notified_;
  std::set<std::uint64_t> used_;
  const Recorded* last_reply_ = nullptr;
  json::object last_text_;
  bool last_was_bad_ = false;
  std::size_t expected_bad_ = 0;
};

std::string swap_prev_hash_bytes(const std::string& line) {
  json::error_code error;
  json::value message = json::parse(line, error);
  if (error || !message.as_object().contains("method")) return line;
  if (message.at("method") != "mining.notify") return line;
  json::string& hex = message.at("params").at(1).as_string();
  std::swap_ranges(hex.begin(), hex.begin() + 2, hex.begin() + 6);  // first and last of a word
  return json::serialize(message);
}

std::vector<std::string> transcript_names() {
  std::vector<std::string> names;
  for (const auto& it : std::filesystem::directory_iterator(EBB_TEST_DATA "/transcripts")) {
    if (it.path().extension() == ".txt") names.push_back(it.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Connection> read_transcript(const std::string& name) {
  std::ifstream file(EBB_TEST_DATA "/transcripts/" + name);
  std::vector<Connection> connections;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("== ", 0) == 0) {
      connections.push_back({line.substr(3), {}});
    } else if (line.size() > 2 && line[0] != '#') {
      connections.back().lines.push_back({line[0], line.substr(2)});
    }
  }
  return connections;
}

/// Plays the pool's lines to a fresh Session, each reply under the id of the Session's own request
/// of that kind, and offers it the recorded shares. `last` is what the file's sessions leave to the
/// next one. `tamper` may change a pool line before it is played: a test of the test.
Replay replay(const Connection& connection, std::optional<Resumption>& last,
              const std::function<std::string(const std::string&)>& tamper = nullptr) {
  Player player(connection, last);
  for (const TranscriptLine& line : connection.lines) {
    if (line.kind == '>') player.client_line(line.text);
    if (line.kind == '<') player.pool_line(tamper ? tamper(line.text) : line.text);
    if (line.kind == '=') player.expectation(line.text);
  }
  player.finish();
  if (auto resumption = player.resumption()) last = std::move(resumption);
  return player.result;
}

}  // namespace

TEST_CASE("transcripts: what real pools sent is understood, and what they accepted re-hashes") {
  Replay total;
  for (const std::string& name : transcript_names()) {
    std::optional<Resumption> last;
    for (const Connection& connection : read_transcript(name)) {
      INFO(name << ": " << connection.title);
      const Replay result = replay(connection, last);
      CHECK(result.faults == std::vector<std::string>());
      CHECK(result.jobs == result.notifies);
      CHECK(result.accepted_meets == result.accepted);
      total.notifies += result.notifies;
      total.accepted += result.accepted;
      total.resubmitted += result.resubmitted;
      total.rejected += result.rejected;
      total.bad_lines += result.bad_lines;
      total.resumed += result.resumed;
    }
  }
  // So that a reader of empty files cannot pass.
  CHECK(total.notifies == 53);
  CHECK(total.accepted == 21);
  CHECK(total.resubmitted == 21);
  CHECK(total.rejected == 49);
  CHECK(total.resumed == 2);
  // datum's {,"minimum-difficulty", ckpool's parting words and AntPool's id without quotes
  CHECK(total.bad_lines == 3);
}

TEST_CASE("transcripts: a prevhash with two bytes swapped does not pass") {
  for (const std::string& name : transcript_names()) {
    std::optional<Resumption> last;
    for (const Connection& connection : read_transcript(name)) {
      const Replay result = replay(connection, last, swap_prev_hash_bytes);
      INFO(name << ": " << connection.title);
      if (result.accepted > 0) CHECK(result.accepted_meets == 0);
    }
  }
}

}  // namespace ebb::stratum
