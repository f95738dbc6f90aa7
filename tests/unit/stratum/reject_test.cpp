#include "stratum/reject.h"

#include <set>

#include "tests/unit/catch.h"

namespace ebb::stratum {
namespace {

Reply reply_of(const char* line) {
  return read_reply(boost::json::parse(line).as_object());
}

RejectReason reason_of(const char* error) {
  return classify_reject(
      reply_of((std::string(R"({"id":1,"result":false,"error":)") + error + "}").c_str()));
}

}  // namespace

TEST_CASE("accepted is result true without an error, whatever shape no error has") {
  CHECK(reply_of(R"({"id":1,"result":true,"error":null})").ok);
  CHECK(reply_of(R"({"id":1,"result":true})").ok);  // Miningcore
  CHECK(reply_of(R"({"id":1,"result":true,"error":false})").ok);
  CHECK(reply_of(R"({"jsonrpc":"2.0","id":1,"result":true})").ok);
}

TEST_CASE("everything else is not accepted") {
  for (const char* line : {
           R"({"id":1,"result":null,"error":null})",
           R"({"id":1,"result":false,"error":null})",
           R"({"id":1,"error":null})",
           R"({"id":1})",
           R"({"id":1,"result":1})",
           R"({"id":1,"result":"true"})",
           R"({"id":1,"result":[true]})",
           R"({"id":1,"result":true,"error":[23,"Low",null]})",
           R"({"id":1,"result":true,"error":"no"})",
           R"({"id":1,"result":true,"error":true})",
       }) {
    INFO(line);
    CHECK_FALSE(reply_of(line).ok);
  }
}

TEST_CASE("every shape of error gives its code and its text") {
  const Reply array = reply_of(R"({"id":1,"result":null,"error":[21,"Job not found",null]})");
  CHECK(array.code == 21);
  CHECK(array.text == "Job not found");

  const Reply object =
      reply_of(R"({"id":1,"result":null,"error":{"code":-3,"message":"Method not found"}})");
  CHECK(object.code == -3);
  CHECK(object.text == "Method not found");

  const Reply text = reply_of(R"({"id":1,"result":false,"error":"Failed subscription"})");
  CHECK(text.code == 0);
  CHECK(text.text == "Failed subscription");

  const Reply number = reply_of(R"({"id":1,"result":false,"error":22})");
  CHECK(number.code == 22);
  CHECK(number.text.empty());

  const Reply classic =
      reply_of(R"({"reject-reason":"Above target","result":false,"error":null,"id":1})");
  CHECK(classic.code == 0);
  CHECK(classic.text == "Above target");
}

TEST_CASE("odd errors are read without harm") {
  for (const char* error : {"[]", "{}", "[null,null]", "[\"x\",{}]", "[1e99,[]]", "[21]", "true",
                            "{\"code\":\"x\",\"message\":5}", "[99999999999999999999,\"x\"]"}) {
    INFO(error);
    CHECK_NOTHROW(reason_of(error));
  }
  CHECK(reason_of("[21]") == RejectReason::stale);
}

TEST_CASE("the words seen at real pools lead to their reason") {
  const struct {
    const char* error;
    RejectReason reason;
  } seen[] = {
      {R"([21,"Stale",null])", RejectReason::stale},
      {R"([21,"stale-work",null])", RejectReason::stale},
      {R"([21,"stale-prevblk",null])", RejectReason::stale},
      {R"([21,"Job not found",null])", RejectReason::stale},
      {R"([20,"unknown-work",null])", RejectReason::stale},
      {R"([21,"Invalid JobID",null])", RejectReason::stale},
      {R"([22,"duplicate",null])", RejectReason::duplicate},
      {R"([22,"Duplicate share",null])", RejectReason::duplicate},
      {R"([23,"Above target",null])", RejectReason::low_difficulty},
      {R"([23,"high-hash",null])", RejectReason::low_difficulty},
      {R"([23,"H-not-zero",null])", RejectReason::low_difficulty},
      {R"([23,"Difficulty too low",null])", RejectReason::low_difficulty},
      {R"([23,"Low difficulty share",null])", RejectReason::low_difficulty},
      {R"([23,"bad-version",null])", RejectReason::bad_version},
      {R"([20,"Invalid version mask",null])", RejectReason::bad_version},
      {R"("IncompatibleVersionRollingMask")", RejectReason::bad_version},
      {R"([20,"Ntime out of range",null])", RejectReason::bad_time},
      {R"([21,"time-too-old",null])", RejectReason::bad_time},
      {R"([21,"time-too-new",null])", RejectReason::bad_time},
      {R"([20,"Worker mismatch",null])", RejectReason::unauthorised},
      {R"([24,"Unauthorized worker",null])", RejectReason::unauthorised},
      {R"([25,"Not subscribed",null])", RejectReason::unauthorised},
      {R"([20,"Other/Unknown",null])", RejectReason::other},
      {R"("No nonce")", RejectReason::other},
  };
  for (const auto& it : seen) {
    INFO(it.error);
    CHECK(reason_of(it.error) == it.reason);
  }
}

TEST_CASE("the text decides before the number, the number where the text says nothing") {
  CHECK(reason_of(R"([23,"bad-version",null])") == RejectReason::bad_version);
  CHECK(reason_of(R"([20,"STALE SHARE",null])") == RejectReason::stale);
  CHECK(reason_of(R"([21,"no",null])") == RejectReason::stale);
  CHECK(reason_of(R"([22,"no",null])") == RejectReason::duplicate);
  CHECK(reason_of(R"([23,"no",null])") == RejectReason::low_difficulty);
  CHECK(reason_of(R"([24,"no",null])") == RejectReason::unauthorised);
  CHECK(reason_of(R"([25,"no",null])") == RejectReason::unauthorised);
  CHECK(reason_of(R"([20,"no",null])") == RejectReason::other);
  CHECK(reason_of(R"([-3,"Method not found",null])") == RejectReason::other);
}

TEST_CASE("every reason has a name of its own") {
  std::set<std::string_view> names;
  for (const RejectReason reason : kAllRejectReasons)
    names.insert(name_of(reason));
  CHECK(names == std::set<std::string_view>{"stale", "duplicate", "low-difficulty", "bad-time",
                                            "bad-version", "unauthorised", "other"});
}

TEST_CASE("a pool's words cannot steer a terminal") {
  const Reply reply = reply_of(R"({"id":1,"result":false,"error":[20,"a\u001b[2Jb\u0000c"]})");
  CHECK(reply.text == "a [2Jb c");
}

}  // namespace ebb::stratum
