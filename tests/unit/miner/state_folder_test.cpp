#include "miner/state_folder.h"

#include <sys/stat.h>

#include <filesystem>

#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

using ebb::miner::StateFolder;

TEST_CASE("a state folder is made for its user alone, and serves one miner at a time") {
  const ebb::tests::TemporaryFolder temporary;
  const auto path = temporary.path() / "deep" / "state";
  {
    const auto first = StateFolder::open(path);
    REQUIRE(first);
    CHECK(first->path() == path);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
    const auto second = StateFolder::open(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().find("another ebb") != std::string::npos);
  }
  CHECK(StateFolder::open(path));
}

TEST_CASE("a state folder that cannot be made is one line that says what to do") {
  const auto opened = StateFolder::open("/proc/no/such");
  REQUIRE_FALSE(opened);
  CHECK(opened.error().find("/proc/no/such") != std::string::npos);
  CHECK(opened.error().find("--state") != std::string::npos);
}
