#include "stratum/line.h"

#include "tests/unit/catch.h"

namespace ebb::stratum {
namespace {

using Lines = std::vector<std::string>;

bool refused(std::string_view line) {
  return !parse_line(line).has_value();
}

std::string nested(std::size_t levels) {
  return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
}

}  // namespace

TEST_CASE("lines end in LF or CR LF, and empty ones are left out") {
  LineFramer framer;
  CHECK(framer.push("one\ntwo\r\n\n\r\nthree\n").lines == Lines{"one", "two", "three"});
}

TEST_CASE("a CR inside a line is part of it") {
  LineFramer framer;
  CHECK(framer.push("a\rb\n").lines == Lines{"a\rb"});
}

TEST_CASE("several lines in one packet, one line over many packets") {
  LineFramer framer;
  CHECK(framer.push("one\ntwo\nthr").lines == Lines{"one", "two"});
  CHECK(framer.push("e").lines.empty());
  CHECK(framer.push("").lines.empty());
  CHECK(framer.push("e\r").lines.empty());
  CHECK(framer.push("\nfour").lines == Lines{"three"});
  CHECK(framer.push("\n").lines == Lines{"four"});
}

TEST_CASE("a line cut at every place comes out the same") {
  const std::string text = "alpha\r\nbeta\n\ngamma\r\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    LineFramer framer;
    Lines lines = framer.push(text.substr(0, cut)).lines;
    for (std::string& line : framer.push(text.substr(cut)).lines)
      lines.push_back(std::move(line));
    CHECK(lines == Lines{"alpha", "beta", "gamma"});
  }
}

TEST_CASE("a notify of 40 kB passes whole") {
  LineFramer framer;
  const std::string line(40'000, 'f');
  const auto chunk = framer.push(line + "\n");
  CHECK(chunk.overlong == 0);
  CHECK(chunk.lines == Lines{line});
}

TEST_CASE("a line of 2 MiB is dropped whole and counted once, the next one is read") {
  LineFramer framer;
  const std::string packet(1460, 'x');
  std::size_t overlong = 0;
  for (std::size_t sent = 0; sent < 2 << 20; sent += packet.size()) {
    const auto chunk = framer.push(packet);
    CHECK(chunk.lines.empty());
    overlong += chunk.overlong;
  }
  CHECK(overlong == 1);
  const auto chunk = framer.push("tail\nnext\n");
  CHECK(chunk.lines == Lines{"next"});
  CHECK(chunk.overlong == 0);
}

TEST_CASE("the limit itself is allowed, one byte more is not") {
  LineFramer framer(8);
  CHECK(framer.push("12345678\n").lines == Lines{"12345678"});
  const auto chunk = framer.push("123456789\nab\n");
  CHECK(chunk.overlong == 1);
  CHECK(chunk.lines == Lines{"ab"});
}

TEST_CASE("several overlong lines in one packet are counted each") {
  LineFramer framer(4);
  const auto chunk = framer.push("aaaaa\nbbbbb\nok\nccccc");
  CHECK(chunk.overlong == 3);
  CHECK(chunk.lines == Lines{"ok"});
  CHECK(framer.push("ccc\nend\n").lines == Lines{"end"});
}

TEST_CASE("NUL does not end a line, and makes it no JSON") {
  LineFramer framer;
  const std::string line("{\"a\":1}\0{\"b\":2}", 15);
  const auto chunk = framer.push(line + "\n");
  REQUIRE(chunk.lines == Lines{line});
  CHECK(refused(chunk.lines[0]));
  CHECK(refused(std::string_view("{\"a\":1}\0", 8)));
  CHECK(refused(std::string_view("{\"a\":\"x\0y\"}", 11)));
}

TEST_CASE("an object is wanted, and nothing after it") {
  CHECK(parse_line("{}").has_value());
  CHECK(parse_line(" {\"a\" : 1} ").has_value());
  for (const char* line : {"", " ", "[]", "1", "null", "\"x\"", "{", "{\"a\":}", "{\"a\":1}}",
                           "{\"a\":1} x", "{'a':1}", "{\"a\":1,}", "{a:1}", "{\"a\":01}"}) {
    INFO(line);
    CHECK(refused(line));
  }
}

TEST_CASE("datum's answer to minimum-difficulty alone is no JSON") {
  CHECK(refused(R"({"error":null,"id":3,"result":{,"minimum-difficulty":false}})"));
}

TEST_CASE("sixteen levels are read, seventeen are not") {
  CHECK(parse_line(nested(16)).has_value());
  CHECK(refused(nested(17)));
  CHECK(refused(nested(100'000)));
  CHECK(refused("{\"a\":" + std::string(1'000'000, '[')));
}

TEST_CASE("bad UTF-8 is refused, good UTF-8 is kept") {
  CHECK(refused("{\"a\":\"\xff\"}"));
  CHECK(refused("{\"a\":\"\xc3\"}"));          // cut
  CHECK(refused("{\"a\":\"\xc0\x80\"}"));      // NUL, overlong
  CHECK(refused("{\"a\":\"\xed\xa0\x80\"}"));  // a surrogate
  CHECK(refused(R"({"a":"\ud800"})"));
  const auto good = parse_line("{\"a\":\"gr\xc3\xbc\xc3\x9f\"}");
  REQUIRE(good.has_value());
  CHECK(good->at("a").as_string() == "gr\xc3\xbc\xc3\x9f");
}

TEST_CASE("of equal keys the last wins, in small objects and large") {
  const auto small = parse_line(R"({"id":1,"x":0,"id":2,"id":3})");
  REQUIRE(small.has_value());
  CHECK(small->at("id").as_int64() == 3);

  std::string text = "{";
  for (int i = 0; i < 100; ++i)  // Boost.JSON hashes keys from 19 on
    text += "\"k" + std::to_string(i % 50) + "\":" + std::to_string(i) + ",";
  text.back() = '}';
  const auto large = parse_line(text);
  REQUIRE(large.has_value());
  CHECK(large->size() == 50);
  CHECK(large->at("k7").as_int64() == 57);
}

TEST_CASE("64-bit integers and exponents are read") {
  const auto numbers = parse_line(
      R"({"a":18446744073709551615,"b":-9223372036854775808,"c":1e3,"d":1.5E-3,"e":0.5})");
  REQUIRE(numbers.has_value());
  CHECK(numbers->at("a").as_uint64() == 18446744073709551615u);
  CHECK(numbers->at("b").as_int64() == std::numeric_limits<std::int64_t>::min());
  CHECK(numbers->at("c").as_double() == 1000);
  CHECK(numbers->at("d").as_double() == 0.0015);
  CHECK(numbers->at("e").as_double() == 0.5);
}

TEST_CASE("the error never carries the line") {
  const auto error = parse_line("{\"secret\":hunter2}").error().what;
  CHECK(error.find("hunter2") == std::string::npos);
  CHECK(error.size() < 100);
}

}  // namespace ebb::stratum
