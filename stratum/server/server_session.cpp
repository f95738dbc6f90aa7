#include "stratum/server/server_session.h"

#include <algorithm>
#include <cmath>

#include "core/printable.h"
#include "stratum/line.h"

namespace ebb::stratum::server {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxIdBytes = 64;
constexpr std::size_t kMaxAgentBytes = 64;

constexpr Refusal kUnknownMethod{-3, "Method not found", RejectReason::other};
constexpr Refusal kParamsNotArray{20, "Params not array", RejectReason::other};
constexpr Refusal kBadConfigure{20, "Invalid configure params", RejectReason::other};
constexpr Refusal kBadUser{20, "Invalid username", RejectReason::unauthorised};
constexpr Refusal kTooManyUsers{20, "Too many usernames", RejectReason::unauthorised};
constexpr Refusal kBadDifficulty{20, "Invalid difficulty", RejectReason::other};
constexpr Refusal kUnauthorised{24, "Unauthorised worker", RejectReason::unauthorised};
constexpr Refusal kNotSubscribed{25, "Not subscribed", RejectReason::unauthorised};

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

const json::string* string_at(const json::array& params, std::size_t index) {
  return index < params.size() ? params[index].if_string() : nullptr;
}

/// The id as JSON text, ready to be echoed; empty for one that no request can have.
std::string echo_of(const json::value& id) {
  const json::string* text = id.if_string();
  if (text != nullptr ? text->size() > kMaxIdBytes : !id.is_number()) return {};
  return json::serialize(id);
}

/// Whole numbers without a fraction, for some clients read nothing else.
std::string json_number(double value) {
  if (value < 0x1p53 && value == std::floor(value))
    return std::to_string(static_cast<std::uint64_t>(value));
  return json::serialize(json::value(value));
}

std::string quoted(std::string_view text) {
  return json::serialize(json::value(json::string_view(text.data(), text.size())));
}

}  // namespace

ServerSession::ServerSession(ServerSessionConfig config, PoolTime now)
    : config_(std::move(config)), book_(config_.extranonce1, config_.extranonce2_size) {
  if (config_.vardiff) vardiff_.emplace(*config_.vardiff, config_.difficulty, now.steady);
}

void ServerSession::receive(std::string_view line, PoolTime now) {
  if (finished()) return;
  const auto message = parse_line(line);
  if (!message) return bad_line(message.error().what);
  const json::value* method = message->if_contains("method");
  const json::value* id = message->if_contains("id");
  if (method == nullptr || method->is_null()) {
    // Nothing was asked of the client, so an answer means nothing, but it does no harm.
    if (!message->contains("result") && !message->contains("error"))
      return bad_line("neither a request nor a reply");
    bad_lines_in_a_row_ = 0;
    return;
  }
  if (!method->is_string()) return bad_line("the method is not a string");
  if (id == nullptr || id->is_null()) {  // a notification: clients have none that matter
    bad_lines_in_a_row_ = 0;
    return;
  }
  const std::string id_text = echo_of(*id);
  if (id_text.empty()) return bad_line("the id is neither a number nor a short string");
  bad_lines_in_a_row_ = 0;

  static const json::value kNoParams = json::array();
  const json::value* params = message->if_contains("params");
  if (params == nullptr || params->is_null()) params = &kNoParams;
  if (!params->is_array()) return reply(id_text, tl::unexpected(kParamsNotArray));
  reply(id_text, handle(view(method->get_string()), params->get_array(), now));
  update_work(now);
}

void ServerSession::overlong_line() {
  if (!finished()) bad_line("too long");
}

void ServerSession::set_job(PoolJobPtr job, bool clean, PoolTime now) {
  job_ = std::move(job);
  if (working_) {
    if (vardiff_) vardiff_->retarget(now.steady);
    issue_job(clean, now);
  } else {
    update_work(now);
  }
}

void ServerSession::tick(PoolTime now) {
  if (working_ && vardiff_ && vardiff_->retarget(now.steady)) update_work(now);
}

std::string ServerSession::take_output() {
  return std::exchange(output_, {});
}

std::vector<ClientEvent> ServerSession::take_events() {
  return std::exchange(events_, {});
}

ServerSession::Answer ServerSession::handle(std::string_view method, const Params& params,
                                            PoolTime now) {
  if (method == "mining.submit") return on_submit(params);
  if (method == "mining.subscribe") return on_subscribe(params);
  if (method == "mining.configure") return on_configure(params);
  if (method == "mining.authorize") return on_authorize(params);
  if (method == "mining.suggest_difficulty") return on_suggest_difficulty(params, now);
  // A promise that is easy to keep: the extranonce never changes.
  if (method == "mining.extranonce.subscribe") return "true";
  return tl::unexpected(kUnknownMethod);
}

ServerSession::Answer ServerSession::on_subscribe(const Params& params) {
  if (const json::string* agent = string_at(params, 0))
    agent_ = core::printable(view(*agent), kMaxAgentBytes);
  subscribed_ = true;
  const std::string name = '"' + core::to_hex(config_.extranonce1) + '"';
  return "[[[\"mining.set_difficulty\"," + name + "],[\"mining.notify\"," + name + "]]," + name +
         ',' + std::to_string(config_.extranonce2_size) + ']';
}

ServerSession::Answer ServerSession::on_configure(const Params& params) {
  const json::array* extensions = params.empty() ? nullptr : params[0].if_array();
  static const json::object kNoSettings;
  const json::object* settings = params.size() < 2 ? &kNoSettings : params[1].if_object();
  if (extensions == nullptr || settings == nullptr) return tl::unexpected(kBadConfigure);

  std::string result;
  for (const json::value& extension : *extensions) {
    const json::string* name = extension.if_string();
    if (name == nullptr) return tl::unexpected(kBadConfigure);
    if (!result.empty()) result += ',';
    if (*name != "version-rolling") {
      result += quoted(view(*name)) + ":false";
      continue;
    }
    // BIP 310: a missing mask means every bit. min-bit-count is the client's warning that it will
    // be slow with fewer bits, no condition.
    std::uint32_t asked = 0xffffffff;
    if (const json::value* mask = settings->if_contains("version-rolling.mask")) {
      const auto number = mask->is_string() ? core::u32_from_hex(view(mask->get_string()))
                                            : std::optional<std::uint32_t>();
      if (!number) return tl::unexpected(kBadConfigure);
      asked = *number;
    }
    version_mask_ = config_.version_mask & asked;
    result += version_mask_ == 0 ? "\"version-rolling\":false"
                                 : "\"version-rolling\":true,\"version-rolling.mask\":\"" +
                                       core::to_hex(version_mask_) + '"';
  }
  return '{' + result + '}';
}

ServerSession::Answer ServerSession::on_authorize(const Params& params) {
  const json::string* text = string_at(params, 0);
  if (text == nullptr || text->empty()) return tl::unexpected(kBadUser);
  std::string user = core::printable(view(*text), kMaxUserBytes);
  if (user != view(*text)) return tl::unexpected(kBadUser);
  if (!users_.contains(user)) {
    if (users_.size() == kMaxUsers) return tl::unexpected(kTooManyUsers);
    events_.emplace_back(ClientAuthorised{user, agent_});
    users_.insert(std::move(user));
  }
  return "true";
}

ServerSession::Answer ServerSession::on_suggest_difficulty(const Params& params, PoolTime now) {
  if (params.empty() || !params[0].is_number()) return tl::unexpected(kBadDifficulty);
  const double difficulty = params[0].to_number<double>();
  if (!std::isfinite(difficulty) || difficulty <= 0) return tl::unexpected(kBadDifficulty);
  if (!vardiff_) return "false";
  vardiff_->suggest(difficulty, now.steady);
  return "true";
}

ServerSession::Answer ServerSession::on_submit(const Params& params) {
  const auto refused = [this](const Refusal& refusal) {
    events_.emplace_back(ShareRefused{refusal});
    return tl::unexpected(refusal);
  };
  if (!subscribed_) return refused(kNotSubscribed);
  const auto submission = read_submission(params);
  if (!submission) return refused(submission.error());
  if (!users_.contains(submission->user)) return refused(kUnauthorised);
  auto share = book_.judge(*submission, version_mask_);
  if (!share) return refused(share.error());

  if (vardiff_ && share->meets_share_target) vardiff_->count_share(share->difficulty);
  events_.emplace_back(ShareAccepted{share->difficulty});
  if (share->solves_block) events_.emplace_back(BlockSolved{std::move(*share)});
  return "true";
}

void ServerSession::update_work(PoolTime now) {
  if (!subscribed_ || users_.empty() || !job_) return;
  if (!working_) {
    working_ = true;
    if (vardiff_) vardiff_->restart(now.steady);
    issue_job(true, now);
  } else if (difficulty() != announced_difficulty_) {
    issue_job(false, now);
  }
}

void ServerSession::issue_job(bool clean, PoolTime now) {
  if (difficulty() != announced_difficulty_) {
    announced_difficulty_ = difficulty();
    events_.emplace_back(DifficultySet{announced_difficulty_});
    send(R"({"id":null,"method":"mining.set_difficulty","params":[)" +
         json_number(announced_difficulty_) + "]}");
  }
  const node::BlockTemplate& block_template = *job_->block_template;
  const std::uint32_t time = std::max({block_template.min_time, block_template.time, now.unix_s});
  const IssuedJob& issued = book_.issue(job_, time, announced_difficulty_, clean);
  send(R"({"id":null,"method":"mining.notify","params":[")" + issued.id + "\"," +
       job_->notify_work + ",\"" + core::to_hex(time) + "\"," + (clean ? "true" : "false") + "]}");
}

void ServerSession::bad_line(std::string what) {
  ++bad_lines_in_a_row_;
  events_.emplace_back(BadLine{std::move(what)});
  send(R"({"id":null,"result":null,"error":[20,"Malformed line",null]})");
}

void ServerSession::reply(const std::string& id, const Answer& answer) {
  if (answer) {
    send("{\"id\":" + id + ",\"result\":" + *answer + ",\"error\":null}");
  } else {
    send("{\"id\":" + id + ",\"result\":null,\"error\":[" + std::to_string(answer.error().code) +
         ',' + quoted(answer.error().text) + ",null]}");
  }
}

void ServerSession::send(std::string_view line) {
  output_ += line;
  output_ += '\n';
}

}  // namespace ebb::stratum::server
