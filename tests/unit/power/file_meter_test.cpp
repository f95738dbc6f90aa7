#include "throttle/power/file_meter.h"

#include <sys/stat.h>

#include <fstream>

#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

TEST_CASE("file meter: what a file may say") {
  CHECK(parse_watts("1234.5") == 1234.5);
  CHECK(parse_watts("1234.5 W\n") == 1234.5);
  CHECK(parse_watts("80W") == 80);
  CHECK(parse_watts("0\r\n") == 0);
  for (const char* bad : {"", "W", "-1", "1e99", "nan", "inf", "12 kW", "12 13", "0x10", " 5"}) {
    INFO(bad);
    CHECK_FALSE(parse_watts(bad));
  }
}

TEST_CASE("file meter: a fresh file is a reading, an old, missing or senseless one is none") {
  const ebb::tests::TemporaryFolder folder;
  const auto file = folder.path() / "watts";
  FileMeter meter(file);
  const SteadyTime now{1000s};
  CHECK_FALSE(meter.read(now, 1));
  std::ofstream(file) << "250 W\n";
  const auto reading = meter.read(now, 1);
  REQUIRE(reading);
  CHECK(reading->watts == 250);
  CHECK(reading->meter == "external meter");
  CHECK(meter.read(now + 1s, 1) == reading);  // the same file is the same reading
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - 6s);
  CHECK_FALSE(meter.read(now + 2s, 1));
  std::ofstream(file) << "broken";
  CHECK_FALSE(meter.read(now + 3s, 1));
}

TEST_CASE("file meter: the file's time is the reading's, and one of the future is none") {
  const ebb::tests::TemporaryFolder folder;
  const auto file = folder.path() / "watts";
  const SteadyTime now(1000s);
  const auto age = [&](std::chrono::seconds by) {
    std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - by);
  };
  std::ofstream(file) << "250 W\n";
  age(3s);
  FileMeter meter(file);
  const auto reading = meter.read(now, 1);
  REQUIRE(reading);
  CHECK(now - reading->at > 2s);
  CHECK(now - reading->at < 4s);
  CHECK(meter.read(now + 100ms, 1) == reading);  // not a new one by being read again
  age(-3600s);                                   // it would stay fresh for an hour
  CHECK_FALSE(meter.read(now, 1));
}

TEST_CASE("file meter: what is no plain file is not waited for") {
  const ebb::tests::TemporaryFolder folder;
  const auto file = folder.path() / "watts";
  REQUIRE(mkfifo(file.c_str(), 0600) == 0);
  FileMeter meter(file);
  CHECK_FALSE(meter.read(SteadyTime(1000s), 1));
}
