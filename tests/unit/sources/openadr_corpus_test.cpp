#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_openadr.h"
#include "tests/unit/catch.h"

namespace ebb::sources::openadr {
namespace {

TEST_CASE("fuzz corpus: answers of a VTN", "[openadr]") {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/openadr")) {
    CAPTURE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    CHECK_NOTHROW(fuzz_openadr(bytes));
    ++files;
  }
  CHECK(files > 5);
}

}  // namespace
}  // namespace ebb::sources::openadr
