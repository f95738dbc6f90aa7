#include "throttle/ledger/ledger_writer.h"

#include <array>

#include "tests/unit/ledger/support.h"

using namespace ebb::throttle;
using namespace std::chrono_literals;

namespace {

constexpr auto kLong = 20s;  // of waits that end sooner

LedgerWriter writer_of(const TestFolder& folder) {
  auto ledger = Ledger::open(folder.file());
  REQUIRE(ledger);
  return LedgerWriter(std::move(*ledger));
}

std::vector<LedgerEntry> all_of(const TestFolder& folder) {
  const auto ledger = Ledger::open_to_read(folder.file());
  REQUIRE(ledger);
  return *ledger->read(WallTime::min(), WallTime::max(), 1'000'000);
}

}  // namespace

TEST_CASE("a writer writes in order, and tells when") {
  const TestFolder folder;
  std::atomic<int> done = 0;
  {
    LedgerWriter writer = writer_of(folder);
    for (int i = 0; i < 100; ++i) {
      writer.write({{retract_at(i, std::to_string(i))}, std::to_string(i)},
                   [&](const tl::expected<void, std::string>& result) { done += result ? 1 : 0; });
    }
    REQUIRE(writer.flush(kLong));
    CHECK(done == 100);
    CHECK_FALSE(writer.trouble());
  }
  const auto entries = all_of(folder);
  REQUIRE(entries.size() == 100);
  for (int i = 0; i < 100; ++i)
    CHECK(std::get<RetractEntry>(entries[static_cast<std::size_t>(i)].what).id ==
          std::to_string(i));
}

TEST_CASE("what waits at the end of a writer is written") {
  const TestFolder folder;
  {
    LedgerWriter writer = writer_of(folder);
    for (int i = 0; i < 50; ++i)
      writer.write({{retract_at(i, "x")}, {}});
  }
  CHECK(all_of(folder).size() == 50);
}

TEST_CASE("a writer complains of a full disk, goes on trying, and drops samples first") {
  const TestFolder folder;
  const BrokenDisk disk;
  constexpr auto kMany = static_cast<int>(LedgerWriter::kMaxWaiting);
  std::atomic<int> failed = 0;
  LedgerWriter writer = writer_of(folder);
  BrokenDisk::mode() = BrokenDisk::Mode::full;
  writer.write({{retract_at(0, "first")}, "old"},
               [&](const tl::expected<void, std::string>& result) { failed += result ? 100 : 1; });
  CHECK_FALSE(writer.flush(50ms));
  CHECK(writer.trouble());
  CHECK(failed == 1);
  for (int i = 0; i < kMany; ++i)
    writer.write({{sample_at(i)}, {}});
  writer.write({{retract_at(1, "last")}, "new"});
  SECTION("samples") {
    BrokenDisk::mode() = BrokenDisk::Mode::works;
    REQUIRE(writer.flush(kLong));
    CHECK_FALSE(writer.trouble());
    const auto entries = all_of(folder);
    CHECK(entries.size() + writer.dropped().samples == static_cast<std::size_t>(kMany) + 2);
    CHECK(writer.dropped().samples > 0);
    CHECK(writer.dropped().others == 0);
    CHECK(std::get<RetractEntry>(entries.front().what).id == "first");
    CHECK(std::get<RetractEntry>(entries.back().what).id == "last");
  }
  SECTION("then the oldest of the others") {
    for (int i = 0; i < kMany; ++i)
      writer.write({{retract_at(2, std::to_string(i))}, {}});
    BrokenDisk::mode() = BrokenDisk::Mode::works;
    REQUIRE(writer.flush(kLong));
    const LedgerWriter::Dropped dropped = writer.dropped();
    const auto entries = all_of(folder);
    CHECK(entries.size() + dropped.samples + dropped.others ==
          2 * static_cast<std::size_t>(kMany) + 2);
    CHECK(dropped.samples > 0);
    // Two were too many, unless a try under way held some when the disk got well again.
    REQUIRE(dropped.others <= 2);
    if (dropped.others > 0) CHECK(dropped.samples == static_cast<std::uint64_t>(kMany));
    const std::array<const char*, 3> oldest{"first", "last", "0"};
    CHECK(std::get<RetractEntry>(entries.front().what).id == oldest.at(dropped.others));
    CHECK(std::get<RetractEntry>(entries.back().what).id == std::to_string(kMany - 1));
  }
  CHECK(failed == 1);
  const auto last = Ledger::open_to_read(folder.file())->last_run();
  CHECK((*last)->state == "new");
}

TEST_CASE("a disk that hangs does not hold the end of a writer") {
  const TestFolder folder;
  const BrokenDisk disk;
  const auto called = std::make_shared<std::atomic<int>>(0);
  {
    LedgerWriter writer = writer_of(folder);
    BrokenDisk::mode() = BrokenDisk::Mode::hangs;
    writer.write({{retract_at(0, "a")}, {}}, [called](const auto&) { ++*called; });
    CHECK_FALSE(writer.flush(10ms));
  }
  CHECK(*called == 0);
  BrokenDisk::mode() = BrokenDisk::Mode::works;
  // What was left behind ends by itself, and calls nobody.
  for (int i = 0; i < 1000 && all_of(folder).empty(); ++i)
    usleep(10'000);
  CHECK(all_of(folder).size() == 1);
  CHECK(*called == 0);
}

TEST_CASE("a writer rolls up when nothing waits") {
  const TestFolder folder;
  LedgerWriter writer = writer_of(folder);
  LedgerBatch batch;
  for (int i = 0; i < 3600; ++i)
    batch.entries.push_back(sample_at(i));
  writer.write(batch);
  writer.roll_up(at_second(7200));
  REQUIRE(writer.flush(kLong));
  for (int i = 0; i < 1000 && all_of(folder).size() > 61; ++i)
    usleep(10'000);
  CHECK(all_of(folder).size() <= 61);
}
