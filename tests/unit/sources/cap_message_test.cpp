#include "sources/cap_message.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz_cap_message.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::sources;
using throttle::DutyCap;
using throttle::WallTime;

namespace {

WallTime at_seconds(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

std::string fault(std::string_view text) {
  const auto message = parse_cap_message(text);
  return message ? "accepted" : message.error();
}

std::optional<WallTime> until(const std::string& value) {
  const auto message = parse_cap_message(R"({"cap":0,"until":)" + value + "}");
  return message ? message->until : std::nullopt;
}

}  // namespace

TEST_CASE("cap message: all of its members") {
  const auto message = parse_cap_message(
      R"({"cap": "40%", "from": "2022-01-24T00:00:00+06:00", "until": "2022-02-01T00:00:00Z",
          "class": "economic", "reason": "peak", "seq": 7, "sent": 1643673600, "id": "dr-17"})");
  REQUIRE(message);
  CHECK(message->cap == throttle::Cap(DutyCap{0.4}));
  CHECK(message->from == at_seconds(1642960800));
  CHECK(message->until == at_seconds(1643673600));
  CHECK(message->sent == at_seconds(1643673600));
  CHECK(message->signal_class == throttle::SignalClass::economic);
  CHECK(message->reason == "peak");
  CHECK(message->sequence == 7);
  CHECK(message->id == "dr-17");
}

TEST_CASE("cap message: a cap alone is enough") {
  const auto message = parse_cap_message(R"({"cap": 0})");
  REQUIRE(message);
  CHECK(message->cap == throttle::Cap(DutyCap{0}));
  CHECK_FALSE(message->from);
  CHECK_FALSE(message->until);
  CHECK_FALSE(message->sent);
  CHECK_FALSE(message->signal_class);
  CHECK(message->sequence == 0);
  CHECK(message->id == "cap");
}

TEST_CASE("cap message: null ends what stands under the id") {
  const auto message = parse_cap_message(R"({"cap": null, "id": "dr-17", "seq": 8})");
  REQUIRE(message);
  CHECK_FALSE(message->cap);
  CHECK(message->id == "dr-17");
  CHECK(message->sequence == 8);
}

TEST_CASE("cap message: caps of every unit") {
  const auto cap = [](const std::string& value) {
    return parse_cap_message(R"({"cap":)" + value + "}").value().cap;
  };
  CHECK(cap("1") == throttle::Cap(DutyCap{1}));
  CHECK(cap("0.25") == throttle::Cap(DutyCap{0.25}));
  CHECK(cap("\"0.25\"") == throttle::Cap(DutyCap{0.25}));
  CHECK(cap("\"250W\"") == throttle::Cap(throttle::PowerCap{250}));
  CHECK(cap("\"20M\"") == throttle::Cap(throttle::HashrateCap{20e6}));

  // A percentage without its sign is a hundred times too much or nothing at all: never guessed.
  const std::string range =
      R"(cap: must be a fraction from 0 to 1, a text such as "40%" or "250W")";
  for (const char* value : {"40", "1.01", "-1", "-0.0", "1e400", "true", "[0]", "{}"}) {
    CAPTURE(value);
    CHECK(fault(R"({"cap":)" + std::string(value) + "}").find("accepted") == std::string::npos);
  }
  CHECK(fault(R"({"cap":40})").starts_with(range));
  CHECK(fault(R"({"cap":"120%"})") == "cap: '120%' is above 100%");
  CHECK(fault(R"({"cap":""})") == "cap: '' is not a cap such as 40%, 250W or 20MH/s");
}

TEST_CASE("cap message: times are RFC 3339 with an offset, or count from 1970") {
  CHECK(until("1643673600") == at_seconds(1643673600));
  CHECK(until("1643673600000") == at_seconds(1643673600));
  CHECK(until("1643673600.5") == at_seconds(1643673600) + std::chrono::milliseconds(500));
  CHECK(until("99999999999") == at_seconds(99'999'999'999));  // the last seconds
  CHECK(until("100000000000") == at_seconds(100'000'000));    // the first milliseconds
  CHECK(until("\"2022-02-01T00:00:00Z\"") == at_seconds(1643673600));
  CHECK(until("\"2022-02-01 06:00+06:00\"") == at_seconds(1643673600));
  CHECK(until("\"2022-02-01T00:00:00.999999+00:00\"") == at_seconds(1643673600));
  for (const char* value :
       {"\"2022-02-01\"", "\"2022-02-01T00:00:00\"", "\"tomorrow\"", "\"\"", "-1", "1e300", "null",
        "true", "\"2022-02-30T00:00:00Z\"", "\"2022-02-01T00:00:00+6\"", "\".\""}) {
    CAPTURE(value);
    CHECK_FALSE(until(value));
  }
  CHECK(fault(R"({"cap":0,"until":"2022-02-01"})") ==
        "until: must be a time with its offset, as 2022-01-31T23:59:00Z");
  CHECK(fault(R"({"cap":0,"from":2000,"until":1000})") == "until: is not after from");
  CHECK(fault(R"({"cap":0,"from":1000,"until":1000})") == "until: is not after from");
}

TEST_CASE("cap message: what is wrong is refused with one line") {
  CHECK(fault("") == "not JSON: incomplete JSON");
  CHECK(fault("[]") == "not a JSON object");
  CHECK(fault("0") == "not a JSON object");
  CHECK(fault("{}") == "cap: is missing");
  CHECK(fault(R"({"cap":0,"capp":1})") == "capp: is no member of a message");
  CHECK(fault(R"({"cap":0,"class":"urgent"})") ==
        "class: must be mandatory, protective, economic or operator");
  CHECK(fault(R"({"cap":0,"reason":1})") == "reason: must be a text");
  CHECK(fault(R"({"cap":0,"id":""})") == "id: must be a text of 1 to 200 bytes");
  CHECK(fault(R"({"cap":0,"id":")" + std::string(201, 'a') + "\"}") ==
        "id: must be a text of 1 to 200 bytes");
  for (const char* sequence : {"0", "-1", "1.0", "1.5", "\"7\"", "18446744073709551616", "null"}) {
    CAPTURE(sequence);
    CHECK(fault(R"({"cap":0,"seq":)" + std::string(sequence) + "}") ==
          "seq: must be a whole number of 1 or more");
  }
  CHECK(parse_cap_message(R"({"cap":0,"seq":18446744073709551615})")->sequence == UINT64_MAX);
  CHECK(fault("{\"cap\":0,\"\\u001b[31m\\n\":1}") == " [31m : is no member of a message");
}

TEST_CASE("cap message: length and nesting are bounded") {
  const auto padded = [](std::size_t size) {
    const std::string head = R"({"cap":0,"reason":")", tail = "\"}";
    return head + std::string(size - head.size() - tail.size(), 'x') + tail;
  };
  CHECK(parse_cap_message(padded(kMaxCapMessage)));
  CHECK(fault(padded(kMaxCapMessage + 1)) == "longer than 4096 bytes");
  CHECK(fault(std::string(4096, '[')).starts_with("not JSON: "));
  CHECK(fault(R"({"cap":[[0]]})").starts_with("not JSON: "));
}

TEST_CASE("fuzz corpus: cap messages") {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(EBB_TEST_DATA "/../fuzz/corpus/cap_message")) {
    CAPTURE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    CHECK_NOTHROW(fuzz_cap_message(bytes));
    ++files;
  }
  CHECK(files > 0);
}
