#pragma once
// A VTN without sockets: answers what is asked, remembers it, and can be spoilt.

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sources/openadr/vtn_client.h"
#include "tests/unit/sources/openadr_support.h"

namespace ebb::sources::openadr {

struct FakeVtn {
  using Answering = std::function<HttpAnswer(const HttpRequest& request)>;

  VtnSettings settings{"https://vtn/3.1", "", "me", "s&cret", "read_all"};
  throttle::Now now{throttle::SteadyTime(hours(1)), kDay, true};
  bool needs_token = true;
  bool down = false;
  bool ignore_limit = false, ignore_skip = false, ignore_program = false;
  int tokens = 0;
  std::string good_token;  ///< empty: the latest
  std::string token_path = "/tokens";
  std::optional<std::chrono::sys_seconds> date;
  std::vector<std::string> events;
  std::map<std::string, Answering> answers;  ///< by path, before all else
  std::function<void(HttpAnswer& answer, const HttpRequest& request)> spoil;
  std::function<void(const HttpRequest& request)> after;
  std::vector<HttpRequest> asked;

  static HttpAnswer json(const std::string& body, long status = 200) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = body;
    return answer;
  }
  static HttpAnswer status(long status) { return json("", status); }

  VtnClient::Transport transport() {
    return [this](const HttpRequest& request,
                  const std::stop_token&) -> tl::expected<HttpAnswer, std::string> {
      asked.push_back(request);
      if (down) return tl::unexpected<std::string>("Couldn't connect to server");
      HttpAnswer answer = answer_to(request);
      if (!answer.date) answer.date = date;
      if (spoil) spoil(answer, request);
      if (after) after(request);
      return answer;
    };
  }
  VtnClient::Clock clock() {
    return [this] { return now; };
  }
  VtnClient client() { return {settings, transport(), clock()}; }

  void add_events(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string number = std::to_string(1000 + i);
      events.push_back("{\"id\":\"e" + number + R"(","programID":"p1","intervals":[]})");
    }
  }

  static std::string path_of(const HttpRequest& request) {
    const std::string rest = request.url.substr(std::string("https://vtn").size());
    return rest.substr(0, rest.find('?'));
  }
  std::size_t count(const std::string& path) const {
    return static_cast<std::size_t>(
        std::count_if(asked.begin(), asked.end(),
                      [&](const HttpRequest& request) { return path_of(request) == path; }));
  }
  /// The body of the last POST there.
  std::string sent(const std::string& path) const {
    for (auto it = asked.rbegin(); it != asked.rend(); ++it) {
      if (it->method == "POST" && path_of(*it) == path) return it->body;
    }
    return "nothing";
  }

 private:
  static std::size_t number(const HttpRequest& request, const std::string& name) {
    const std::size_t at = request.url.find(name + '=');
    return at == std::string::npos ? 0 : std::stoul(request.url.substr(at + name.size() + 1));
  }

  HttpAnswer answer_to(const HttpRequest& request) {
    const std::string path = path_of(request);
    if (const auto own = answers.find(path); own != answers.end()) return own->second(request);
    if (path == "/3.1/auth/server") return json(R"({"tokenURL":"/tokens"})");
    if (path == token_path) {
      return json(R"({"access_token":"token-)" + std::to_string(++tokens) +
                  R"(","token_type":"Bearer","expires_in":3600})");
    }
    const std::string good = good_token.empty() ? "token-" + std::to_string(tokens) : good_token;
    if (needs_token && request.bearer != good) return status(401);
    if (path == "/3.1/programs") return json(R"([{"id":"p1","programName":"shed"}])");
    if (path == "/3.1/events") return page(request);
    if (path == "/3.1/vens") return json(R"({"id":"v1","venName":"rig"})", 201);
    if (request.method == "POST") return json(R"({"id":"o1"})", 201);
    return status(404);
  }

  HttpAnswer page(const HttpRequest& request) const {
    const std::size_t skip = ignore_skip || ignore_limit ? 0 : number(request, "skip");
    const std::size_t limit = ignore_limit ? events.size() : number(request, "limit");
    std::string body;
    for (std::size_t i = skip; i < std::min(skip + limit, events.size()); ++i)
      body += (body.empty() ? "" : ",") + events[i];
    return json("[" + body + "]");
  }
};

}  // namespace ebb::sources::openadr
