#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_config.h"
#include "tests/fuzz/fuzz_control.h"
#include "tests/unit/catch.h"

namespace {

std::size_t for_each_file(const std::string& corpus, void (*body)(std::string_view)) {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/" + corpus)) {
    CAPTURE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    CHECK_NOTHROW(body(bytes));
    ++files;
  }
  return files;
}

}  // namespace

TEST_CASE("fuzz corpus: configurations") {
  CHECK(for_each_file("config", ebb::miner::fuzz_config) > 0);
}

TEST_CASE("fuzz corpus: control lines") {
  CHECK(for_each_file("control", ebb::miner::fuzz_control) > 0);
}
