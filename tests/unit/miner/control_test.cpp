#include "miner/control.h"

#include "miner/operator_command.h"
#include "tests/unit/catch.h"

using namespace ebb;
using namespace ebb::miner;
using namespace std::chrono_literals;

namespace {

template <class T>
T round_trip(const T& request) {
  const std::string line = encode(ControlRequest(request));
  CHECK(line.find('\n') == std::string::npos);
  const auto decoded = decode_request(line);
  INFO(line << ": " << (decoded ? "" : decoded.error()));
  REQUIRE(decoded);
  return std::get<T>(*decoded);
}

const throttle::WallTime kLater{1'643'673'600'123ms};

}  // namespace

TEST_CASE("control: requests are the same after they were written and read") {
  round_trip(StatusRequest{});
  round_trip(ReleaseRequest{});
  for (const throttle::Cap cap :
       {throttle::Cap(throttle::DutyCap{0.123456789}), throttle::Cap(throttle::PowerCap{250}),
        throttle::Cap(throttle::HashrateCap{20e6}), throttle::Cap(throttle::DutyCap{0}),
        throttle::Cap(throttle::DutyCap{1})}) {
    const auto hold = round_trip(HoldRequest{cap, kLater, "письмо \"№ 7\""});
    CHECK(hold.cap == cap);
    CHECK(hold.until == kLater);
    CHECK(hold.reason == "письмо \"№ 7\"");
  }
  CHECK_FALSE(round_trip(HoldRequest{throttle::DutyCap{0}, std::nullopt, "x"}).until);
  const throttle::Override forced{kLater, "a test run"};
  CHECK(round_trip(OverrideRequest{forced}).override == forced);
  CHECK_FALSE(round_trip(OverrideRequest{}).override);
}

TEST_CASE("control: what is no request is refused") {
  const std::string long_reason(501, 'x');
  for (const std::string& bad : {
           std::string(),
           std::string("status"),
           std::string("[]"),
           std::string("{}"),
           std::string(R"({"command":1})"),
           std::string(R"({"command":"stop"})"),
           std::string(R"({"command":"status","more":1})"),
           std::string(R"({"command":"hold","reason":"x"})"),
           std::string(R"({"command":"hold","cap":0,"reason":"x"})"),
           std::string(R"({"command":"hold","cap":{},"reason":"x"})"),
           std::string(R"({"command":"hold","cap":{"fraction":1.5},"reason":"x"})"),
           std::string(R"({"command":"hold","cap":{"fraction":-0.5},"reason":"x"})"),
           std::string(R"({"command":"hold","cap":{"fraction":"0"},"reason":"x"})"),
           std::string(R"({"command":"hold","cap":{"watts":1e999},"reason":"x"})"),
           std::string(R"({"command":"hold","cap":{"amps":1},"reason":"x"})"),
           std::string(R"({"command":"hold","cap":{"watts":1,"hps":1},"reason":"x"})"),
           std::string(R"({"command":"hold","cap":{"fraction":0}})"),
           std::string(R"({"command":"hold","cap":{"fraction":0},"reason":""})"),
           std::string(R"({"command":"hold","cap":{"fraction":0},"reason":"a\nb"})"),
           R"({"command":"hold","cap":{"fraction":0},"reason":")" + long_reason + "\"}",
           std::string(R"({"command":"hold","cap":{"fraction":0},"reason":"x","until":1.5})"),
           std::string(R"({"command":"hold","cap":{"fraction":0},"reason":"x","until":-1})"),
           std::string(
               R"({"command":"hold","cap":{"fraction":0},"reason":"x","until":253402300800000})"),
           std::string(R"({"command":"override","reason":"x"})"),
           std::string(R"({"command":"override","end":false})"),
           std::string(R"({"command":"override","end":true,"until":1,"reason":"x"})"),
           std::string("{\"command\":\"hold\",\"cap\":{\"fraction\":0},\"reason\":\"\xff\"}"),
       }) {
    CAPTURE(bad);
    const auto decoded = decode_request(bad);
    REQUIRE_FALSE(decoded);
    CHECK_FALSE(decoded.error().empty());
  }
}

TEST_CASE("control: a reply is a status as it is, or a refusal") {
  const std::string status = R"({"state":"FULL","hashrate":0.1})";
  CHECK(decode_reply(encode(ControlReply(status))) == ControlReply(status));
  const ControlReply refusal = tl::unexpected<std::string>("too \"many\"\n signals");
  CHECK(decode_reply(encode(refusal)) == refusal);
  CHECK(encode(refusal).find('\n') == std::string::npos);
  CHECK_FALSE(decode_reply("nonsense"));
  CHECK_FALSE(decode_reply(R"({"error":1})"));
}

TEST_CASE("control: a status as a person reads it") {
  CHECK(status_text(R"({"state":"FULL","limit":"100%","reasons":[],"event":0,"hashrate":2.5e7,)"
                    R"("clock_believed":true})") ==
        "state            FULL\n"
        "limit            100%\n"
        "hashrate         25MH/s\n");
  CHECK(
      status_text(
          R"({"state":"PARKED","limit":"0%","event":7,"hashrate":0,"reasons":[)"
          R"({"source":"schedule","class":"mandatory","limit":"0%","text":"mandatory 0%: KEGOC \u001b[2J",)"
          R"("until":"2022-02-01 00:00:00+06:00","overridden":false},)"
          R"({"source":"command line","limit":"50%","text":"a cap","overridden":true}],)"
          R"("next":{"at":"2022-02-01 00:00:00+06:00","text":"schedule ends"},)"
          R"("power":{"watts":41.5,"meter":"nameplate","estimated":true},)"
          R"("zero":{"proved":true,"text":"no hashes","time_to_zero_ms":12},)"
          R"("ledger_trouble":"disk full","clock_believed":false})") ==
      "state            PARKED\n"
      "limit            0%\n"
      "because of       schedule: mandatory 0%: KEGOC  [2J, until 2022-02-01 00:00:00+06:00\n"
      "because of       command line: 50%, a cap (overridden)\n"
      "earliest return  not known\n"
      "next change      2022-02-01 00:00:00+06:00  schedule ends\n"
      "event            7\n"
      "hashrate         0H/s\n"
      "power            41.5W by nameplate, estimated\n"
      "zero             proved: no hashes, after 12 ms\n"
      "ledger           disk full\n"
      "clock            not believed: nothing is raised until it is synchronised (or "
      "--trust-clock)\n");
  CHECK(status_text(R"({"state":"SHEDDING","zero":{"proved":false,"text":"still hashing"}})")
            .find("NOT PROVED: still hashing") != std::string::npos);
  CHECK(status_text(R"({"state":1,"reasons":{},"next":7,"power":[],"zero":"x"})") ==
        "earliest return  not known\n");
}
