#include "stratum/session.h"

#include <cmath>

#include "stratum/line.h"
#include "stratum/notify.h"

namespace ebb::stratum {
namespace {

namespace json = boost::json;

/// Replies queued to the pool's own requests. A pool that asks and does not read gets no more.
constexpr std::size_t kMaxQueuedAnswers = 64;

/// Shorter passwords ("x", "123") are no secrets and would black out every text.
constexpr std::size_t kMinSecretBytes = 4;

json::value difficulty_number(double difficulty) {
  // ckpool takes a JSON integer and nothing else. Never rounded up: that loses work.
  constexpr double kIntegerLimit = 0x1p63;
  if (difficulty >= 1 && difficulty < kIntegerLimit) {
    return static_cast<std::int64_t>(std::floor(difficulty));
  }
  return difficulty;
}

}  // namespace

Session::Session(SessionConfig config) : config_(std::move(config)) {}

void Session::start() {
  if (config_.send_configure) {
    // BIP 310 requires min-bit-count, though most pools do not look.
    const std::uint64_t id =
        send("mining.configure",
             {json::array{"version-rolling"},
              json::object{{"version-rolling.mask", core::to_hex(kRollableVersionBits)},
                           {"version-rolling.min-bit-count", 2}}});
    requests_.emplace(id, Request::configure);
  }
  json::array subscribe{config_.user_agent};
  if (config_.resumption) subscribe.emplace_back(config_.resumption->id);
  requests_.emplace(send("mining.subscribe", std::move(subscribe)), Request::subscribe);
}

bool Session::takes_shares() const {
  // Whether the jobs that were handed over still hold is known by the first new one, and how their
  // versions may roll by the answer to mining.configure.
  return authorised_ && !resumed_without_job_ && !(resumed_ && configure_pending());
}

bool Session::configure_pending() const {
  if (configure_timed_out_ || failed_) return false;
  for (const auto& [id, request] : requests_) {
    if (request == Request::configure) return true;
  }
  return false;
}

void Session::configure_timed_out() {
  if (!configure_pending()) return;
  configure_timed_out_ = true;
  if (!mask_) set_mask(0);
}

void Session::receive(std::string_view line, Clock::time_point now) {
  if (failed_) return;
  now_ = now;
  const auto message = parse_line(line);
  if (!message) return bad_line(message.error().what);
  if (const Outcome outcome = handle(*message); !outcome) return bad_line(outcome.error());
  bad_lines_in_a_row_ = 0;
}

void Session::overlong_line() {
  if (!failed_) bad_line("line too long");
}

void Session::bad_line(std::string what) {
  ++bad_lines_;
  events_.emplace_back(LineRejected{std::move(what)});
  if (++bad_lines_in_a_row_ >= kMaxBadLinesInARow) {
    fail(std::to_string(kMaxBadLinesInARow) + " bad lines in a row");
  }
}

void Session::fail(std::string what) {
  failed_ = true;
  authorised_ = false;
  events_.emplace_back(SessionFailed{std::move(what)});
}

std::uint64_t Session::send(std::string_view method, json::array params) {
  const std::uint64_t id = next_id_++;
  output_.push_back(request_line(id, method, std::move(params)));
  return id;
}

void Session::answer(std::string line) {
  if (output_.size() < kMaxQueuedAnswers) output_.push_back(std::move(line));
}

Session::Outcome Session::handle(const json::object& message) {
  const auto method = read_method(message);
  if (!method) return tl::unexpected(method.error());
  // A method makes it a call, whatever the id: null, missing, 0 and numbers have all been seen.
  if (method->empty()) return on_reply(message);
  return on_call(*method, message).map_error([&](const std::string& what) {
    return std::string(*method) + ": " + what;
  });
}

Session::Outcome Session::on_call(std::string_view method, const json::object& message) {
  if (method == "mining.notify") {
    return read_notify(message).map([&](Notify&& it) { apply_or_keep(std::move(it)); });
  }
  if (method == "mining.set_difficulty") {
    return read_difficulty(message).map([&](double it) { apply_or_keep(NewDifficulty{it}); });
  }
  if (method == "mining.set_extranonce") {
    return read_set_extranonce(message).map(
        [&](ExtranonceChange&& it) { apply_or_keep(std::move(it)); });
  }
  if (method == "mining.set_version_mask") {
    // At once, also for shares of earlier jobs, and also before any job (BIP 310).
    return read_set_version_mask(message).map([&](std::uint32_t mask) { set_mask(mask); });
  }
  if (method == "client.reconnect") {
    return read_reconnect(message).and_then([&](Reconnect&& it) -> Outcome {
      // A host is logged and looked up by name; with the password in it, neither may happen.
      if (without_secrets(it.host) != it.host) {
        return tl::unexpected(std::string("a host that holds the password"));
      }
      events_.emplace_back(ReconnectRequested{std::move(it.host), it.port, it.wait_s});
      return {};
    });
  }
  if (method == "client.show_message") {
    return read_show_message(message).map([&](std::string&& text) {
      events_.emplace_back(PoolMessage{without_secrets(std::move(text))});
    });
  }
  on_query(method, message);
  return {};
}

void Session::on_query(std::string_view method, const json::object& message) {
  const auto id = read_foreign_id(message);
  if (!id) return;
  if (method == "mining.ping") {
    answer(result_line(*id, "pong"));
  } else if (method == "client.get_version") {
    answer(result_line(*id, json::string(config_.user_agent)));
  } else {
    answer(error_line(*id, 38, "Unknown method"));
  }
}

Session::Outcome Session::on_reply(const json::object& message) {
  const auto id = read_id(message);
  if (id && submits_.contains(*id)) {
    PendingSubmit pending = std::move(submits_.extract(*id).mapped());
    submits_bytes_ -= pending.share.job->coinbase_bytes();
    on_submit_reply(std::move(pending), message);
    return {};
  }
  const auto request = id ? requests_.find(*id) : requests_.end();
  if (request == requests_.end()) {
    ++unmatched_replies_;
    return {};
  }
  const Request kind = request->second;
  requests_.erase(request);
  switch (kind) {
    case Request::configure: {
      configure_answered_ = true;
      const auto mask = read_configure_result(message);
      set_mask(mask.value_or(0));
      if (!mask) return tl::unexpected("mining.configure: " + mask.error());
      break;
    }
    case Request::subscribe:
      on_subscribe_reply(message);
      break;
    case Request::authorize:
      on_authorize_reply(message);
      break;
    case Request::suggest_difficulty:
    case Request::other:
      break;
  }
  return {};
}

void Session::on_subscribe_reply(const json::object& message) {
  if (has_error(message)) {
    return fail("subscription refused: " + without_secrets(read_reply(message).text));
  }
  auto extranonce = read_subscribe_result(message);
  if (!extranonce) return fail("subscription: " + extranonce.error());
  subscribed_ = true;
  id_ = read_session_id(message);
  const bool resumed = resume(*extranonce);
  extranonce_ = std::move(*extranonce);
  events_.emplace_back(
      Subscribed{extranonce_.extranonce1.size(), extranonce_.extranonce2_size, resumed});
  requests_.emplace(send("mining.authorize", {config_.user, config_.password}), Request::authorize);
  for (const EarlyMessage& early : std::exchange(early_, {})) {
    std::visit([&](const auto& it) { apply(it); }, early);
  }
}

bool Session::resume(const Extranonce& answer) {
  auto last = std::exchange(config_.resumption, std::nullopt);
  if (!last || !last->is_resumed_by(answer)) return false;
  config_.session = last->session;
  if (!difficulty_) difficulty_ = last->difficulty;
  jobs_ = std::move(last->jobs);
  resumed_ = resumed_without_job_ = true;
  return true;
}

std::optional<Resumption> Session::resumption() const {
  if (!subscribed_ || id_.empty()) return std::nullopt;
  return Resumption{id_, extranonce_, config_.session, difficulty_, jobs_};
}

std::vector<Unanswered> Session::take_unanswered() {
  return take_unanswered(Clock::time_point::max());
}

std::vector<Unanswered> Session::take_unanswered(Clock::time_point before) {
  std::vector<Unanswered> unanswered;
  for (auto it = submits_.begin(); it != submits_.end() && it->second.sent_at < before;) {
    submits_bytes_ -= it->second.share.job->coinbase_bytes();
    unanswered.push_back({std::move(it->second.share), it->second.sends});
    it = submits_.erase(it);
  }
  return unanswered;
}

void Session::on_authorize_reply(const json::object& message) {
  const Reply reply = read_reply(message);
  if (!reply.ok) {
    events_.emplace_back(AuthorisationFailed{without_secrets(reply.text)});
    return;
  }
  authorised_ = true;
  events_.emplace_back(Authorised{});
  // ckpool listens to suggest_difficulty only now. Neither need ever be answered.
  send_suggestion();
  requests_.emplace(send("mining.extranonce.subscribe", {}), Request::other);
}

void Session::send_suggestion() {
  if (!config_.suggest_difficulty || !(*config_.suggest_difficulty > 0) ||
      !std::isfinite(*config_.suggest_difficulty)) {
    return;
  }
  // Many pools never answer: only the latest is waited for.
  std::erase_if(requests_, [](const auto& it) { return it.second == Request::suggest_difficulty; });
  requests_.emplace(
      send("mining.suggest_difficulty", {difficulty_number(*config_.suggest_difficulty)}),
      Request::suggest_difficulty);
}

void Session::on_submit_reply(PendingSubmit pending, const json::object& message) {
  const Reply reply = read_reply(message);
  const RejectReason reason = classify_reject(reply);
  const bool arrived_before = pending.sends > 1 && reason == RejectReason::duplicate;
  if (pending.teaches_form) config_.version_form.judged(pending.form, reply.ok, reason);
  events_.emplace_back(ShareJudged{std::move(pending.share), reply.ok || arrived_before, reason,
                                   without_secrets(reply.text), now_ - pending.sent_at});
}

void Session::apply_or_keep(EarlyMessage message) {
  if (subscribed_) {
    std::visit([&](const auto& it) { apply(it); }, message);
    return;
  }
  early_.push_back(std::move(message));
  if (early_.size() <= kMaxEarlyMessages) return;
  // Whatever follows in the buffer would have been stamped with it.
  if (const auto* difficulty = std::get_if<NewDifficulty>(&early_.front())) apply(*difficulty);
  early_.pop_front();
}

void Session::apply(const Notify& notify) {
  const JobContext context{config_.pool, config_.session, extranonce_, difficulty_.value_or(1),
                           mask_.value_or(0)};
  core::Job sent = make_job(notify, context);
  const bool first = std::exchange(resumed_without_job_, false);
  if (auto job = first ? jobs_.add_resumed(std::move(sent)) : jobs_.add(std::move(sent))) {
    events_.emplace_back(JobReceived{std::move(job)});
  }
}

void Session::apply(const NewDifficulty& difficulty) {
  // Stamped onto the next job; no queue of its own (cgminer keeps one, and is off by a job).
  if (difficulty_ == difficulty.value) return;
  difficulty_ = difficulty.value;
  events_.emplace_back(DifficultyChanged{difficulty.value});
}

void Session::apply(const ExtranonceChange& change) {
  extranonce_.extranonce1 = change.extranonce1;
  if (change.extranonce2_size) extranonce_.extranonce2_size = *change.extranonce2_size;
}

void Session::set_mask(std::uint32_t mask) {
  // AntPool has granted 5fffe000, and bit 30 breaks the version's top bits.
  mask &= kRollableVersionBits;
  if (mask_ == mask) return;
  const bool changed = mask_.value_or(0) != mask;
  mask_ = mask;
  events_.emplace_back(VersionRolling{mask});
  if (!changed || resumed_without_job_) return;
  if (auto job = jobs_.set_version_mask(mask)) events_.emplace_back(JobReceived{std::move(job)});
}

void Session::suggest_difficulty(double difficulty) {
  config_.suggest_difficulty = difficulty;
  if (authorised_ && !failed_) send_suggestion();
}

bool Session::has_room(const core::Share& share) const {
  if (share.job == nullptr) return true;  // it is not sent
  const bool block = share.solves_block();
  const std::size_t reserve = block ? kBlockSubmitReserve : 0;
  return submits_.size() < kMaxUnansweredSubmits + reserve &&
         (block || submits_bytes_ + share.job->coinbase_bytes() <= kMaxUnansweredBytes);
}

SubmitResult Session::submit(const core::Share& share, Clock::time_point now, unsigned sends) {
  if (share.job == nullptr || share.job->pool != config_.pool ||
      share.job->session != config_.session)
    return SubmitResult::stale;
  if (!authorised_) return SubmitResult::not_ready;
  const core::Job& job = *share.job;
  const std::uint32_t mask = mask_.value_or(0);
  const std::uint32_t rolled = share.header.version ^ job.version;
  const bool block = share.solves_block();
  const bool may_roll = (rolled & ~mask) == 0;
  const bool kept = jobs_.contains(job);
  // ckpool judges by the difficulty that held when the job came, public-pool by the one that holds
  // now: after a raise, only what meets both.
  const core::Target target_now =
      core::Target::from_difficulty(difficulty_.value_or(1)).value_or(core::Target());
  const bool meets = job.share_target.is_met_by(share.hash) && target_now.is_met_by(share.hash);
  if (!block && !(may_roll && (kept || config_.submit_stale))) return SubmitResult::stale;
  if (!block && !meets) return SubmitResult::withheld;
  if (!has_room(share)) return SubmitResult::not_ready;

  json::array params{config_.user, job.id, core::to_hex(share.extranonce2()),
                     core::to_hex(share.header.time), core::to_hex(share.header.nonce)};
  // datum refuses a share without its bits when rolling was negotiated, SRI one with them when it
  // was not.
  const VersionForm::Form form = config_.version_form.current();
  if (mask != 0 || rolled != 0) {
    params.emplace_back(
        core::to_hex(VersionForm::parameter(form, share.header.version, job.version, mask)));
  }
  const bool teaches_form = kept && may_roll && meets && sends == 0 && (job.version & mask) != 0;
  submits_.emplace(send("mining.submit", std::move(params)),
                   PendingSubmit{share, now, sends + 1, teaches_form, form});
  submits_bytes_ += job.coinbase_bytes();
  return SubmitResult::sent;
}

std::string Session::without_secrets(std::string text) const {
  const std::string& secret = config_.password;
  if (secret.size() < kMinSecretBytes) return text;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

}  // namespace ebb::stratum
