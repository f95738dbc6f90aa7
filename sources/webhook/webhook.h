#pragma once
// Signals by POST to the miner's own HTTP API.

#include <optional>
#include <string>

#include "sources/source.h"
#include "sources/webhook/signed_message.h"

namespace ebb::sources {

/// Takes a CapMessage that proves its sender, with a sequence above the last and a time of sending
/// within five minutes of now, and answers with what is in force because of it and of all else:
/// {"limit":"40%","state":"LIMITED","reasons":["dso: ..."],"earliest_return":"..."}. On the io
/// thread.
class Webhook final : public Source {
 public:
  Webhook(throttle::SourceRule rule, WebhookSecrets secrets, std::function<throttle::Now()> clock);

  void start(Port& port) override;
  void stop() override;
  void tell(const Telemetry& telemetry) override;

  WebAnswer answer(const WebRequest& request);

  /// "/api/v1/sources/plant"
  static std::string path(const throttle::SourceRule& rule);

 private:
  WebAnswer refuse(unsigned status, const std::string& why);

  throttle::SourceRule rule_;
  WebhookSecrets secrets_;
  std::function<throttle::Now()> clock_;
  Port* port_ = nullptr;
  Health health_;
  std::optional<Telemetry> telemetry_;
};

}  // namespace ebb::sources
