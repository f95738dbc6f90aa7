// A writer killed at any moment has lost nothing that it acknowledged.

#include <sys/wait.h>

#include <csignal>
#include <random>

#include "tests/unit/ledger/support.h"

using namespace ebb::throttle;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kKills = 20;
#else
constexpr int kKills = 200;
#endif
constexpr std::uint32_t kEntries = 3;

/// Commits batch after batch, numbered from `first`, and tells the pipe each that is on disk.
[[noreturn]] void write_until_killed(const std::filesystem::path& file, std::uint32_t first,
                                     int pipe) {
  auto ledger = Ledger::open(file);
  if (!ledger) _exit(1);
  for (std::uint32_t batch = first;; ++batch) {
    const std::string id = std::to_string(batch);
    LedgerBatch content;
    for (std::uint32_t i = 0; i < kEntries; ++i)
      content.entries.push_back(retract_at(batch, id));
    content.entries.push_back(sample_at(batch));
    content.state = id;
    if (!ledger->commit(content)) _exit(2);
    if (write(pipe, &batch, sizeof batch) != sizeof batch) _exit(3);
  }
}

}  // namespace

TEST_CASE("a ledger survives kill -9 at any moment") {
  const TestFolder folder;
  std::minstd_rand random(5);
  if (kKills < 200) WARN("under a sanitizer: 20 kills instead of 200");
  std::uint32_t next = 0;
  std::uint32_t acknowledged_in_all = 0;
  for (int kill_number = 0; kill_number < kKills; ++kill_number) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(ends[0]);
      write_until_killed(folder.file(), next, ends[1]);
    }
    close(ends[1]);
    // Some die while they open, some in their first batches, some later.
    std::uint32_t acknowledged = next, batch = 0;
    for (auto batches = random() % 5; batches > 0; --batches) {
      if (read(ends[0], &batch, sizeof batch) != sizeof batch) break;
      acknowledged = batch + 1;
    }
    usleep(static_cast<useconds_t>(random() % 10'000));
    REQUIRE(kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    while (read(ends[0], &batch, sizeof batch) == sizeof batch)
      acknowledged = batch + 1;
    close(ends[0]);

    const auto ledger = Ledger::open(folder.file());
    INFO((ledger ? "" : ledger.error().text));
    REQUIRE(ledger);
    // Those before have been looked at.
    const auto entries = ledger->read(at_second(next), WallTime::max(), 1'000'000);
    REQUIRE(entries);
    REQUIRE(entries->size() % (kEntries + 1) == 0);
    const auto batches = static_cast<std::uint32_t>(entries->size() / (kEntries + 1));
    REQUIRE(next + batches >= acknowledged);
    for (std::size_t i = 0; i < entries->size(); ++i) {
      REQUIRE((*entries)[i].at == at_second(next + static_cast<std::uint32_t>(i / (kEntries + 1))));
    }
    acknowledged_in_all += acknowledged - next;
    next += batches;
    const auto last = ledger->last_run();
    REQUIRE(last);
    if (next > 0) REQUIRE((*last)->state == std::to_string(next - 1));
  }
  CHECK(acknowledged_in_all > static_cast<std::uint32_t>(kKills));
}
