#include "sources/webhook/webhook.h"

#include <boost/json.hpp>

#include "tests/unit/catch.h"

using namespace ebb;
using namespace std::chrono_literals;
using namespace ebb::sources;

namespace {

constexpr throttle::WallTime kNow{std::chrono::sys_days{std::chrono::year{2022} / 1 / 25}};
constexpr long kNowSeconds = 1643068800;
const std::string kKey = "a key of at least 16 bytes";
const std::string kToken = "a token of at least 16 bytes";

/// What is said to the throttle, which refuses what it is told to.
class TestPort final : public Port {
 public:
  void send(std::vector<Update>) override {}
  std::string send_now(std::vector<Update> updates) override {
    said = std::move(updates);
    return refuses;
  }
  void show(Health latest) override { health = std::move(latest); }
  void warn(std::string) override {}

  std::vector<Update> said;
  std::string refuses;
  Health health;
};

class Site {
 public:
  explicit Site(WebhookSecrets secrets = {kKey, kToken})
      : webhook({.name = "plant"}, std::move(secrets), [] {
          return throttle::Now{throttle::SteadyTime(1h), kNow, true};
        }) {
    webhook.start(port);
  }

  unsigned post(const std::string& body, std::map<std::string, std::string, std::less<>> headers) {
    answer = webhook.answer({"POST", "/api/v1/sources/plant", {}, std::move(headers), body});
    return answer.status;
  }
  unsigned signed_post(const std::string& body) {
    return post(body, {{"x-ebb-signature", "sha256=" + hmac_sha256(kKey, body)}});
  }
  const throttle::Signal& said() const { return std::get<Said>(port.said.at(0)).signal; }

  TestPort port;
  Webhook webhook;
  WebAnswer answer;
};

std::string message(const std::string& more, long sent = kNowSeconds) {
  return R"({"sent":)" + std::to_string(sent) + "," + more + "}";
}

}  // namespace

TEST_CASE("webhook: HMAC-SHA256 as RFC 4231 knows it") {
  CHECK(hmac_sha256("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("webhook: a signed message is a signal, and the answer says what is in force") {
  Site site;
  Telemetry telemetry;
  telemetry.decision.limit.lower_to(throttle::DutyCap{0.25});
  telemetry.decision.state = throttle::State::limited;
  telemetry.decision.reasons.push_back({.source = "dso",
                                        .signal_class = throttle::SignalClass::mandatory,
                                        .limit = telemetry.decision.limit,
                                        .text = "peak",
                                        .until = {},
                                        .overridden = false});
  site.webhook.tell(telemetry);
  CHECK(site.signed_post(message(R"("cap":"40%","seq":7,"reason":"feeder","until":1643072400)")) ==
        200);
  CHECK(site.said().cap == throttle::Cap(throttle::DutyCap{0.4}));
  CHECK(site.said().sequence == 7);
  CHECK(site.said().sent_at == kNow);
  CHECK(site.said().valid_until == kNow + 1h);
  CHECK(site.said().reason == "feeder");
  CHECK(site.answer.once_kept);
  const auto answer = boost::json::parse(site.answer.body).as_object();
  CHECK(answer.at("limit") == "25%");
  CHECK(answer.at("state") == "LIMITED");
  CHECK(answer.at("reasons").at(0).at("source") == "dso");
  CHECK(site.port.health.last == "40% (seq 7)");
  CHECK(site.port.health.trouble.empty());
}

TEST_CASE("webhook: a bearer token will do, and a cap of null retracts") {
  Site site;
  CHECK(site.post(message(R"("cap":null,"seq":8,"id":"dr")"),
                  {{"authorization", "Bearer " + kToken}}) == 200);
  const auto& retracted = std::get<Retracted>(site.port.said.at(0));
  CHECK(retracted.id == "dr");
  CHECK(retracted.sequence == 8);
}

TEST_CASE("webhook: who proves nothing is refused, and says nothing") {
  const std::string body = message(R"("cap":"100%","seq":9)");
  const auto refused = [&](WebhookSecrets secrets,
                           std::map<std::string, std::string, std::less<>> headers) {
    Site site(std::move(secrets));
    const unsigned status = site.post(body, std::move(headers));
    return status == 401 && site.port.said.empty();
  };
  const WebhookSecrets both{kKey, kToken};
  CHECK(refused(both, {}));
  CHECK(refused(both, {{"authorization", "Bearer "}}));
  CHECK(refused(both, {{"authorization", "Bearer " + kToken + "x"}}));
  CHECK(refused(both, {{"authorization", "bearer " + kToken}}));
  CHECK(refused(both, {{"authorization", kToken}}));
  CHECK(refused(both, {{"x-ebb-signature", hmac_sha256(kKey, body)}}));
  CHECK(refused(both, {{"x-ebb-signature", "sha256=" + hmac_sha256(kKey, body + " ")}}));
  CHECK(refused(both, {{"x-ebb-signature", "sha256=" + hmac_sha256(kToken, body)}}));
  INFO("a secret that is not set opens nothing");
  CHECK(refused({"", kToken}, {{"x-ebb-signature", "sha256=" + hmac_sha256("", body)}}));
  CHECK(refused({kKey, ""}, {{"authorization", "Bearer "}}));
  CHECK_FALSE(refused(both, {{"x-ebb-signature", "sha256=" + hmac_sha256(kKey, body)}}));
}

TEST_CASE("webhook: a message must be numbered, dated and whole") {
  const auto status = [](const std::string& body) {
    Site site;
    const unsigned code = site.signed_post(body);
    CHECK((code == 200) == !site.port.said.empty());
    return code;
  };
  CHECK(status(message(R"("cap":"0%","seq":1)")) == 200);
  CHECK(status(message(R"("cap":"0%")")) == 400);
  CHECK(status(R"({"cap":"0%","seq":1})") == 400);
  CHECK(status(message(R"("cap":"0%","seq":1)", kNowSeconds - 301)) == 400);
  CHECK(status(message(R"("cap":"0%","seq":1)", kNowSeconds + 301)) == 400);
  CHECK(status(message(R"("cap":"0%","seq":1)", kNowSeconds - 299)) == 200);
  CHECK(status(message(R"("cap":"140%","seq":1)")) == 400);
  CHECK(status(message(R"("seq":1)")) == 400);
  CHECK(status("") == 400);
  CHECK(status("{") == 400);
}

TEST_CASE("webhook: a replay is a conflict, other methods are not allowed, and trouble shows") {
  Site site;
  site.port.refuses = "a replay: its sequence is 7, the newest 7";
  CHECK(site.signed_post(message(R"("cap":"100%","seq":7)")) == 409);
  CHECK(site.port.health.trouble.find("replay") != std::string::npos);
  CHECK(site.webhook.answer({"GET", "/api/v1/sources/plant", {}, {}, ""}).status == 405);
  site.port.refuses.clear();
  CHECK(site.signed_post(message(R"("cap":"100%","seq":8)")) == 200);
  CHECK(site.port.health.trouble.empty());
}
