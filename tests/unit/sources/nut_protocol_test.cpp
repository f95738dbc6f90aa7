#include "sources/nut/nut_protocol.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/fuzz/fuzz_nut_line.h"
#include "tests/unit/catch.h"

namespace ebb::sources {
namespace {

std::string value(std::string_view line) {
  const auto value = parse_nut_value(line, "ups", "ups.status");
  return value ? "=" + *value : value.error();
}

TEST_CASE("upsd's value of a variable", "[nut]") {
  CHECK(value("VAR ups ups.status \"OL CHRG\"\n") == "=OL CHRG");
  CHECK(value("VAR ups ups.status \"\"\r\n") == "=");
  CHECK(value(R"(VAR ups ups.status "a \"b\" \\c")") == R"(=a "b" \c)");
}

TEST_CASE("what is no value of it", "[nut]") {
  CHECK(value("ERR DATA-STALE\n") == "upsd says DATA-STALE");
  CHECK(value("ERR DRIVER-NOT-CONNECTED") == "upsd says DRIVER-NOT-CONNECTED");
  for (const char* line :
       {"", "\n", "VAR", "VAR other ups.status \"OL\"", "VAR ups ups.load \"20\"",
        "VAR ups ups.status OL", "VAR ups ups.status \"OL", "VAR ups ups.status \"OL\\",
        "VAR ups ups.status \"OL\" \"OB\"", "ERR", "ERR ", "ERR \x1b[31m", "OK",
        "ERR ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNO"}) {
    INFO(line);
    CHECK(value(line) == "upsd's answer is not understood");
  }
}

TEST_CASE("upsd's consent", "[nut]") {
  CHECK(parse_nut_ok("OK\n"));
  CHECK(parse_nut_ok("OK Goodbye\n"));
  CHECK(parse_nut_ok("ERR INVALID-PASSWORD\n").error() == "upsd says INVALID-PASSWORD");
  CHECK_FALSE(parse_nut_ok("OKAY\n"));
}

TEST_CASE("a word in quotes", "[nut]") {
  CHECK(nut_quoted("plain") == "\"plain\"");
  CHECK(nut_quoted(R"(a "b" \)") == R"("a \"b\" \\")");
}

TEST_CASE("fuzz corpus: upsd's lines") {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/nut_line")) {
    CAPTURE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    CHECK_NOTHROW(fuzz_nut_line(bytes));
    ++files;
  }
  CHECK(files > 0);
}

}  // namespace
}  // namespace ebb::sources
