#include "core/printable.h"

#include <string>

#include "tests/unit/catch.h"

namespace ebb::core {
namespace {

TEST_CASE(
    "a remote party's text is cut to 200 bytes between characters, and cannot steer a terminal") {
  CHECK(printable(std::string(300, 'x')) == std::string(200, 'x'));
  CHECK(printable(std::string(199, 'x') + "\xc3\xbc") == std::string(199, 'x'));
  CHECK(printable(std::string(198, 'x') + "\xc3\xbc") == std::string(198, 'x') + "\xc3\xbc");
  CHECK(printable("a\x1b[31mb\nc\td\x7f") == "a [31mb c d ");
  CHECK(printable("a\xc2\x9b"
                  "31m") == "a 31m");  // U+009B, CSI in one character
  CHECK(printable("\xc2\xa9") == "\xc2\xa9");
}

}  // namespace
}  // namespace ebb::core
