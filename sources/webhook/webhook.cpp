#include "sources/webhook/webhook.h"

#include <boost/json.hpp>
#include <utility>

#include "core/printable.h"
#include "sources/cap_message.h"
#include "throttle/schedule/time_zone.h"

namespace ebb::sources {
namespace {

namespace json = boost::json;

std::string describe(const throttle::Decision& decision) {
  json::object object{{"limit", throttle::text(decision.limit)},
                      {"state", throttle::name(decision.state)},
                      {"event", decision.event}};
  json::array& reasons = object["reasons"].emplace_array();
  for (const throttle::Reason& reason : decision.reasons) {
    reasons.push_back({{"source", reason.source},
                       {"limit", throttle::text(reason.limit)},
                       {"text", reason.text},
                       {"overridden", reason.overridden}});
  }
  if (decision.earliest_return)
    object["earliest_return"] = throttle::text(*decision.earliest_return);
  return json::serialize(object);
}

throttle::Signal signal_of(const CapMessage& message, const throttle::SourceRule& rule,
                           const throttle::Now& now) {
  throttle::Signal signal;
  signal.id = message.id;
  signal.cap = *message.cap;
  signal.signal_class = message.signal_class.value_or(rule.signal_class);
  signal.valid_from = message.from.value_or(now.wall);
  signal.valid_until = message.until;
  signal.sent_at = message.sent;
  signal.sequence = message.sequence;
  signal.reason = message.reason;
  return signal;
}

}  // namespace

Webhook::Webhook(throttle::SourceRule rule, WebhookSecrets secrets,
                 std::function<throttle::Now()> clock)
    : rule_(std::move(rule)), secrets_(std::move(secrets)), clock_(std::move(clock)) {
  health_.where = "POST " + path(rule_);
}

std::string Webhook::path(const throttle::SourceRule& rule) {
  return "/api/v1/sources/" + rule.name;
}

void Webhook::start(Port& port) {
  port_ = &port;
  health_.connected = true;
  port.show(health_);
}

void Webhook::stop() {}

void Webhook::tell(const Telemetry& telemetry) {
  telemetry_ = telemetry;
}

WebAnswer Webhook::refuse(unsigned status, const std::string& why) {
  health_.trouble = "a message was refused: " + why;
  port_->show(health_);
  return {status, json::serialize(json::object{{"error", why}})};
}

WebAnswer Webhook::answer(const WebRequest& request) {
  if (port_ == nullptr) return {503, R"({"error":"not yet"})"};
  if (request.method != "POST") return {405, R"({"error":"POST a message"})"};
  if (!may_post(secrets_, request)) return refuse(401, "neither signed nor with the right token");
  const auto message = parse_cap_message(request.body);
  if (!message) return refuse(400, message.error());
  // Without both a message could be played again: the one by a machine that listens, the other
  // after the state of this one was lost.
  if (message->sequence == 0) return refuse(400, "seq: is missing");
  if (!message->sent) return refuse(400, "sent: is missing");
  const throttle::Now now = clock_();
  if (std::chrono::abs(*message->sent - now.wall) > throttle::SignalBook::kMaxSkew) {
    return refuse(400, "sent: is more than 5 minutes from this machine's time");
  }
  std::string refused;
  if (message->cap) {
    refused = port_->send_now({Said{signal_of(*message, rule_, now)}});
  } else {
    refused = port_->send_now({Retracted{message->id, message->sequence}});
  }
  if (!refused.empty()) return refuse(409, refused);
  health_.trouble.clear();
  health_.last = message->cap ? throttle::text(*message->cap) : "retracted";
  health_.last += " (seq " + std::to_string(message->sequence) + ")";
  port_->show(health_);
  return {.body = telemetry_ ? describe(telemetry_->decision) : "{}", .once_kept = true};
}

}  // namespace ebb::sources
