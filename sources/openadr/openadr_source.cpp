#include "sources/openadr/openadr_source.h"

#include <utility>

#include "sources/openadr/mqtt_hints.h"
#include "sources/openadr/report_chore.h"
#include "sources/openadr/webhook.h"

namespace ebb::sources::openadr {
namespace {

class OpenAdrSource final : public Source {
 public:
  OpenAdrSource(const OpenAdrSettings& settings, std::unique_ptr<VenPoll> poll,
                const throttle::SourceRule& rule, const Context& context)
      : verified_(settings.http.verify),
        callback_url_(settings.callback_url),
        callback_path_("/api/v1/sources/" + rule.name),
        serve_(context.serve),
        poll_(*poll),
        polling_(std::move(poll), context.clock) {
    if (settings.reports) {
      poll_.add(std::make_unique<ReportChore>(context.ledger, settings.ven.plan.seed));
    }
    if (!callback_url_.empty()) {
      poll_.add(std::make_unique<SubscriptionChore>(callback_url_, callback_token_));
    }
    if (settings.mqtt && settings.ven.enrol && !settings.ven.identity.before_31) {
      auto mqtt = std::make_unique<MqttChore>(settings.http, [this] { hint(); });
      mqtt_ = mqtt.get();
      poll_.add(std::move(mqtt));
    }
    polling_.on_telemetry([this](const Telemetry& telemetry) {
      if (poll_.told(telemetry)) polling_.hurry();
    });
  }
  ~OpenAdrSource() override { OpenAdrSource::stop(); }

  void start(Port& port) override {
    if (!verified_) port.warn("verify = false: anyone on the way can pretend to be the VTN");
    if (!callback_url_.empty()) serve_callback(port);
    poll_.on_warning([&port](std::string line) { port.warn(std::move(line)); });
    polling_.start(port);
  }

  void stop() override {
    polling_.stop();
    if (mqtt_ != nullptr) mqtt_->stop();
  }

  void tell(const Telemetry& telemetry) override { polling_.tell(telemetry); }

 private:
  void serve_callback(Port& port) {
    const bool served = serve_(callback_path_, [this](const WebRequest& request) {
      return answer_callback(request, callback_token_, [this] { hint(); });
    });
    if (!served) port.warn("callback_url: the HTTP API is off, so no notification can come in");
    if (callback_url_.starts_with("http://")) {
      port.warn("callback_url: without https:// most VTNs refuse it, and its token can be read");
    }
  }

  void hint() {
    poll_.hint();
    polling_.hurry();
  }

  bool verified_;
  std::string callback_url_, callback_path_;
  std::string callback_token_ = random_token();
  std::function<bool(const std::string& path, WebHandler handler)> serve_;
  VenPoll& poll_;              ///< the polling's own
  MqttChore* mqtt_ = nullptr;  ///< the poll's own
  PollingSource polling_;
};

}  // namespace

tl::expected<std::unique_ptr<Source>, std::string> open(OpenAdrSettings settings,
                                                        const throttle::SourceRule& rule,
                                                        const Context& context) {
  VenSettings& ven = settings.ven;
  if (!settings.client_secret.empty()) {
    auto secret = load_secret(settings.client_secret);
    if (!secret) return tl::unexpected(secret.error());
    ven.vtn.client_secret = *std::move(secret);
  }
  if (!settings.meter.empty()) {
    ven.meter = context.meter(settings.meter);
    if (!ven.meter) return tl::unexpected("there is no [[meter]] '" + settings.meter + "'");
  }
  if (ven.identity.ven.empty()) ven.identity.ven = context.rig;
  if (ven.identity.resource.empty()) ven.identity.resource = ven.identity.ven;
  ven.plan.signal_class = rule.signal_class;
  ven.plan.seed = ven.identity.ven;
  const auto http = std::make_shared<HttpClient>(settings.http);
  auto poll = std::make_unique<VenPoll>(
      ven,
      [http](const HttpRequest& request, const std::stop_token& stop) {
        return http->request(request, stop);
      },
      context.clock);
  return std::make_unique<OpenAdrSource>(settings, std::move(poll), rule, context);
}

}  // namespace ebb::sources::openadr
