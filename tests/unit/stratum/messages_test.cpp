#include "stratum/messages.h"

#include <cmath>

#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;

namespace {

Parsed<Notify> notify_of(const NotifyText& text) {
  return read_notify(json_of(text.line()));
}

Parsed<double> difficulty_of_text(const std::string& params) {
  return read_difficulty(json_of(call("mining.set_difficulty", params)));
}

Parsed<Extranonce> subscription_of(const std::string& result) {
  return read_subscribe_result(json_of(reply(1, result)));
}

Parsed<std::uint32_t> mask_of_reply(const std::string& result, const std::string& error = "null") {
  return read_configure_result(json_of(reply(1, result, error)));
}

Parsed<Reconnect> reconnect_of(const std::string& params) {
  return read_reconnect(json_of(call("client.reconnect", params)));
}

}  // namespace

TEST_CASE("notify: every field is read as it stands on the wire") {
  NotifyText text;
  text.branch = "[\"" + std::string(62, '0') + "aa\",\"" + std::string(62, '0') + "BB\"]";
  text.clean = "true";
  const auto notify = notify_of(text);
  REQUIRE(notify.has_value());
  CHECK(notify->job_id == "job1");
  CHECK(core::to_hex(notify->prev_hash) == text.prev_hash);
  CHECK(core::to_hex(notify->coinbase1) == text.coinbase1);
  CHECK(core::to_hex(notify->coinbase2) == text.coinbase2);
  REQUIRE(notify->merkle_branch.size() == 2);
  CHECK(notify->merkle_branch[0].bytes[31] == 0xaa);
  CHECK(notify->merkle_branch[1].bytes[31] == 0xbb);
  CHECK(notify->version == 0x20000000);
  CHECK(notify->bits == 0x1b04864c);
  CHECK(notify->time == 0x5f5e1000);
  CHECK(notify->clean);
}

TEST_CASE("notify: upper-case hex is accepted") {
  NotifyText text;
  text.coinbase1 = "01ABCDEF";
  text.bits = "1B04864C";
  CHECK(notify_of(text).has_value());
}

TEST_CASE("notify: clean_jobs is the ninth param, as a boolean or 0 or 1, and more may follow") {
  NotifyText text;
  const auto clean = [&](const char* value) {
    text.clean = value;
    return notify_of(text).value().clean;
  };
  CHECK(clean("true"));
  CHECK_FALSE(clean("false"));
  CHECK(clean("1"));
  CHECK_FALSE(clean("0"));
  text.after = ",false,{\"own\":1}";
  CHECK(clean("true"));
}

TEST_CASE("notify: the branch may be empty or 32 long, not longer") {
  NotifyText text;
  const auto branch = [](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i)
      out += (i == 0 ? "\"" : ",\"") + std::string(64, '1') + "\"";
    return "[" + out + "]";
  };
  text.branch = branch(0);
  CHECK(notify_of(text).value().merkle_branch.empty());
  text.branch = branch(32);
  CHECK(notify_of(text).value().merkle_branch.size() == 32);
  text.branch = branch(33);
  CHECK_FALSE(notify_of(text).has_value());
}

TEST_CASE("notify: job ids are opaque, up to 256 bytes") {
  NotifyText text;
  for (const std::string& id : {std::string("N6b02d0340bc0d4ff"), std::string("a/b.C-D_e"),
                                std::string(256, 'j'), std::string()}) {
    text.id = id;
    CHECK(notify_of(text).value().job_id == id);
  }
  text.id = "quote \\\" and \\u00fc";
  CHECK(notify_of(text).value().job_id == "quote \" and \xc3\xbc");
  text.id = std::string(257, 'j');
  CHECK_FALSE(notify_of(text).has_value());
}

TEST_CASE("notify: a coinbase of 32 KB of hex passes whole") {
  NotifyText text;
  text.coinbase2 = std::string(32'768, 'a');
  CHECK(notify_of(text).value().coinbase2.size() == 16'384);
}

TEST_CASE("notify: malformed fields are refused") {
  NotifyText text;
  SECTION("odd hex") {
    text.coinbase1 = "010";
  }
  SECTION("no hex") {
    text.coinbase2 = "zz";
  }
  SECTION("short prevhash") {
    text.prev_hash = std::string(62, '0');
  }
  SECTION("long prevhash") {
    text.prev_hash = std::string(66, '0');
  }
  SECTION("branch entry of 31 bytes") {
    text.branch = "[\"" + std::string(62, '0') + "\"]";
  }
  SECTION("branch of numbers") {
    text.branch = "[1]";
  }
  SECTION("branch is text") {
    text.branch = "\"\"";
  }
  SECTION("branch is null") {
    text.branch = "null";
  }
  SECTION("version too short") {
    text.version = "2000000";
  }
  SECTION("nbits not hex") {
    text.bits = "1b04864g";
  }
  SECTION("negative target") {
    text.bits = "1d80ffff";
  }
  SECTION("zero target") {
    text.bits = "1d000000";
  }
  SECTION("target beyond 256 bits") {
    text.bits = "ff00ffff";
  }
  SECTION("ntime too long") {
    text.time = "05f5e1000";
  }
  SECTION("clean is text") {
    text.clean = "\"true\"";
  }
  SECTION("clean is null") {
    text.clean = "null";
  }
  SECTION("clean is 2") {
    text.clean = "2";
  }
  CHECK_FALSE(notify_of(text).has_value());
}

TEST_CASE("notify: params of the wrong shape are refused") {
  for (const char* params :
       {"[]", "{}", "null", "\"x\"", "[1,2,3,4,5,6,7,8,9]", R"(["a","b","c","d",[],"f","g","h"])",
        "[[],[],[],[],[],[],[],[],[]]"}) {
    INFO(params);
    CHECK_FALSE(read_notify(json_of(call("mining.notify", params))).has_value());
  }
  CHECK_FALSE(read_notify(json_of(R"({"method":"mining.notify"})")).has_value());
}

TEST_CASE("difficulty: integers, fractions, exponents and text") {
  CHECK(difficulty_of_text("[1]").value() == 1);
  CHECK(difficulty_of_text("[16383.75]").value() == 16383.75);
  CHECK(difficulty_of_text("[0.001]").value() == 0.001);
  CHECK(difficulty_of_text("[5e-10]").value() == 5e-10);
  CHECK(difficulty_of_text("[1E3]").value() == 1000);
  CHECK(difficulty_of_text("[\"512\"]").value() == 512);
  CHECK(difficulty_of_text("[\"0.1\"]").value() == 0.1);
  CHECK(difficulty_of_text("[\"1e-3\"]").value() == 0.001);
  CHECK(difficulty_of_text("[9007199254740993]").value() == 9007199254740992.0);
  CHECK(difficulty_of_text("[18446744073709551615]").value() == 0x1p64);
  CHECK(difficulty_of_text("[1,\"more\"]").value() == 1);
}

TEST_CASE("difficulty: what is no positive number is refused") {
  for (const char* params :
       {"[]",          "null",     "{}",       "5",          "[null]",    "[true]",    "[[1]]",
        "[{\"a\":1}]", "[0]",      "[0.0]",    "[-0]",       "[-1]",      "[-1e-9]",   "[1e400]",
        "[-1e400]",    "[1e-400]", "[\"\"]",   "[\"NaN\"]",  "[\"nan\"]", "[\"inf\"]", "[\"-inf\"]",
        "[\"1e400\"]", "[\"1x\"]", "[\" 1\"]", "[\"0x10\"]", "[\"-1\"]"}) {
    INFO(params);
    CHECK_FALSE(difficulty_of_text(params).has_value());
  }
}

TEST_CASE("subscribe result: every shape that pools send") {
  const auto one =
      subscription_of(R"([[["mining.set_difficulty","1"],["mining.notify","1"]],"08000002",4])");
  REQUIRE(one.has_value());
  CHECK(core::to_hex(one->extranonce1) == "08000002");
  CHECK(one->extranonce2_size == 4);
  CHECK(subscription_of(R"([["mining.notify","1"],"0102",8])").value().extranonce2_size == 8);
  CHECK(subscription_of(R"([null,"0102",8])").value().extranonce2_size == 8);
  CHECK(subscription_of(R"([[],"0102",8,"more",null])").value().extranonce2_size == 8);
  CHECK(subscription_of(R"([[],"0102",4.0])").value().extranonce2_size == 4);
  CHECK(subscription_of(R"([[],"0102","4"])").value().extranonce2_size == 4);
}

TEST_CASE("subscribe result: extranonce1 of 0 to 32 bytes, extranonce2 of 0 to 16") {
  for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 4, 5, 9, 31, 32}) {
    const auto it = subscription_of("[[],\"" + std::string(2 * size, 'e') + "\",4]");
    REQUIRE(it.has_value());
    CHECK(it->extranonce1.size() == size);
  }
  for (const int size : {0, 1, 2, 3, 4, 8, 16}) {
    const auto it = subscription_of("[[],\"0102\"," + std::to_string(size) + "]");
    REQUIRE(it.has_value());
    CHECK(it->extranonce2_size == static_cast<std::size_t>(size));
  }
  CHECK_FALSE(subscription_of("[[],\"" + std::string(66, 'e') + "\",4]").has_value());
}

TEST_CASE("subscribe result: absurd ones are refused") {
  for (const char* result :
       {"null", "true", "[]", "[[],\"01\"]", "{}", "[[],1,4]", "[[],\"0\",4]", "[[],\"zz\",4]",
        "[[],null,4]", "[[],\"01\",17]", "[[],\"01\",-1]", "[[],\"01\",4.5]", "[[],\"01\",1e9]",
        "[[],\"01\",1e400]", "[[],\"01\",null]", "[[],\"01\",[4]]", "[[],\"01\",\"four\"]"}) {
    INFO(result);
    CHECK_FALSE(subscription_of(result).has_value());
  }
}

TEST_CASE("set_extranonce: the size may be missing") {
  const auto read = [](const char* params) {
    return read_set_extranonce(json_of(call("mining.set_extranonce", params)));
  };
  CHECK(read(R"(["0a0b0c0d0e",3])").value().extranonce2_size == std::size_t{3});
  CHECK(read(R"(["0a0b0c0d0e"])").value().extranonce2_size == std::nullopt);
  CHECK(read(R"(["0a0b0c0d0e",null])").value().extranonce2_size == std::nullopt);
  CHECK(read(R"(["",0])").value().extranonce1.empty());
  for (const char* params : {"[]", "[1]", R"(["0"])", R"(["01",17])", R"(["01","x"])"}) {
    INFO(params);
    CHECK_FALSE(read(params).has_value());
  }
}

TEST_CASE("configure result: a granted mask, or a refusal in any words") {
  CHECK(mask_of_reply(R"({"version-rolling":true,"version-rolling.mask":"1fffe000"})").value() ==
        0x1fffe000);
  CHECK(mask_of_reply(R"({"version-rolling":true,"version-rolling.mask":"0000E000"})").value() ==
        0xe000);
  CHECK(mask_of_reply(R"({"version-rolling":true,"version-rolling.mask":"e000"})").value() ==
        0xe000);
  CHECK(mask_of_reply(R"({"version-rolling":false})").value() == 0);
  CHECK(mask_of_reply(R"({"version-rolling":false,"version-rolling.mask":"1fffe000"})").value() ==
        0);
  CHECK(mask_of_reply(R"({"version-rolling":"not today"})").value() == 0);
  CHECK(mask_of_reply("{}").value() == 0);
  CHECK(mask_of_reply("null").value() == 0);
  CHECK(mask_of_reply("true").value() == 0);
  CHECK(mask_of_reply("null", R"([-3,"Method not found",null])").value() == 0);
  CHECK(mask_of_reply(R"({"version-rolling":true,"version-rolling.mask":"1fffe000"})", "\"no\"")
            .value() == 0);
  for (const char* mask : {"5", "null", "\"\"", "\"xyz\"", "\"01fffe0000\""}) {
    INFO(mask);
    CHECK_FALSE(mask_of_reply(std::string(R"({"version-rolling":true,"version-rolling.mask":)") +
                              mask + "}")
                    .has_value());
  }
}

TEST_CASE("set_version_mask: hex of up to eight digits") {
  const auto read = [](const char* params) {
    return read_set_version_mask(json_of(call("mining.set_version_mask", params)));
  };
  CHECK(read(R"(["1fffe000"])").value() == 0x1fffe000);
  CHECK(read(R"(["00000000"])").value() == 0);
  for (const char* params : {"[]", "[5]", "[null]", R"(["x"])", R"(["123456789"])"}) {
    INFO(params);
    CHECK_FALSE(read(params).has_value());
  }
}

TEST_CASE("client.reconnect: nothing, or host, port and wait, the port as number or text") {
  CHECK(reconnect_of("[]").value().host.empty());
  CHECK(reconnect_of("null").value().port == 0);
  const auto full = reconnect_of(R"(["pool.example",3333,5])");
  REQUIRE(full.has_value());
  CHECK(full->host == "pool.example");
  CHECK(full->port == 3333);
  CHECK(full->wait_s == 5);
  const auto text = reconnect_of(R"(["127.0.0.1","3333",0])");
  REQUIRE(text.has_value());
  CHECK(text->port == 3333);
  CHECK(reconnect_of(R"(["pool.example",3333])").value().wait_s == 0);
  CHECK(reconnect_of(R"(["pool.example",3333,"7"])").value().wait_s == 7);
  CHECK(reconnect_of(R"([null,null,1e300])").value().wait_s == 4294967295u);
  CHECK(reconnect_of(R"(["",0,0])").value().host.empty());
  for (const char* params :
       {"[5]", R"(["a b"])", R"(["a\nb"])", R"(["h",65536])", R"(["h",-1])", R"(["h","x"])",
        R"(["h",1.5])", R"(["h",1,-1])", R"(["h",1,"nan"])", R"(["h",1,[]])"}) {
    INFO(params);
    CHECK_FALSE(reconnect_of(params).has_value());
  }
  CHECK_FALSE(reconnect_of("[\"" + std::string(256, 'h') + "\"]").has_value());
}

TEST_CASE("ids: ours are whole numbers, also when sent back as text") {
  const auto read = [](const char* id) {
    return read_id(json_of(std::string("{\"id\":") + id + "}"));
  };
  CHECK(read("5") == std::uint64_t{5});
  CHECK(read("5.0") == std::uint64_t{5});
  CHECK(read("\"5\"") == std::uint64_t{5});
  CHECK(read("0") == std::uint64_t{0});
  for (const char* id : {"null", "-1", "1.5", "1e400", "\"x\"", "\"\"", "[1]", "true"}) {
    INFO(id);
    CHECK(read(id) == std::nullopt);
  }
  CHECK(read_id(json_of("{}")) == std::nullopt);
}

TEST_CASE("lines sent are JSON with every name escaped") {
  CHECK(request_line(3, "mining.authorize", {"a\"b\\c\n", "x"}) ==
        R"({"id":3,"method":"mining.authorize","params":["a\"b\\c\n","x"]})");
  CHECK(result_line(42, "pong") == R"({"id":42,"result":"pong","error":null})");
  CHECK(error_line("abc", 38, "Unknown method") ==
        R"({"id":"abc","result":null,"error":[38,"Unknown method",null]})");
}

}  // namespace ebb::stratum
