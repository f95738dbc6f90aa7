#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_address.h"
#include "tests/fuzz/fuzz_block_template.h"
#include "tests/fuzz/fuzz_coinbase.h"
#include "tests/unit/catch.h"

namespace ebb::stratum::node {
namespace {

std::size_t for_each_file(const std::string& corpus, void (*body)(std::string_view)) {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/" + corpus)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    INFO(entry.path());
    CHECK_NOTHROW(body(bytes));
    ++files;
  }
  return files;
}

}  // namespace

TEST_CASE("fuzz corpus: addresses") {
  CHECK(for_each_file("address", fuzz_address) >= 6);
}

TEST_CASE("fuzz corpus: block templates") {
  CHECK(for_each_file("block_template", fuzz_block_template) >= 4);
}

TEST_CASE("fuzz corpus: coinbases") {
  CHECK(for_each_file("coinbase", fuzz_coinbase) >= 4);
}

}  // namespace ebb::stratum::node
