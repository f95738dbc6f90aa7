#include "miner/source_hub.h"

#include <spdlog/logger.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "core/printable.h"
#include "miner/state_folder.h"
#include "miner/wall_clock.h"

namespace ebb::miner {
namespace {

sources::Health printable(sources::Health health) {
  for (std::string* text : {&health.where, &health.last, &health.trouble})
    *text = core::printable(*text);
  return health;
}

}  // namespace

struct SourceHub::Impl {
  /// One source and its way in.
  struct Entry final : sources::Port {
    Entry(Impl& owner, const sources::SourceOptions& options)
        : hub(owner), rule(options.rule), type(options.type) {}

    void send(std::vector<sources::Update> updates) override {
      hub.receive(*this, std::move(updates));
    }
    std::string send_now(std::vector<sources::Update> updates) override {
      return hub.receive_now(*this, std::move(updates));
    }
    void show(sources::Health latest) override { hub.show(*this, printable(std::move(latest))); }
    void warn(std::string line) override {
      hub.log.warn("{}: {}", rule.name, core::printable(line));
    }

    Impl& hub;
    throttle::SourceRule rule;
    std::string type;
    sources::Health health;  ///< behind the hub's mutex
    std::unique_ptr<sources::Source> source;
  };

  struct Waiting {
    Entry* from;
    std::vector<sources::Update> updates;
  };

  explicit Impl(spdlog::logger& lines) : log(lines) {}

  void receive(Entry& from, std::vector<sources::Update> updates);
  std::string receive_now(Entry& from, std::vector<sources::Update> updates);
  void drain();
  void show(Entry& of, sources::Health health);

  spdlog::logger& log;
  boost::asio::io_context* io = nullptr;
  Hear hear;
  std::deque<Entry> entries;

  mutable std::mutex mutex;
  std::condition_variable room;
  std::deque<Waiting> waiting;
  bool posted = false;  ///< a drain is on its way
  bool stopped = false;
};

void SourceHub::Impl::receive(Entry& from, std::vector<sources::Update> updates) {
  if (io->get_executor().running_in_this_thread()) {
    receive_now(from, std::move(updates));
    return;
  }
  std::unique_lock lock(mutex);
  room.wait(lock, [this] { return stopped || waiting.size() < kMostWaiting; });
  if (stopped) return;
  waiting.push_back({&from, std::move(updates)});
  if (std::exchange(posted, true)) return;
  boost::asio::post(*io, [this] { drain(); });
}

std::string SourceHub::Impl::receive_now(Entry& from, std::vector<sources::Update> updates) {
  drain();  // what was said before comes first
  return stopped ? "the miner stops" : hear(from.rule, std::move(updates));
}

void SourceHub::Impl::drain() {
  std::deque<Waiting> all;
  {
    const std::lock_guard lock(mutex);
    posted = false;
    if (stopped) return;
    all.swap(waiting);
  }
  room.notify_all();
  for (Waiting& one : all)
    hear(one.from->rule, std::move(one.updates));
}

void SourceHub::Impl::show(Entry& of, sources::Health health) {
  std::string trouble;
  bool well = false;
  {
    const std::lock_guard lock(mutex);
    if (health.trouble != of.health.trouble) trouble = health.trouble;
    well = health.trouble.empty() && !of.health.trouble.empty();
    of.health = std::move(health);
  }
  if (!trouble.empty()) log.warn("{}: {}", of.rule.name, trouble);
  if (well) log.info("{}: well again", of.rule.name);
}

SourceHub::SourceHub(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SourceHub::~SourceHub() {
  stop();
}

tl::expected<std::unique_ptr<SourceHub>, std::string> SourceHub::open(
    const std::vector<sources::SourceOptions>& options, const sources::Context& context,
    spdlog::logger& log) {
  auto impl = std::make_unique<Impl>(log);
  for (const sources::SourceOptions& wanted : options) {
    auto source = wanted.open(wanted.rule, context);
    if (!source) {
      return tl::unexpected("source '" + wanted.rule.name + "': " + std::move(source.error()));
    }
    impl->entries.emplace_back(*impl, wanted).source = std::move(*source);
  }
  return std::unique_ptr<SourceHub>(new SourceHub(std::move(impl)));
}

void SourceHub::start(boost::asio::io_context& io, Hear hear) {
  impl_->io = &io;
  impl_->hear = std::move(hear);
  for (Impl::Entry& entry : impl_->entries)
    entry.source->start(entry);
}

void SourceHub::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    if (std::exchange(impl_->stopped, true)) return;
  }
  impl_->room.notify_all();
  std::vector<std::jthread> stopping;
  for (Impl::Entry& entry : impl_->entries)
    stopping.emplace_back([&entry] { entry.source->stop(); });
}

void SourceHub::tell(const sources::Telemetry& telemetry) {
  for (Impl::Entry& entry : impl_->entries)
    entry.source->tell(telemetry);
}

std::vector<SourceFigures> SourceHub::figures() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<SourceFigures> all;
  for (const Impl::Entry& entry : impl_->entries)
    all.push_back({&entry.rule, entry.type, entry.health});
  return all;
}

sources::Context source_context(const ThrottleOptions& options, throttle::Start how,
                                std::shared_ptr<SiteMeters> meters,
                                std::shared_ptr<WebRoutes> routes) {
  std::array<char, 256> host{};
  const bool known = ::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0';
  return {
      .clock = &now,
      .how = how,
      .ledger = StateFolder::ledger(options.state_folder),
      .rig = known ? host.data() : "ebb",
      .meter = [meters = std::move(meters)](std::string_view name) { return meters->find(name); },
      .serve =
          [routes = std::move(routes), api = options.api.has_value()](const std::string& path,
                                                                      sources::WebHandler handler) {
            return api && routes->add(path, std::move(handler));
          }};
}

}  // namespace ebb::miner
