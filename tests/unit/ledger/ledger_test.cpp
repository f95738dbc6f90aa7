#include "throttle/ledger/ledger.h"

#include <sys/stat.h>

#include <fstream>
#include <limits>
#include <random>

#include "tests/unit/ledger/support.h"

using namespace ebb::throttle;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

Ledger opened(const TestFolder& folder) {
  auto ledger = Ledger::open(folder.file());
  INFO((ledger ? "" : ledger.error().text));
  REQUIRE(ledger);
  return std::move(*ledger);
}

std::vector<LedgerEntry> all_of(const Ledger& ledger) {
  auto entries = ledger.read(WallTime::min(), WallTime::max(), 1'000'000);
  REQUIRE(entries);
  return std::move(*entries);
}

void execute(const std::filesystem::path& file, const char* sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &handle) == SQLITE_OK);
  char* error = nullptr;
  sqlite3_exec(handle, sql, nullptr, nullptr, &error);
  INFO((error == nullptr ? "" : error));
  REQUIRE(error == nullptr);
  sqlite3_close(handle);
}

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

Decision some_decision() {
  Decision decision;
  decision.limit = {0.1 + 0.2, 250.5, 1e15 / 3};
  decision.state = State::holdoff;
  decision.reasons = {
      {"ups", SignalClass::protective, {0, {}, {}}, "on \"battery\"\n\xff", {}, false},
      {"policy", {}, {1, 20.0, {}}, "ramp", at_second(9), true}};
  decision.earliest_return = at_second(100);
  decision.next = PlannedChange{at_second(50), "schedule: 0%"};
  decision.event = 7;
  return decision;
}

void roll_up(Ledger& ledger, WallTime before) {
  for (;;) {
    const auto more = ledger.roll_up(before);
    REQUIRE(more);
    if (!*more) return;
  }
}

}  // namespace

TEST_CASE("every kind of entry comes back as it was written, in order of writing") {
  const TestFolder folder;
  Signal signal{"schedule",
                "x",
                PowerCap{0.1},
                SignalClass::economic,
                at_second(1),
                at_second(2),
                at_second(3),
                at_second(4),
                5,
                "'; DROP TABLE entry --",
                true,
                true};
  const Override override{at_second(77), "because"};
  {
    Ledger ledger = opened(folder);
    LedgerBatch batch;
    batch.entries = {{at_second(9), 1, SignalEntry{signal, "too old"}},
                     {at_second(8), 2, RetractEntry{"a", "b"}},
                     {at_second(7), 7, DecisionEntry{some_decision()}},
                     sample_at(6),
                     {at_second(5), 0, OverrideEntry{override}},
                     {at_second(5), 0, OverrideEntry{}},
                     {at_second(4), 0, RunEntry{true, Start::killed, "boot", "1.2"}},
                     {at_second(3), 7, ZeroEntry{true, milliseconds(17), "no hash"}},
                     {at_second(3), 7, ZeroEntry{}}};
    REQUIRE(ledger.commit(batch));
  }
  const Ledger ledger = opened(folder);
  const auto entries = all_of(ledger);
  REQUIRE(entries.size() == 9);
  CHECK(entries[0].at == at_second(9));
  CHECK(entries[0].event == 1);
  CHECK(std::get<SignalEntry>(entries[0].what).signal == signal);
  CHECK(std::get<SignalEntry>(entries[0].what).refused == "too old");
  CHECK(std::get<RetractEntry>(entries[1].what).id == "b");
  CHECK(std::get<DecisionEntry>(entries[2].what).decision == some_decision());
  const auto& sample = std::get<SampleEntry>(entries[3].what);
  CHECK(sample.hps == 1e6);
  CHECK(sample.watts == 100.0);
  CHECK(sample.meter == "meter");
  CHECK(sample.over == seconds(1));
  CHECK(std::get<OverrideEntry>(entries[4].what).override == override);
  CHECK_FALSE(std::get<OverrideEntry>(entries[5].what).override);
  CHECK(std::get<RunEntry>(entries[6].what).how == Start::killed);
  CHECK(std::get<RunEntry>(entries[6].what).boot_id == "boot");
  CHECK(std::get<ZeroEntry>(entries[7].what).time_to_zero == milliseconds(17));
  CHECK_FALSE(std::get<ZeroEntry>(entries[8].what).time_to_zero);
  CHECK(ledger.damaged_rows() == 0);

  CHECK(ledger.read(at_second(4), at_second(7), 100)->size() == 4);
  CHECK(ledger.read(at_second(4), at_second(7), 2)->size() == 2);
}

TEST_CASE("only the owner may read a ledger, and its folders are made") {
  const TestFolder folder;
  Ledger ledger = opened(folder);
  REQUIRE(ledger.commit({{retract_at(0, "a")}, "state"}));
  CHECK(mode_of(folder.file()) == 0600);
  CHECK(mode_of(folder.file().string() + "-wal") == 0600);
  CHECK(mode_of(folder.file().parent_path()) == 0700);
}

TEST_CASE("the last run is known by its state, its boot and its end") {
  const TestFolder folder;
  Ledger ledger = opened(folder);
  CHECK_FALSE(ledger.last_run()->has_value());
  REQUIRE(ledger.commit({{{at_second(0), 0, RunEntry{true, Start::fresh, "boot", "1"}}}, "first"}));
  REQUIRE(ledger.commit({{}, "second"}));
  CHECK((*ledger.last_run())->state == "second");
  CHECK((*ledger.last_run())->boot_id == "boot");
  CHECK_FALSE((*ledger.last_run())->clean);
  REQUIRE(ledger.commit({{{at_second(1), 0, RunEntry{false, Start::fresh, "boot", "1"}}}, {}}));
  CHECK((*ledger.last_run())->clean);
  CHECK((*ledger.last_run())->state == "second");

  execute(folder.file(), "UPDATE entry SET data = 'nonsense' WHERE kind = 'run'");
  CHECK_FALSE((*ledger.last_run())->clean);
}

TEST_CASE("rows that make no sense are skipped and counted") {
  const TestFolder folder;
  Ledger ledger = opened(folder);
  REQUIRE(ledger.commit({{retract_at(0, "first"), sample_at(1)}, {}}));
  execute(folder.file(), R"(
INSERT INTO entry VALUES (100, 0, 0, 'decision', '{"limit": {"fraction": "2"}}');
INSERT INTO entry VALUES (101, 0, 0, 'decision', '[[[[');
INSERT INTO entry VALUES (102, 0, 0, 'signal', '{"signal": 5}');
INSERT INTO entry VALUES (103, 0, 0, 'what', '{}');
INSERT INTO entry VALUES (104, 0, 0, 'run', '{"started": true, "how": "x", "boot_id": "", "version": ""}');
INSERT INTO entry VALUES (105, 0, 0, 'zero', '{"proved": true, "text": "", "time_to_zero_ms": "x"}');
INSERT INTO entry VALUES (106, -9223372036854775807, 0, 'retract', '{"source": "", "id": ""}');
INSERT INTO entry VALUES (107, 0, -1, 'retract', '{"source": "", "id": ""}');
INSERT INTO entry VALUES (108, 0, 0, 'override', '{"override": [1]}');
INSERT INTO sample VALUES (109, 0, 0, 9e999, 1, NULL, '', 0, 1, 0);
INSERT INTO sample VALUES (110, 0, 0, 1, 1, NULL, '', 0, -1, 0);
)");
  CHECK(all_of(ledger).size() == 2);
  CHECK(ledger.damaged_rows() == 11);
}

TEST_CASE("figures that are no numbers are written as none") {
  const TestFolder folder;
  Ledger ledger = opened(folder);
  LedgerEntry entry = sample_at(0, std::numeric_limits<double>::quiet_NaN());
  std::get<SampleEntry>(entry.what).watts = std::numeric_limits<double>::infinity();
  REQUIRE(ledger.commit({{entry}, {}}));
  const auto entries = all_of(ledger);
  REQUIRE(entries.size() == 1);
  CHECK(std::get<SampleEntry>(entries[0].what).hps == 0);
  CHECK_FALSE(std::get<SampleEntry>(entries[0].what).watts);
}

TEST_CASE("what is no ledger is not opened, and not touched") {
  const TestFolder folder;
  std::filesystem::create_directories(folder.file().parent_path());
  std::string content(8192, 'x');
  SECTION("a text") {
    std::ofstream(folder.file()) << content;
    const auto ledger = Ledger::open(folder.file());
    REQUIRE_FALSE(ledger);
    CHECK(ledger.error().damaged);
    std::ifstream file(folder.file());
    const std::string now{std::istreambuf_iterator<char>(file), {}};
    CHECK(now == content);
  }
  SECTION("somebody's database") {
    execute(folder.file(), "CREATE TABLE t (x)");
    const auto ledger = Ledger::open(folder.file());
    REQUIRE_FALSE(ledger);
    CHECK(ledger.error().damaged);
    CHECK_FALSE(Ledger::open_to_read(folder.file()));
  }
  SECTION("a later version's") {
    opened(folder);
    execute(folder.file(), "PRAGMA user_version = 2");
    const auto ledger = Ledger::open(folder.file());
    REQUIRE_FALSE(ledger);
    CHECK_FALSE(ledger.error().damaged);
    CHECK(ledger.error().text.find("version 2") != std::string::npos);
  }
  SECTION("a ledger without a table") {
    opened(folder);
    execute(folder.file(), "DROP TABLE sample");
    const auto ledger = Ledger::open(folder.file());
    REQUIRE_FALSE(ledger);
    CHECK(ledger.error().damaged);
  }
  SECTION("nothing, to read") {
    const auto ledger = Ledger::open_to_read(folder.file());
    REQUIRE_FALSE(ledger);
    CHECK_FALSE(ledger.error().damaged);
    CHECK_FALSE(std::filesystem::exists(folder.file()));
  }
  SECTION("a folder") {
    std::filesystem::create_directory(folder.file());
    CHECK_FALSE(Ledger::open(folder.file()));
  }
}

TEST_CASE("others read while a ledger is written") {
  const TestFolder folder;
  Ledger ledger = opened(folder);
  REQUIRE(ledger.commit({{retract_at(0, "a")}, {}}));
  auto reader = Ledger::open_to_read(folder.file());
  REQUIRE(reader);
  REQUIRE(ledger.commit({{retract_at(1, "b")}, {}}));
  CHECK(all_of(*reader).size() == 2);
}

TEST_CASE("seconds become minutes, once") {
  const TestFolder folder;
  Ledger ledger = opened(folder);
  LedgerBatch batch;
  const auto start = std::chrono::ceil<minutes>(at_second(0));
  for (int second = 0; second < 30 * 60; ++second) {
    LedgerEntry entry = sample_at(0, second < 60 ? 1e6 : 2e6, second < 90 ? 1 : 0);
    entry.at = start + seconds(second);
    if (second % 2 == 1) std::get<SampleEntry>(entry.what).watts.reset();
    batch.entries.push_back(entry);
  }
  batch.entries.push_back(retract_at(2000, "kept"));
  REQUIRE(ledger.commit(batch));
  const WallTime before = start + minutes(25) + seconds(30);
  roll_up(ledger, before);
  const auto entries = all_of(ledger);
  // The second minute belongs to two events.
  REQUIRE(entries.size() == 26 + 5 * 60 + 1);
  const auto& first = std::get<SampleEntry>(entries[0].what);
  CHECK(first.hps == Approx(1e6));
  CHECK(first.watts == Approx(100));
  CHECK(first.over == seconds(60));
  CHECK(entries[0].event == 1);
  CHECK(entries[0].at == start + seconds(59));
  CHECK(std::get<SampleEntry>(entries[1].what).over == seconds(30));
  CHECK(entries[2].event == 0);
  double hashes = 0;
  for (const LedgerEntry& entry : entries) {
    if (const auto* sample = std::get_if<SampleEntry>(&entry.what)) {
      hashes += sample->hps * static_cast<double>(sample->over.count());
    }
  }
  CHECK(hashes == Approx(60 * 1e6 + 29 * 60 * 2e6));

  roll_up(ledger, before);
  CHECK(all_of(ledger).size() == entries.size());

  roll_up(ledger, start + std::chrono::hours(24 * 400));
  CHECK(all_of(ledger).size() == 1);
}

TEST_CASE("a roll-up takes little at a time") {
  const TestFolder folder;
  Ledger ledger = opened(folder);
  LedgerBatch batch;
  for (int second = 0; second < 3600; ++second)
    batch.entries.push_back(sample_at(second));
  REQUIRE(ledger.commit(batch));
  REQUIRE(*ledger.roll_up(at_second(7200)));
  CHECK(all_of(ledger).size() > 2900);
}

TEST_CASE("the beginning of an event is found from its middle") {
  const TestFolder folder;
  Ledger ledger = opened(folder);
  REQUIRE(ledger.commit({{sample_at(0, 1, 0),
                          sample_at(10, 1, 3),
                          sample_at(20, 1, 3),
                          {at_second(5), 3, DecisionEntry{some_decision()}},
                          sample_at(30, 1, 4)},
                         {}}));
  CHECK(*ledger.first_of_events(at_second(15), at_second(25)) == at_second(5));
  CHECK(*ledger.first_of_events(at_second(29), at_second(99)) == at_second(29));
  CHECK(*ledger.first_of_events(at_second(50), at_second(99)) == at_second(50));
}

TEST_CASE(
    "a full or broken disk loses nothing that was acknowledged, and nothing comes by halves") {
  const TestFolder folder;
  const BrokenDisk disk;
  const auto mode =
      GENERATE(BrokenDisk::Mode::full, BrokenDisk::Mode::io_error, BrokenDisk::Mode::sync_error);
  {
    Ledger ledger = opened(folder);
    REQUIRE(ledger.commit({{retract_at(0, "before")}, "one"}));
    BrokenDisk::mode() = mode;
    for (int i = 0; i < 3; ++i) {
      const auto failed = ledger.commit({{retract_at(1, "lost"), retract_at(1, "lost")}, "two"});
      REQUIRE_FALSE(failed);
      CHECK_FALSE(failed.error().empty());
      CHECK((*ledger.last_run())->state == "one");
    }
    BrokenDisk::mode() = BrokenDisk::Mode::works;
    REQUIRE(ledger.commit({{retract_at(2, "after")}, "three"}));
  }
  const Ledger ledger = opened(folder);
  const auto entries = all_of(ledger);
  REQUIRE(entries.size() == 2);
  CHECK(std::get<RetractEntry>(entries[1].what).id == "after");
  CHECK((*ledger.last_run())->state == "three");
}

TEST_CASE("torn and flipped files open without half a batch, or are said to be damaged") {
  const TestFolder folder;
  constexpr int kBatches = 40;
  const std::filesystem::path torn = folder.path() / "torn.db";
  const auto copy_with = [&](const auto& harm) {
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream from(folder.file().string() + suffix, std::ios::binary);
      std::string bytes{std::istreambuf_iterator<char>(from), {}};
      harm(bytes, *suffix != '\0');
      std::ofstream(torn.string() + suffix, std::ios::binary) << bytes;
    }
    std::filesystem::remove(torn.string() + "-shm");
  };
  Ledger ledger = opened(folder);
  for (int batch = 0; batch < kBatches; ++batch) {
    // Some of it lies in the database already, the rest in the WAL.
    if (batch == kBatches / 2) execute(folder.file(), "PRAGMA wal_checkpoint(TRUNCATE)");
    const std::string id = std::to_string(batch);
    REQUIRE(
        ledger.commit({{retract_at(batch, id), retract_at(batch, id), retract_at(batch, id)}, id}));
  }
  std::minstd_rand random(1);
  int whole = 0, damaged = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const bool truncate = trial % 2 == 0;
    copy_with([&](std::string& bytes, bool is_wal) {
      if (bytes.empty() || (truncate && !is_wal && trial % 8 != 0)) return;
      const std::size_t at = random() % bytes.size();
      if (truncate) {
        bytes.resize(at);
      } else {
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
      }
    });
    const auto result = Ledger::open(torn);
    if (!result) {
      CAPTURE(result.error().text);
      CHECK(result.error().text.find('\n') == std::string::npos);
      ++damaged;
      continue;
    }
    const auto entries = result->read(WallTime::min(), WallTime::max(), 1000);
    if (!entries) {
      ++damaged;
      continue;
    }
    ++whole;
    if (!truncate) continue;  // a flipped bit of a text is only a different text
    REQUIRE(entries->size() % 3 == 0);
    const auto last = result->last_run();
    REQUIRE(last);
    const std::string newest =
        entries->empty() ? "" : std::get<RetractEntry>(entries->back().what).id;
    CHECK((*last ? (*last)->state : "") == newest);
  }
  CHECK(whole > 50);
  CHECK(damaged > 10);
}
