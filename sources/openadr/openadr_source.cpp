#include "sources/openadr/openadr_source.h"

#include <utility>

namespace ebb::sources::openadr {
namespace {

class OpenAdrSource final : public Source {
 public:
  OpenAdrSource(std::unique_ptr<VenPoll> poll, VtnClient::Clock clock, bool verified)
      : poll_(*poll), polling_(std::move(poll), std::move(clock)), verified_(verified) {
    polling_.on_telemetry([this](const Telemetry& telemetry) {
      if (poll_.told(telemetry)) polling_.hurry();
    });
  }
  ~OpenAdrSource() override { OpenAdrSource::stop(); }

  void start(Port& port) override {
    if (!verified_) port.warn("verify = false: anyone on the way can pretend to be the VTN");
    poll_.on_warning([&port](std::string line) { port.warn(std::move(line)); });
    polling_.start(port);
  }

  void stop() override { polling_.stop(); }

  void tell(const Telemetry& telemetry) override { polling_.tell(telemetry); }

 private:
  VenPoll& poll_;  ///< the polling's own
  PollingSource polling_;
  bool verified_;
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
  return std::make_unique<OpenAdrSource>(std::move(poll), context.clock, settings.http.verify);
}

}  // namespace ebb::sources::openadr
