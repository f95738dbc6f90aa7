#include "sources/contact/contact_kind.h"
#include "sources/contact/contact_poll.h"
#include "sources/contact/debounce.h"
#include "tests/unit/catch.h"
#include "tests/unit/sources/table_text.h"

using namespace ebb;
using namespace ebb::sources;
using namespace std::chrono_literals;

namespace {

const std::stop_token kNoStop;

ContactSettings one(bool closed_permits = true) {
  ContactSettings settings;
  settings.states[closed_permits ? "1" : "0"] = {"on", throttle::DutyCap{1}};
  return settings;
}

/// Lines whose levels a test sets, each with the time from which on it is there.
struct Wires {
  throttle::SteadyTime now{1000s};
  std::vector<std::pair<throttle::SteadyTime, std::string>> levels;  ///< "" cannot be read
  bool tells = true;

  const std::string& level() const {
    const std::string* level = &levels.front().second;
    for (const auto& [at, next] : levels) {
      if (at <= now) level = &next;
    }
    return *level;
  }
};

/// Time passes while it waits: until the next edge, as a line's file descriptor would tell.
class FakeLines final : public ContactLines {
 public:
  explicit FakeLines(Wires& wires) : wires_(wires) {}
  std::string where() const override { return "wires"; }
  tl::expected<ContactLevel, std::string> read(const std::stop_token&) override {
    if (wires_.level().empty()) return tl::unexpected<std::string>("No such device");
    return wires_.level();
  }
  bool wait(std::chrono::milliseconds at_most) override {
    if (!wires_.tells) return false;
    throttle::SteadyTime until = wires_.now + at_most;
    for (const auto& [at, next] : wires_.levels) {
      if (at > wires_.now) until = std::min(until, at);
    }
    wires_.now = until;
    return true;
  }

 private:
  Wires& wires_;
};

struct Box {
  explicit Box(Wires wires_then, std::chrono::milliseconds debounce = 20ms)
      : wires(std::move(wires_then)),
        poll(std::make_unique<FakeLines>(wires), one(), debounce, 200ms,
             [this] { return wires.now; }) {}

  Answer ask() {
    Answer answer = poll.ask({}, kNoStop);
    wires.now += answer.again;
    return answer;
  }

  Wires wires;
  ContactPoll poll;
};

std::string said(const Answer& answer) {
  if (answer.updates.empty()) return "nothing";
  return throttle::text(std::get<SaidAll>(answer.updates.at(0)).signals.at(0).cap);
}

std::string fault(std::string_view text) {
  return tests::fault_of(text,
                         [](throttle::TableReader& table) { kContactKind.read(table, "/etc"); });
}

}  // namespace

TEST_CASE("contact: closed permits, open sheds, and the other way round") {
  CHECK(throttle::text(contact_signal(one(), "1").cap) == "100%");
  CHECK(throttle::text(contact_signal(one(), "0").cap) == "0%");
  CHECK(contact_signal(one(), "0").reason == "the contact is open: off");
  CHECK(throttle::text(contact_signal(one(false), "1").cap) == "0%");
  CHECK(throttle::text(contact_signal(one(false), "0").cap) == "100%");
}

TEST_CASE("contact: a box of two, what contradicts itself is off") {
  ContactSettings box;
  box.states["11"] = {"on", throttle::DutyCap{1}};
  box.states["10"] = {"dim", throttle::DutyCap{0.3}};
  CHECK(throttle::text(contact_signal(box, "11").cap) == "100%");
  CHECK(throttle::text(contact_signal(box, "10").cap) == "30%");
  CHECK(throttle::text(contact_signal(box, "00").cap) == "0%");
  CHECK(throttle::text(contact_signal(box, "01").cap) == "0%");
  CHECK(contact_signal(box, "01").reason == "the contacts are 01: off");
}

TEST_CASE("contact: bounces are not believed") {
  Debounce debounce(20ms);
  const throttle::SteadyTime begin{1000s};
  CHECK_FALSE(debounce.see(begin, "1"));
  CHECK(debounce.left(begin + 5ms) == 15ms);
  CHECK(debounce.see(begin + 20ms, "1") == "1");
  CHECK(debounce.left(begin + 30ms) == 0ms);
  CHECK(debounce.see(begin + 30ms, "0") == "1");
  CHECK(debounce.see(begin + 35ms, "1") == "1");
  CHECK(debounce.see(begin + 40ms, "0") == "1");
  CHECK(debounce.see(begin + 59ms, "0") == "1");
  CHECK(debounce.see(begin + 60ms, "0") == "0");
  debounce.forget();
  CHECK_FALSE(debounce.see(begin + 70ms, "0"));
}

TEST_CASE("contact: one that never comes to rest is believed no more") {
  Debounce debounce(20ms);
  throttle::SteadyTime now{1000s};
  debounce.see(now, "1");
  now += 20ms;
  REQUIRE(debounce.see(now, "1"));
  const throttle::SteadyTime begin = now + 10ms;
  std::optional<ContactLevel> believed;
  for (int i = 0; i < 200; ++i) {
    now += 10ms;
    believed = debounce.see(now, i % 2 == 0 ? "0" : "1");
    CHECK(believed.has_value() == (now - begin < 1s));
  }
  CHECK(debounce.restless(now));
  now += 20ms;
  debounce.see(now, "1");
  CHECK(debounce.see(now + 20ms, "1") == "1");
}

TEST_CASE("contact: a long wait is no chatter") {
  Debounce debounce(2s);
  const throttle::SteadyTime begin{1000s};
  debounce.see(begin, "1");
  CHECK(debounce.see(begin + 2s, "1") == "1");
  debounce.see(begin + 3s, "0");
  CHECK(debounce.see(begin + 4500ms, "0") == "1");
  CHECK(debounce.see(begin + 5s, "0") == "0");
}

TEST_CASE("contact: an edge is said when it has stood, without waiting for the next poll") {
  Box box(Wires{{}, {{throttle::SteadyTime{0s}, "1"}, {throttle::SteadyTime{1010s}, "0"}}});
  box.wires.now = throttle::SteadyTime{1000s};
  Answer answer;
  while (said(answer) != "100%")
    answer = box.ask();
  CHECK(box.wires.now <= throttle::SteadyTime{1000s} + 600ms);
  CHECK(answer.health.last == "the contact is closed: on");
  while (said(answer) == "100%") {
    answer = box.ask();
    REQUIRE(answer.updates.size() == 1);  // repeated for as long as it holds
  }
  CHECK(said(answer) == "0%");
  CHECK(box.wires.now == throttle::SteadyTime{1010s} + 20ms);
}

TEST_CASE("contact: what bounces says what stood before") {
  Wires wires{{}, {{throttle::SteadyTime{0s}, "1"}}};
  for (int i = 0; i < 10; ++i)
    wires.levels.emplace_back(throttle::SteadyTime{1010s} + i * 5ms, i % 2 == 0 ? "0" : "1");
  Box box(wires);
  box.wires.now = throttle::SteadyTime{1009s};
  Answer answer;
  while (said(answer) == "nothing")
    answer = box.ask();
  while (box.wires.now < throttle::SteadyTime{1012s})
    CHECK(said(box.ask()) == "100%");
}

TEST_CASE("contact: lines that cannot be read say nothing, and are asked again ever more seldom") {
  Box box(Wires{{}, {{throttle::SteadyTime{0s}, "1"}}}, 0ms);
  box.wires.tells = false;
  CHECK(said(box.ask()) == "100%");
  box.wires.levels = {{throttle::SteadyTime{0s}, ""}};
  Answer answer = box.ask();
  CHECK(said(answer) == "nothing");
  CHECK(answer.health.trouble == "No such device; it is asked again");
  CHECK_FALSE(answer.health.connected);
  CHECK(answer.again == 200ms);
  for (int i = 0; i < 20; ++i)
    answer = box.ask();
  CHECK(answer.again == 5s);
  box.wires.levels = {{throttle::SteadyTime{0s}, "0"}};
  answer = box.ask();
  CHECK(said(answer) == "0%");
  CHECK(answer.again == 200ms);
  CHECK(answer.health.trouble.empty());
}

TEST_CASE("contact: a chip that is not there is trouble") {
  const auto lines = gpio_lines({.chip = "/dev/no-such-gpiochip", .lines = {17}});
  CHECK(lines->where() == "/dev/no-such-gpiochip 17");
  CHECK_FALSE(lines->wait(1ms));
  CHECK(lines->read(kNoStop).error() == "No such file or directory");
}

TEST_CASE("contact: tables") {
  for (const char* right :
       {"chip = '/dev/gpiochip0'\nlines = [17]",
        "chip = '/dev/gpiochip0'\nlines = [17]\nclosed = 'shed'\nactive_low = false\n"
        "bias = 'pull-down'\ndebounce = '50ms'",
        "modbus = '10.0.0.7'\ninputs = [3, 1]\nunit = 2\npoll = '100ms'\ndim = '40%'\n"
        "states = { '11' = 'on', '10' = 'dim', '01' = '60%', '00' = 'off' }"}) {
    CHECK(fault(right) == "");
  }
  const std::string gpio = "chip = '/dev/gpiochip0'\n";
  const std::string modbus = "modbus = '10.0.0.7'\n";
  const std::pair<std::string, std::string> wrong[]{
      {"closed = 'permit'",
       "line 1:1: chip: one of chip (with lines) and modbus (with inputs) is "
       "wanted"},
      {gpio + modbus + "lines = [1]\ninputs = [1]",
       "line 1:8: chip: one of chip (with lines) and modbus (with inputs) is wanted"},
      {gpio, "line 1:1: lines: is missing, such as [17]"},
      {gpio + "lines = 17", "line 2:9: lines: must be a list of 1 to 4"},
      {gpio + "lines = []", "line 2:9: lines: must be a list of 1 to 4"},
      {gpio + "lines = [1, 2, 3, 4, 5]", "line 2:9: lines: must be a list of 1 to 4"},
      {gpio + "lines = [-1]", "line 2:9: lines: must be numbers from 0 to 1023"},
      {gpio + "lines = [1, 1]\nstates = { '11' = 'on' }", "line 2:9: lines: has a number twice"},
      {gpio + "lines = [1]\nbias = 'up'", "line 3:8: bias: must be pull-up, pull-down or none"},
      {gpio + "lines = [1]\nclosed = 'yes'", "line 3:10: closed: must be permit or shed"},
      {gpio + "lines = [1]\npoll = '1s'", "line 3:8: poll: unknown key"},
      {gpio + "lines = [1]\ndebounce = '1m'", "line 3:12: debounce: is longer than 10s"},
      {gpio + "lines = [1, 2]",
       "line 1:1: states: is missing: what the states of several contacts mean"},
      {gpio + "lines = [1, 2]\nstates = { '1' = 'on' }",
       "line 3:10: states: must have a 0 (open) or a 1 (closed) for each contact"},
      {gpio + "lines = [1, 2]\nstates = { '11' = 'full' }",
       "line 3:10: states: must be on, dim, off or a cap such as \"60%\""},
      {gpio + "lines = [1]\nclosed = 'permit'\nstates = { '1' = 'on' }",
       "line 3:10: closed: is said by states already"},
      {modbus + "inputs = [0, 16]\nstates = { '11' = 'on' }",
       "line 2:10: inputs: must lie within 16 of each other"}};
  for (const auto& [text, expected] : wrong) {
    INFO(text);
    CHECK(fault(text) == expected);
  }
}
