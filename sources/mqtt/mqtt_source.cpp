#include "sources/mqtt/mqtt_source.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "sources/mqtt/broker_link.h"
#include "sources/mqtt/home_assistant.h"
#include "sources/mqtt/mqtt_feed.h"
#include "sources/mqtt/rig_state.h"

namespace ebb::sources {
namespace {

using throttle::SteadyTime;

/// Each new trouble is a line in the log: garbage fills it no faster.
constexpr std::chrono::seconds kTroubleStays{60};
/// A sensor that missed so many states is unknown.
constexpr int kMissedStates = 6;

class MqttSource final : public Source {
 public:
  MqttSource(MqttSettings settings, throttle::SourceRule rule, std::function<throttle::Now()> clock,
             std::string rig)
      : settings_(std::move(settings)),
        rule_(std::move(rule)),
        clock_(std::move(clock)),
        rig_(std::move(rig)),
        topics_{settings_.publish} {}
  ~MqttSource() override { stop(); }

  tl::expected<void, std::string> make_links() {
    for (const BrokerAddress& address : brokers()) {
      auto link = BrokerLink::make({.address = address,
                                    .client_id = settings_.client_id,
                                    .user = settings_.user,
                                    .password = settings_.password,
                                    .ca_file = settings_.ca_file,
                                    .cert_file = settings_.cert_file,
                                    .key_file = settings_.key_file,
                                    .topics = subscriptions(),
                                    .availability = publishes() ? topics_.availability() : ""});
      if (!link) return tl::unexpected(std::move(link.error()));
      links_.push_back(std::move(*link));
    }
    return {};
  }

  void start(Port& port) override {
    port_ = &port;
    feed_.emplace(
        MqttFeedSettings{rule_.signal_class, rule_.stale_after, rule_.feed, links_.size()},
        clock_().steady);
    broken_.assign(links_.size(), {});
    connected_.assign(links_.size(), false);
    for (const BrokerAddress& address : brokers()) {
      health_.where += (health_.where.empty() ? "" : ", ") + text(address);
      if (!address.tls && !is_loopback(address)) {
        port.warn(text(address) + " is not encrypted: whoever is on the way can speak in its name" +
                  (settings_.password.empty() ? "" : ", and read the password"));
      }
    }
    for (std::size_t i = 0; i < links_.size(); ++i) {
      links_[i].start(
          {.changed = [this, i](bool connected,
                                std::string trouble) { changed(i, connected, std::move(trouble)); },
           .arrived = [this, i](std::string_view topic, std::string_view payload,
                                bool retained) { arrived(i, topic, payload, retained); }});
    }
  }

  void stop() override {
    for (BrokerLink& link : links_)
      link.begin_to_stop();
    for (BrokerLink& link : links_)
      link.stop();
  }

  void tell(const Telemetry& telemetry) override {
    if (!publishes()) return;
    std::string change = state_change(telemetry);
    if (change == published_change_ && published_at_ &&
        telemetry.now.steady - *published_at_ < settings_.publish_every) {
      return;
    }
    published_change_ = std::move(change);
    published_at_ = telemetry.now.steady;
    const std::string state = rig_state(telemetry, rig_, rule_.name);
    for (BrokerLink& link : links_)
      link.publish(topics_.state(), state);
  }

 private:
  std::vector<BrokerAddress> brokers() const {
    std::vector<BrokerAddress> all{settings_.broker};
    if (settings_.second_broker) all.push_back(*settings_.second_broker);
    return all;
  }

  bool publishes() const { return !settings_.publish.empty(); }

  std::vector<std::string> subscriptions() const {
    std::vector<std::string> all;
    if (!settings_.topic.empty()) all.push_back(settings_.topic);
    if (!settings_.target_topic.empty()) all.push_back(settings_.target_topic);
    if (settings_.home_assistant) {
      all.push_back(topics_.set_cap());
      all.push_back(topics_.set_hold());
    }
    return all;
  }

  std::optional<MqttArrival::Topic> meaning(std::string_view topic) const {
    using Topic = MqttArrival::Topic;
    if (topic == settings_.topic) return Topic::cap;
    if (topic == settings_.target_topic) return Topic::target;
    if (settings_.home_assistant && topic == topics_.set_cap()) return Topic::set_cap;
    if (settings_.home_assistant && topic == topics_.set_hold()) return Topic::set_hold;
    return std::nullopt;
  }

  void changed(std::size_t link, bool connected, std::string trouble) {
    if (connected && settings_.home_assistant) {
      const auto expire = kMissedStates * settings_.publish_every;
      for (auto& [topic, payload] :
           announcements(topics_, rig_, settings_.discovery_prefix, expire)) {
        links_[link].publish(topic, std::move(payload));
      }
    }
    const std::lock_guard lock(mutex_);
    connected_[link] = connected;
    broken_[link] = std::move(trouble);
    show();
  }

  void arrived(std::size_t link, std::string_view topic, std::string_view payload, bool retained) {
    const auto meant = meaning(topic);
    if (!meant) return;
    // Held while it is handed on: what two brokers say arrives in the order in which it was judged.
    const std::lock_guard lock(mutex_);
    const throttle::Now now = clock_();
    auto outcome = feed_->take(now, {*meant, link, retained, payload});
    if (!outcome.said.empty()) health_.last = std::move(outcome.said);
    const bool lately = refused_at_ && now.steady - *refused_at_ < kTroubleStays;
    if (!lately) refused_.clear();
    if (!outcome.trouble.empty() && !lately) {
      refused_ = "a message on " + std::string(topic) + " was refused: " + outcome.trouble;
      refused_at_ = now.steady;
    }
    show();
    if (!outcome.updates.empty()) port_->send(std::move(outcome.updates));
  }

  void show() {
    health_.connected = std::find(connected_.begin(), connected_.end(), true) != connected_.end();
    health_.trouble = refused_;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (broken_[i].empty()) continue;
      if (!health_.trouble.empty()) health_.trouble += "; ";
      health_.trouble += text(brokers()[i]) + ": " + broken_[i];
    }
    port_->show(health_);
  }

  MqttSettings settings_;
  throttle::SourceRule rule_;
  std::function<throttle::Now()> clock_;
  std::string rig_;
  RigTopics topics_;
  Port* port_ = nullptr;

  // On the io thread.
  std::string published_change_;
  std::optional<SteadyTime> published_at_;

  // Behind the mutex: a link has a thread.
  std::mutex mutex_;
  std::optional<MqttFeed> feed_;
  std::vector<bool> connected_;
  std::vector<std::string> broken_;  ///< what is wrong with each link
  std::string refused_;
  std::optional<SteadyTime> refused_at_;
  Health health_;

  std::vector<BrokerLink> links_;  ///< last: their threads use the others
};

}  // namespace

tl::expected<std::unique_ptr<Source>, std::string> make_mqtt_source(
    MqttSettings settings, const throttle::SourceRule& rule, const Context& context) {
  if (settings.client_id.empty()) settings.client_id = "ebb-" + context.rig + '-' + rule.name;
  auto source = std::make_unique<MqttSource>(std::move(settings), rule, context.clock, context.rig);
  if (auto made = source->make_links(); !made) return tl::unexpected(std::move(made.error()));
  return source;
}

}  // namespace ebb::sources
