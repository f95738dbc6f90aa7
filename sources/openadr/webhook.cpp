#include "sources/openadr/webhook.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "sources/openadr/openadr_json.h"

namespace ebb::sources::openadr {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxEcho = 256;
constexpr std::chrono::minutes kLookAgain{10};
constexpr std::chrono::seconds kFirstAgain{3};  // after a refusal; then twice as long each time
constexpr std::size_t kMaxPrograms = 32;

/// Takes as long wherever they differ.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

WebAnswer plain(unsigned status, std::string text) {
  return {status, std::move(text), "text/plain"};
}

WebAnswer answer_echo(const WebRequest& request) {
  const auto echo = request.query.find("echo");
  if (echo == request.query.end()) return plain(400, "no echo is asked for\n");
  const std::string& word = echo->second;
  const bool fit = !word.empty() && word.size() <= kMaxEcho &&
                   std::all_of(word.begin(), word.end(),
                               [](char c) { return c > ' ' && c < '\x7f' && c != '<'; });
  return fit ? plain(200, word) : plain(400, "not such an echo\n");
}

/// Of 3.1, or with the verbs of 3.0.1, which are also in an example of 3.1.
bool is_notification(std::string_view body) {
  constexpr std::array<std::string_view, 7> kOperations{"READ", "CREATE", "UPDATE", "DELETE",
                                                        "GET",  "POST",   "PUT"};
  const auto value = parse_json(body);
  const json::object* notice = value ? value->if_object() : nullptr;
  if (notice == nullptr || string_member(*notice, "objectType").empty()) return false;
  const std::string operation = string_member(*notice, "operation");
  return std::find(kOperations.begin(), kOperations.end(), operation) != kOperations.end();
}

}  // namespace

WebAnswer answer_callback(const WebRequest& request, const std::string& token,
                          const std::function<void()>& hint) {
  if (request.method == "GET") return answer_echo(request);
  if (request.method != "POST") return plain(405, "GET or POST\n");
  const auto said = request.headers.find("authorization");
  if (said == request.headers.end() || !same_secret(said->second, "Bearer " + token)) {
    return plain(401, "not the token of the subscription\n");
  }
  if (!is_notification(request.body)) return plain(400, "no notification\n");
  hint();
  return {200, "{}", "application/json"};
}

std::string random_token() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string token;
  for (int i = 0; i < 32; ++i)
    token += kDigits[random() % 16];
  return token;
}

SubscriptionChore::SubscriptionChore(std::string callback_url, std::string token)
    : callback_url_(std::move(callback_url)), token_(std::move(token)) {}

tl::expected<void, Refusal> SubscriptionChore::run(const View& view, const std::stop_token& stop) {
  const throttle::SteadyTime now = view.client.now().steady;
  if (again_at_ && now < *again_at_) return {};
  again_at_ = now + kLookAgain;
  auto done = look(view, stop);
  failures_ = done ? 0 : failures_ + 1;
  if (!done) {
    again_at_ = now + std::min<std::chrono::seconds>(
                          kLookAgain, kFirstAgain * (1 << std::min(failures_ - 1, 8U)));
    return tl::unexpected(
        Refusal{"subscription: " + done.error().text, done.error().status, done.error().wait});
  }
  return {};
}

tl::expected<void, Refusal> SubscriptionChore::look(const View& view, const std::stop_token& stop) {
  const Identity& identity = view.enrolment.identity();
  const auto answer =
      view.client.get("/subscriptions?clientName=" + url_encoded(identity.ven), stop);
  if (!answer) return tl::unexpected(answer.error());
  const auto there = parse_named(answer->body, "clientName");
  if (!there) return tl::unexpected(Refusal{there.error(), 0, {}});

  std::map<std::string, std::string> kept;
  for (const Named& it : *there) {
    if (it.name != identity.ven || it.id.empty()) continue;
    const auto known = std::find_if(ours_.begin(), ours_.end(),
                                    [&](const auto& own) { return own.second == it.id; });
    if (known != ours_.end()) {
      kept.insert(*known);
      continue;
    }
    // Of an earlier run, which had another token.
    const auto done = view.client.send("DELETE", "/subscriptions/" + url_encoded(it.id), "", stop);
    if (!done) return tl::unexpected(done.error());
  }
  ours_ = std::move(kept);
  if (!identity.before_31) return subscribe(view, "", stop);
  for (std::size_t i = 0; i < std::min(view.programs.size(), kMaxPrograms); ++i) {
    if (auto done = subscribe(view, view.programs[i].id, stop); !done) return done;
  }
  return {};
}

tl::expected<void, Refusal> SubscriptionChore::subscribe(const View& view,
                                                         const std::string& program,
                                                         const std::stop_token& stop) {
  if (ours_.contains(program)) return {};
  json::object body{{"clientName", view.enrolment.identity().ven}};
  if (!program.empty()) body["programID"] = program;
  body["objectOperations"] =
      json::array{json::object{{"objects", json::array{"EVENT", "PROGRAM"}},
                               {"operations", json::array{"CREATE", "UPDATE", "DELETE"}},
                               {"callbackUrl", callback_url_},
                               {"bearerToken", token_}}};
  const auto made = view.client.send("POST", "/subscriptions", json::serialize(body), stop);
  if (!made) return tl::unexpected(made.error());
  const auto value = parse_json(made->body);
  const json::object* object = value ? value->if_object() : nullptr;
  ours_[program] = object == nullptr ? "" : string_member(*object, "id");
  return {};
}

}  // namespace ebb::sources::openadr
