// The fuzzers' seeds and past findings, replayed in every test run, with any compiler.

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_bodies.h"
#include "tests/unit/catch.h"

namespace ebb::stratum {
namespace {

std::size_t for_each_file(const std::string& corpus, void (*body)(std::string_view)) {
  std::size_t files = 0;
  for (const auto& it :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/" + corpus)) {
    std::ifstream file(it.path(), std::ios::binary);
    const std::string data{std::istreambuf_iterator<char>(file), {}};
    INFO(it.path().filename().string());
    CHECK_NOTHROW(body(data));
    ++files;
  }
  return files;
}

}  // namespace

TEST_CASE("fuzz corpus: lines") {
  CHECK(for_each_file("line", fuzz_line) >= 6);
}

TEST_CASE("fuzz corpus: sessions") {
  CHECK(for_each_file("session", fuzz_session) >= 19);
}

}  // namespace ebb::stratum
