#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <thread>

#include "sources/meter/external_meter.h"
#include "sources/meter/meter_file.h"
#include "sources/meter/meter_table.h"
#include "sources/meter/meter_text.h"
#include "sources/meter/meter_thread.h"
#include "sources/meter/register_map.h"
#include "tests/unit/catch.h"
#include "tests/unit/sources/table_text.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb::sources;
using namespace ebb::throttle;
using namespace std::chrono_literals;
using ebb::tests::fault_of;

namespace {

const std::stop_token kNoStop;

SteadyTime real_clock() {
  return std::chrono::steady_clock::now();
}

std::optional<double> decoded(RegisterPlace place, std::vector<std::uint16_t> words) {
  return decode(place, words);
}

std::string meter_fault(std::string_view text) {
  return fault_of(text, [](TableReader& table) { read_meter(table, "/etc"); });
}

/// A meter that shows what a test wants.
class FakeMeter final : public SharedMeter {
 public:
  std::optional<MeterReading> latest() const override { return reading; }
  std::optional<MeterReading> next(SteadyTime, std::chrono::milliseconds,
                                   const std::stop_token&) const override {
    return reading;
  }
  Health health() const override { return {}; }
  std::chrono::milliseconds period() const override { return every; }

  std::optional<MeterReading> reading;
  std::chrono::milliseconds every{1000};
};

/// Answers with what stands in `answer`, or blocks until it is stopped.
class FakeReader final : public MeterReader {
 public:
  std::string where() const override { return "a fake"; }
  tl::expected<MeterReading, std::string> read(SteadyTime now,
                                               const std::stop_token& stop) override {
    ++asked;
    while (hangs && !stop.stop_requested())
      std::this_thread::sleep_for(1ms);
    if (fails) return tl::unexpected<std::string>("no answer");
    return MeterReading{static_cast<double>(asked), 50.0, now};
  }
  static inline std::atomic<int> asked = 0;
  static inline std::atomic<bool> hangs = false, fails = false;
};

}  // namespace

TEST_CASE("register map: types, word order, scale") {
  using Type = RegisterType;
  CHECK(decoded({.type = Type::int16}, {0xfffe}) == -2);
  CHECK(decoded({.type = Type::uint16}, {0xfffe}) == 65534);
  CHECK(decoded({.type = Type::int32}, {0xffff, 0xfffe}) == -2);
  CHECK(decoded({.type = Type::uint32}, {0xffff, 0xfffe}) == 4294967294.0);
  CHECK(decoded({.type = Type::uint32, .low_word_first = true}, {1, 0}) == 1);
  CHECK(decoded({.type = Type::uint32, .low_word_first = true}, {0, 1}) == 65536);
  CHECK(decoded({.type = Type::float32}, {0x42c8, 0}) == 100);
  CHECK(decoded({.type = Type::float32, .low_word_first = true}, {0, 0x42c8}) == 100);
  CHECK(decoded({.type = Type::int16, .scale = 0.1}, {5001}) == Approx(500.1));
  CHECK_FALSE(decoded({.type = Type::float32}, {0x7fc0, 0}));  // NaN
  CHECK_FALSE(decoded({.type = Type::float32}, {0xff80, 0}));  // -infinity
  CHECK_FALSE(decoded({.type = Type::int32}, {1}));
  CHECK_FALSE(decoded({.type = Type::int16}, {}));
}

TEST_CASE("meter file: a line") {
  const auto line = [](const char* text) { return parse_meter_line(text); };
  CHECK(line("1234.5") == MeterReading{1234.5, {}, {}});
  CHECK(line("1234.5 W\r") == MeterReading{1234.5, {}, {}});
  CHECK(line("-250W 49.98Hz") == MeterReading{-250, 49.98, {}});
  CHECK(line("-250 W, 49.98 Hz") == MeterReading{-250, 49.98, {}});
  CHECK(line("-250\t50") == MeterReading{-250, 50, {}});
  CHECK(line("- 59.9") == MeterReading{{}, 59.9, {}});
  CHECK(line("12 -") == MeterReading{12, {}, {}});
  // What makes no sense is left out.
  CHECK(line("nan 50") == MeterReading{{}, 50, {}});
  CHECK(line("5e99 50") == MeterReading{{}, 50, {}});
  CHECK(line("7 0") == MeterReading{7, {}, {}});
  CHECK(line("7 -50") == MeterReading{7, {}, {}});
  CHECK(line("7 1001") == MeterReading{7, {}, {}});
  for (const char* bad : {"", " ", "W", "12 kW", "1 2 3", "0x10", "12;13;14", "1.2.3", "--5"}) {
    INFO(bad);
    CHECK_FALSE(line(bad));
  }
  CHECK_FALSE(parse_meter_line(std::string(1000, '1')));
}

TEST_CASE("meter file: its time is the reading's") {
  const ebb::tests::TemporaryFolder folder;
  const auto file = folder.path() / "site";
  const auto meter = meter_file(file);
  const SteadyTime now{1000s};
  CHECK_FALSE(meter->read(now, kNoStop));
  std::ofstream(file) << "31250 49.98\nleft over\n";
  const auto reading = meter->read(now, kNoStop);
  REQUIRE(reading);
  CHECK(reading->watts == 31250);
  CHECK(reading->hertz == 49.98);
  CHECK(meter->read(now + 1s, kNoStop)->at == reading->at);  // the same file is no new reading
  const auto age = [&](std::chrono::seconds by) {
    std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - by);
  };
  age(6s);
  CHECK(meter->read(now, kNoStop).error() == "not written for more than 5 s");
  age(-3600s);
  CHECK(meter->read(now, kNoStop).error() == "its time is in the future");
  std::ofstream(file) << "broken";
  CHECK_FALSE(meter->read(now, kNoStop));
}

TEST_CASE("meter file: what is no plain file is not waited for") {
  const ebb::tests::TemporaryFolder folder;
  const auto file = folder.path() / "site";
  REQUIRE(mkfifo(file.c_str(), 0600) == 0);
  CHECK(meter_file(file)->read(SteadyTime{1000s}, kNoStop).error() == "is no plain file");
  CHECK(meter_recording(file)->read(SteadyTime{1000s}, kNoStop).error() == "is no plain file");
}

TEST_CASE("recorded meter: a line for each reading, then none") {
  const ebb::tests::TemporaryFolder folder;
  const auto file = folder.path() / "recorded";
  std::ofstream(file) << "# 21 August\n- 59.99\n\n- 59.71\nrubbish\n- 59.95";
  const auto meter = meter_recording(file);
  CHECK(meter->read(SteadyTime{1s}, kNoStop)->hertz == 59.99);
  const auto second = meter->read(SteadyTime{2s}, kNoStop);
  CHECK(second->hertz == 59.71);
  CHECK(second->at == SteadyTime{2s});
  CHECK(meter->read(SteadyTime{3s}, kNoStop).error() == "line 5 is none such as \"1234.5 50.01\"");
  CHECK(meter->read(SteadyTime{4s}, kNoStop)->hertz == 59.95);
  CHECK(meter->read(SteadyTime{5s}, kNoStop).error() == "the recording is over");
  CHECK(meter->read(SteadyTime{6s}, kNoStop).error() == "the recording is over");
}

TEST_CASE("meter thread: the latest, and word of newer ones") {
  FakeReader::hangs = FakeReader::fails = false;
  MeterThread meter(std::make_unique<FakeReader>(), 1ms, real_clock);
  const auto first = meter.next({}, 10s, kNoStop);
  REQUIRE(first);
  const auto second = meter.next(first->at, 10s, kNoStop);
  REQUIRE(second);
  CHECK(second->at > first->at);
  CHECK(*second->watts > *first->watts);
  CHECK(meter.latest()->at >= second->at);
  CHECK(meter.health().connected);
  CHECK(meter.health().trouble.empty());
  CHECK(meter.health().where == "a fake");
  CHECK_FALSE(meter.next(SteadyTime::max(), 1ms, kNoStop));
}

TEST_CASE("meter thread: a meter that fails keeps its last reading, old as it is") {
  FakeReader::hangs = FakeReader::fails = false;
  MeterThread meter(std::make_unique<FakeReader>(), 1ms, real_clock);
  REQUIRE(meter.next({}, 10s, kNoStop));
  FakeReader::fails = true;
  while (meter.health().trouble.empty())
    std::this_thread::sleep_for(1ms);
  const auto last = meter.latest();
  REQUIRE(last);
  CHECK_FALSE(meter.next(last->at, 20ms, kNoStop));
  CHECK(meter.health().trouble == "no answer; it is asked again");
  CHECK_FALSE(meter.health().connected);
  FakeReader::fails = false;
  CHECK(meter.next(last->at, 10s, kNoStop));
  CHECK(meter.health().trouble.empty());
}

TEST_CASE("meter thread: ends while its meter hangs, and so does who waits for it") {
  FakeReader::hangs = true;
  std::stop_source stop;
  {
    MeterThread meter(std::make_unique<FakeReader>(), 1ms, real_clock);
    std::jthread asking([&] { stop.request_stop(); });
    CHECK_FALSE(meter.next({}, 1h, stop.get_token()));
  }
  FakeReader::hangs = false;
}

TEST_CASE("external meter: a reading of this machine alone, while it is fresh") {
  auto site = std::make_shared<FakeMeter>();
  ExternalMeter meter(site);
  const SteadyTime now{1000s};
  CHECK(meter.kind() == MeterKind::external);
  CHECK_FALSE(meter.read(now, 1));
  site->reading = MeterReading{250.0, {}, now - 2s};
  const auto reading = meter.read(now, 1);
  REQUIRE(reading);
  CHECK(reading->watts == 250);
  CHECK(reading->at == now - 2s);
  CHECK_FALSE(reading->estimated);
  CHECK_FALSE(meter.read(now + 4s, 1));
  site->every = 10s;
  CHECK(meter.read(now + 4s, 1));
  site->reading = MeterReading{-1.0, {}, now};
  CHECK_FALSE(meter.read(now, 1));
  site->reading = MeterReading{{}, 50.0, now};
  CHECK_FALSE(meter.read(now, 1));
}

TEST_CASE("meter: texts") {
  CHECK(watts_text(31250) == "31.2kW");
  CHECK(watts_text(-250) == "-250W");
  CHECK(watts_text(0) == "0W");
  CHECK(text(MeterReading{31250.0, 49.98, {}}) == "31.2kW, 49.980 Hz");
  CHECK(text(MeterReading{{}, 50.0, {}}) == "50.000 Hz");
}

TEST_CASE("meter: tables that are right") {
  for (const char* right :
       {"name = 'a'\ntype = 'modbus'\naddress = '10.0.0.7'\nsunspec = true",
        "name = 'a'\ntype = 'modbus'\naddress = 'meter.lan:1502'\nunit = 255\nperiod = '500ms'\n"
        "timeout = '300ms'\nimport_positive = false\n"
        "watts = { register = 100, type = 'int32', scale = 0.1, kind = 'input', "
        "word_order = 'little' }\nhertz = { register = 65535, type = 'uint16', scale = -1 }",
        "name = 'a'\ntype = 'file'\nfile = 'watts'",
        "name = 'a'\ntype = 'file'\nfile = 'watts'\nrecorded = true"}) {
    CHECK(meter_fault(right) == "");
  }
}

TEST_CASE("meter: tables that are wrong") {
  const std::string modbus = "name = 'a'\ntype = 'modbus'\naddress = '10.0.0.7'\n";
  const std::pair<std::string, std::string> wrong[]{
      {"type = 'file'\nfile = 'x'", "line 1:1: name: is missing"},
      {"name = 'a'\ntype = 'snmp'", "line 2:8: type: must be \"modbus\" or \"file\""},
      {"name = 'a'\ntype = 'file'", "line 1:1: file: is missing"},
      {"name = 'a'\ntype = 'file'\nfile = ''", "line 3:8: file: must name a file"},
      {"name = 'a'\ntype = 'modbus'\nsunspec = true",
       "line 1:1: address: is missing: an address such as \"10.0.0.7:502\""},
      {modbus, "line 1:1: watts: is missing: sunspec = true, or the registers of watts and hertz"},
      {modbus + "sunspec = true\nwatts = { register = 1, type = 'int16' }",
       "line 5:9: watts: a SunSpec meter tells this by itself"},
      {modbus + "sunspec = true\nunit = 248", "line 5:8: unit: must be from 0 to 247, or 255"},
      {modbus + "sunspec = true\ntimeout = '11s'", "line 5:11: timeout: is longer than 10s"},
      {modbus + "sunspec = true\nperiod = '10ms'", "line 5:10: period: must be from 50ms to 60s"},
      {modbus + "watts = 100",
       "line 4:9: watts: must be a table such as { register = 100, type = \"int16\" }"},
      {modbus + "watts = { register = 100 }",
       "line 4:9: watts: type: is missing: int16, uint16, int32, uint32 or float32"},
      {modbus + "watts = { type = 'int16' }", "line 4:9: watts: register: is missing"},
      {modbus + "watts = { register = 65535, type = 'int32' }",
       "line 4:9: watts: register: must be from 0 to 65534"},
      {modbus + "watts = { register = 1, type = 'int64' }",
       "line 4:9: watts: type: must be one of int16, uint16, int32, uint32, float32"},
      {modbus + "watts = { register = 1, type = 'int16', scale = 0 }",
       "line 4:9: watts: scale: must be a number other than 0"},
      {modbus + "watts = { register = 1, type = 'int16', scale = nan }",
       "line 4:9: watts: scale: must be a number other than 0"},
      {modbus + "watts = { register = 1, type = 'int16', sclae = 1 }",
       "line 4:9: watts: sclae: unknown key"}};
  for (const auto& [text, fault] : wrong) {
    INFO(text);
    CHECK(meter_fault(text) == fault);
  }
  for (const char* address : {"", "a b", "host:", "host:0", "host:65536", "host:x", "[::1",
                              "[::1]5", "user@host", ":502"}) {
    INFO(address);
    CHECK_FALSE(parse_modbus_address(address));
  }
  CHECK(parse_modbus_address("[fe80::1]:1502")->host == "fe80::1");
  CHECK(parse_modbus_address("[fe80::1]:1502")->port == 1502);
  CHECK(text(*parse_modbus_address("[::1]")) == "[::1]:502/1");
}
