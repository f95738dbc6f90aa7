#include "miner/source_hub.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <sstream>
#include <thread>

#include "tests/unit/catch.h"

using namespace ebb;
using namespace std::chrono_literals;
using miner::SourceHub;

namespace {

/// Does in its thread what a test tells it to.
class TestSource final : public sources::Source {
 public:
  using Talk = std::function<void(sources::Port&, const std::stop_token&)>;
  explicit TestSource(Talk talk) : talk_(std::move(talk)) {}

  void start(sources::Port& port) override {
    thread_ = std::jthread([this, &port](const std::stop_token& stop) { talk_(port, stop); });
  }
  void stop() override { thread_ = {}; }

 private:
  Talk talk_;
  std::jthread thread_;
};

sources::SourceOptions source(std::string name, TestSource::Talk talk) {
  return {.rule = {.name = std::move(name)},
          .type = "test",
          .open = [talk = std::move(talk)](const throttle::SourceRule&, const sources::Context&)
              -> tl::expected<std::unique_ptr<sources::Source>, std::string> {
            return std::make_unique<TestSource>(talk);
          }};
}

sources::Update said(std::string id) {
  throttle::Signal signal;
  signal.id = std::move(id);
  return sources::Said{std::move(signal)};
}

std::string id_of(const sources::Update& update) {
  return std::get<sources::Said>(update).signal.id;
}

struct Log {
  std::ostringstream text;
  spdlog::logger logger{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text)};
};

}  // namespace

TEST_CASE("hub: what sources say arrives on the io thread, in order, under their rules") {
  Log log;
  boost::asio::io_context io{1};
  constexpr int kEach = 500;
  const auto talk = [](sources::Port& port, const std::stop_token&) {
    for (int i = 0; i < kEach; ++i)
      port.send({said(std::to_string(i))});
  };
  auto hub = SourceHub::open({source("a", talk), source("b", talk)}, {}, log.logger);
  REQUIRE(hub);
  std::map<std::string, int> next;
  bool in_order = true;
  const auto work = boost::asio::make_work_guard(io);
  (*hub)->start(io, [&](const throttle::SourceRule& rule, std::vector<sources::Update> updates) {
    for (const sources::Update& update : updates)
      in_order = in_order && id_of(update) == std::to_string(next[rule.name]++);
    if (next["a"] == kEach && next["b"] == kEach) io.stop();
    return std::string();
  });
  io.run();
  CHECK(in_order);
}

TEST_CASE("hub: a flood waits at its sender, and a stop ends the wait") {
  Log log;
  boost::asio::io_context io{1};
  std::atomic<std::size_t> sent{0};
  auto hub = SourceHub::open({source("flood",
                                     [&](sources::Port& port, const std::stop_token& stop) {
                                       while (!stop.stop_requested()) {
                                         port.send({said("x")});
                                         ++sent;
                                       }
                                     })},
                             {}, log.logger);
  REQUIRE(hub);
  std::size_t heard = 0;
  (*hub)->start(io, [&](const throttle::SourceRule&, const std::vector<sources::Update>&) {
    ++heard;
    return std::string();
  });
  while (sent < SourceHub::kMostWaiting)
    std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(50ms);
  CHECK(sent == SourceHub::kMostWaiting);  // nobody runs the io thread
  (*hub)->stop();
  io.run();
  CHECK(heard == 0);
}

TEST_CASE(
    "hub: on the io thread a source is heard before send returns, after what it said before") {
  Log log;
  boost::asio::io_context io{1};
  std::atomic<sources::Port*> port{nullptr};
  std::atomic<bool> said_one{false};
  auto hub = SourceHub::open({source("web",
                                     [&](sources::Port& own, const std::stop_token&) {
                                       own.send({said("1")});
                                       port = &own;
                                       said_one = true;
                                     })},
                             {}, log.logger);
  REQUIRE(hub);
  std::string heard;
  (*hub)->start(io, [&](const throttle::SourceRule&, const std::vector<sources::Update>& updates) {
    for (const sources::Update& update : updates)
      heard += id_of(update);
    return std::string("a replay");
  });
  while (!said_one)
    std::this_thread::sleep_for(1ms);
  std::string heard_when_sent, refused;
  boost::asio::post(io, [&] {
    refused = port.load()->send_now({said("2")});
    heard_when_sent = heard;
  });
  io.run();
  CHECK(heard_when_sent == "12");
  CHECK(refused == "a replay");
  CHECK(heard == "12");
}

TEST_CASE("hub: trouble is logged once, shown while it lasts, and fit for a terminal") {
  Log log;
  boost::asio::io_context io{1};
  std::atomic<int> step{0};
  auto hub = SourceHub::open(
      {source("ups",
              [&](sources::Port& port, const std::stop_token&) {
                for (int i = 0; i < 3; ++i)
                  port.show({.where = "here", .last = "OL", .trouble = "gone\n\x1b[31m"});
                step = 1;
                while (step != 2)
                  std::this_thread::sleep_for(1ms);
                port.show({.connected = true});
                step = 3;
              })},
      {}, log.logger);
  REQUIRE(hub);
  (*hub)->start(io, [](const throttle::SourceRule&, const std::vector<sources::Update>&) {
    return std::string();
  });
  const auto until = [&](int wanted) {
    while (step != wanted)
      std::this_thread::sleep_for(1ms);
  };
  until(1);
  const auto figures = (*hub)->figures();
  REQUIRE(figures.size() == 1);
  CHECK(figures[0].rule->name == "ups");
  CHECK(figures[0].type == "test");
  CHECK(figures[0].health.trouble == "gone  [31m");
  CHECK(figures[0].health.last == "OL");
  step = 2;
  until(3);
  CHECK((*hub)->figures()[0].health.connected);
  (*hub)->stop();
  log.logger.flush();
  const std::string text = log.text.str();
  CHECK(text.find("gone") != std::string::npos);
  CHECK(text.find("gone") == text.rfind("gone"));
  CHECK(text.find("well again") != std::string::npos);
}

TEST_CASE("hub: a source that cannot be opened is named") {
  Log log;
  sources::SourceOptions broken = source("dso", {});
  broken.open =
      [](const throttle::SourceRule&,
         const sources::Context&) -> tl::expected<std::unique_ptr<sources::Source>, std::string> {
    return tl::unexpected<std::string>("no secret");
  };
  const auto hub = SourceHub::open({broken}, {}, log.logger);
  REQUIRE_FALSE(hub);
  CHECK(hub.error() == "source 'dso': no secret");
}
