#include "miner/control_loop.h"

#include <spdlog/logger.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "miner/metrics.h"
#include "miner/wall_clock.h"

namespace ebb::miner {
namespace {

constexpr std::chrono::seconds kSamplePeriod{1};
// Counters of energy need a second to become watts, and may miss one.
constexpr std::chrono::seconds kBlindnessTold{5};
// Hashes per joule are worth comparing once a card has drawn so much.
constexpr double kJoulesCompared = 10'000;

throttle::ZeroEntry entry_of(const ZeroNews& news,
                             std::optional<std::chrono::milliseconds> time_to_zero) {
  using throttle::Zero;
  throttle::ZeroEntry entry;
  entry.proved = !news.step && (news.zero == Zero::proved || news.zero == Zero::released);
  if (entry.proved) entry.time_to_zero = time_to_zero;
  entry.text = news.text;
  return entry;
}

}  // namespace

ControlLoop::ControlLoop(boost::asio::io_context& io, const ThrottleOptions& options, Parts parts,
                         std::function<void(double)> on_fraction)
    : io_(io),
      timer_(io),
      crew_(parts.crew),
      cards_(parts.cards),
      service_(std::move(parts.service)),
      sources_(std::move(parts.sources)),
      meter_(std::move(parts.meter)),
      log_(parts.log),
      pools_(std::move(parts.pools)),
      on_fraction_(std::move(on_fraction)),
      controller_(service_->decision().limit, crew_.take_duty_writers(), crew_.kinds()),
      zero_(crew_, log_, options.zero, options.hook),
      state_folder_(options.state_folder),
      api_address_(options.api),
      routes_(std::move(parts.routes)) {}

tl::expected<void, std::string> ControlLoop::start() {
  auto server = ControlServer::listen(
      io_, state_folder_, [this](const ControlRequest& request, ControlServer::Answer answer) {
        handle(request, std::move(answer));
      });
  if (!server) return tl::unexpected(server.error());
  server_.emplace(std::move(*server));
  if (auto api = start_api(); !api) return api;
  look();
  sources_->start(io_,
                  [this](const throttle::SourceRule& rule, std::vector<sources::Update> updates) {
                    std::string refused = service_->hear(now(), rule, std::move(updates));
                    look();
                    return refused;
                  });
  wait();
  return {};
}

tl::expected<void, std::string> ControlLoop::start_api() {
  if (!api_address_) return {};
  const auto to_readers = [](auto text, const char* type) {
    return [text, type](const sources::WebRequest& request) -> sources::WebAnswer {
      if (request.method != "GET") return {405, R"({"error":"GET it"})"};
      return {200, text(), type};
    };
  };
  routes_->add("/api/v1/status", to_readers([this] { return service_->status(shown(), sources()); },
                                            "application/json"));
  routes_->add("/metrics",
               to_readers([this] { return metrics_text(service_->decision(), shown(), sources()); },
                          "text/plain; version=0.0.4"));
  auto api = ApiServer::listen(
      io_, *api_address_, *routes_,
      [this](throttle::LedgerWriter::Done done) { service_->keep(std::move(done)); },
      ApiServer::Limits());
  if (!api) return tl::unexpected(api.error());
  api_.emplace(std::move(*api));
  const ApiAddress address = api_->address();
  log_.info("HTTP API on {}:{}", address.address().to_string(), address.port());
  return {};
}

void ControlLoop::wait() {
  timer_.expires_after(throttle::Controller::kPeriod);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error || stopped_) return;
    look();
    wait();
  });
}

void ControlLoop::stop() {
  stopped_ = true;
  timer_.cancel();
  server_.reset();
  api_.reset();
  sources_->stop();
  service_->stop(now());
}

void ControlLoop::look() {
  const throttle::Now now = miner::now();
  std::vector<throttle::DeviceCounters> counters;
  for (const DeviceFigures& device : crew_.figures())
    counters.push_back(device.work);
  cards_.hold_hot(now.steady, controller_);
  power_ = meter_.read(now.steady, controller_.fraction());
  const throttle::Plant plant = controller_.plant();
  // A limit of zero is watched from the moment on in which it is set, and told as soon as proved.
  const throttle::Zero before = watch_zero(now);
  controller_.set_limit(service_->decide(now, before, plant).limit);
  if (watch_zero(now) != before) service_->decide(now, zero_.zero(), plant);
  controller_.tick(now.steady, counters, crew_.board().current().job != nullptr, power_);
  on_fraction_(controller_.limit().fraction_of(plant));
  sample(now);
  tell_sources(now, plant);
}

void ControlLoop::tell_sources(const throttle::Now& now, const throttle::Plant& plant) {
  const throttle::Decision& decision = service_->decision();
  if (told_ == decision && told_at_ && now.steady - *told_at_ < kSamplePeriod) return;
  told_ = decision;
  told_at_ = now.steady;
  sources_->tell({.now = now,
                  .decision = decision,
                  .plant = plant,
                  .zero = zero_.zero(),
                  .hps = hps_,
                  .fraction = controller_.fraction(),
                  .power = power_});
}

throttle::Zero ControlLoop::watch_zero(const throttle::Now& now) {
  const throttle::Zero zero =
      zero_.tick(now.steady, controller_.limit().is_zero(), power_, controller_.plant());
  for (const ZeroNews& news : zero_.news())
    service_->record(now, entry_of(news, zero_.time_to_zero()));
  return zero;
}

void ControlLoop::sample(const throttle::Now& now) {
  if (sampled_at_ && now.steady - *sampled_at_ < kSamplePeriod) return;
  const std::uint64_t hashes = crew_.hashes();
  if (sampled_at_) {
    const std::chrono::duration<double> elapsed = now.steady - *sampled_at_;
    hps_ = static_cast<double>(hashes - hashes_at_sample_) / elapsed.count();
    service_->sample(now, observation());
  }
  compare_cards(now.steady);
  tell_blindness(now.steady);
  sampled_at_ = now.steady;
  hashes_at_sample_ = hashes;
}

void ControlLoop::compare_cards(throttle::SteadyTime now) {
  const auto cards = cards_.figures(now);
  if (cards.empty()) return;
  const std::vector<DeviceFigures> devices = crew_.figures();
  full_work_.resize(devices.size());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto card = cards.find(devices[i].info->name);
    if (card == cards.end() || !card->second.joules) continue;
    FullWork& work = full_work_[i];
    const std::uint64_t hashes = devices[i].work.hashes;
    const double joules = *card->second.joules;
    const bool is_full = devices[i].duty == core::Duty{};
    if (is_full && work.was_full) {
      work.hashes += static_cast<double>(hashes - work.last_hashes);
      work.joules += joules - work.last_joules;
    }
    work.was_full = is_full;
    work.last_hashes = hashes;
    work.last_joules = joules;
    if (work.joules >= kJoulesCompared) controller_.set_efficiency(i, work.hashes / work.joules);
  }
}

void ControlLoop::tell_blindness(throttle::SteadyTime now) {
  if (!controller_.limit().watts || power_) {
    blind_since_.reset();
    blindness_told_ = false;
    return;
  }
  if (!blind_since_) blind_since_ = now;
  if (blindness_told_ || now - *blind_since_ < kBlindnessTold) return;
  blindness_told_ = true;
  log_.warn(
      "no meter shows power, so a cap in watts allows what a model knows, or nothing (give [power] "
      "meter, meter_file or nameplate, open RAPL, or run `ebb calibrate` where there is a meter)");
}

Observation ControlLoop::observation() const {
  return {.hps = hps_,
          .fraction = controller_.limit().fraction_of(controller_.plant()),
          .plant = controller_.plant(),
          .power = power_,
          .zero = zero_.zero(),
          .zero_text = zero_.text(),
          .time_to_zero = zero_.time_to_zero()};
}

Observation ControlLoop::shown() const {
  Observation seen = observation();
  if (pools_) seen.pools = pools_();
  return seen;
}

std::vector<SourceStatus> ControlLoop::sources() const {
  const throttle::Now at = now();
  std::vector<SourceStatus> all;
  for (const SourceFigures& source : sources_->figures())
    all.push_back(service_->status_of(at, source));
  return all;
}

void ControlLoop::handle(const ControlRequest& request, ControlServer::Answer answer) {
  const auto kept = [this, answer](tl::expected<void, std::string> result) {
    boost::asio::post(io_, [this, answer, result = std::move(result)] {
      if (result) {
        answer(service_->status(shown(), sources()));
      } else {
        answer(tl::unexpected("done, but not kept for a restart: " + result.error()));
      }
    });
  };
  if (const auto handled = service_->handle(now(), request, kept); !handled) {
    answer(tl::unexpected(handled.error()));
    return;
  }
  look();
}

}  // namespace ebb::miner
