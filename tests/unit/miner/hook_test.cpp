#include "miner/hook.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/unit/catch.h"

using ebb::miner::Hook;
using namespace std::chrono_literals;

namespace {

/// How it ended, with all time to end in; the hook's clock stands still.
std::string result(Hook& hook, Hook::Clock::time_point now = {}) {
  const auto deadline = Hook::Clock::now() + 20s;
  while (Hook::Clock::now() < deadline) {
    if (const auto ended = hook.poll(now)) return *ended;
    std::this_thread::sleep_for(1ms);
  }
  return "not within 20 s";
}

std::string run(std::string command, const Hook::Environment& environment = {}) {
  Hook hook(std::move(command));
  if (const auto failure = hook.start({}, environment)) return *failure;
  return result(hook);
}

}  // namespace

TEST_CASE("hook: how the command ended is told once") {
  Hook hook("exit 3");
  CHECK_FALSE(hook.poll({}));
  CHECK_FALSE(hook.start({}, {}));
  CHECK(hook.is_running());
  CHECK(result(hook) == "the hook ended with exit code 3");
  CHECK_FALSE(hook.is_running());
  CHECK_FALSE(hook.poll({}));
  CHECK(run("kill -9 $$") == "the hook was ended by signal 9");
  CHECK(run("/nothing/here 2>/dev/null") == "the hook ended with exit code 127");
}

TEST_CASE("hook: the environment is this process's and what is added, and wins") {
  ::setenv("EBB_TEST_OWN", "own", 1);
  ::setenv("EBB_TEST_REPLACED", "old", 1);
  CHECK(run("test \"$EBB_TEST_OWN $EBB_TEST_REPLACED\" = 'own a; \"b\"'",
            {{"EBB_TEST_REPLACED", "a; \"b\""}}) == "the hook ended with exit code 0");
}

TEST_CASE("hook: the command has no file of this process but the error stream") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  CHECK(run("test -e /proc/self/fd/" + std::to_string(ends[1])) ==
        "the hook ended with exit code 1");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("hook: a signal that this process blocks or ignores works in the command") {
  sigset_t usr1, before;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  REQUIRE(::pthread_sigmask(SIG_BLOCK, &usr1, &before) == 0);
  CHECK(run("kill -USR1 $$; exit 0") == "the hook was ended by signal " + std::to_string(SIGUSR1));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_CASE("hook: what runs too long is killed, with all that it started") {
  const std::string fifo =
      (std::filesystem::temp_directory_path() / ("ebb-hook-" + std::to_string(::getpid())))
          .string();
  ::unlink(fifo.c_str());
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  Hook hook("exec 9> " + fifo + "; sleep 60 & echo >&9; wait", 60s);
  for (int round = 0; round < 2; ++round) {
    CHECK_FALSE(hook.start({}, {}));
    CHECK(hook.start({}, {}) == "the hook still runs");
    const int reader = ::open(fifo.c_str(), O_RDONLY);  // waits for the command's end of it
    char byte = 0;
    CHECK(::read(reader, &byte, 1) == 1);  // the child has been started
    CHECK_FALSE(hook.poll(Hook::Clock::time_point{} + 59s));
    CHECK(hook.is_running());
    CHECK(result(hook, Hook::Clock::time_point{} + 60s) == "the hook did not end in 60 s: killed");
    pollfd end{reader, POLLIN, 0};
    CHECK(::poll(&end, 1, 20'000) == 1);
    CHECK(::read(reader, &byte, 1) == 0);  // the last of its writers is gone
    ::close(reader);
  }
  ::unlink(fifo.c_str());
}
