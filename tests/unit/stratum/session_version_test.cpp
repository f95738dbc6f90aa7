// Version rolling: BIP 310 as pools really do it.

#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;

namespace {

std::string granted(const std::string& mask) {
  return R"({"version-rolling":true,"version-rolling.mask":")" + mask + "\"}";
}

/// Subscribed and authorised, the configure request still open, one job given.
Client unconfigured() {
  Client client;
  client.answer("mining.subscribe", kSubscribeResult);
  client.answer("mining.authorize", "true");
  client.receive(notify("a", "true"));
  return client;
}

/// A job whose version has bit 28 set, as regtest templates have.
Client with_bit_28() {
  Client client = Client::ready("1fffe000");
  NotifyText text;
  text.version = "30000000";
  client.receive(text.line());
  return client;
}

/// Submits a right share and lets the pool refuse or accept it; returns the bits sent.
std::string judged(Client& client, const std::string& result, const std::string& error = "null") {
  REQUIRE(client.submit(share_of(client.job(), 1000, 0x0002e000)) == SubmitResult::sent);
  std::string bits(client.submitted().at(5).as_string());
  client.answer("mining.submit", result, error);
  return bits;
}

}  // namespace

TEST_CASE("configure: a granted mask is ANDed with the bits that may ever roll") {
  const auto mask_after = [](const std::string& result) {
    Client client;
    client.answer("mining.configure", result);
    return client.all<VersionRolling>().at(0).mask;
  };
  CHECK(mask_after(granted("1fffe000")) == 0x1fffe000);
  CHECK(mask_after(granted("ffffffff")) == 0x1fffe000);
  CHECK(mask_after(granted("5fffe000")) == 0x1fffe000);  // AntPool, with bit 30
  CHECK(mask_after(granted("1fffffe0")) == 0x1fffe000);  // BIP 323
  CHECK(mask_after(granted("0000e000")) == 0x0000e000);
  CHECK(mask_after(granted("e0000000")) == 0);
}

TEST_CASE("configure: refused in any way, mining goes on without rolling") {
  Client client = unconfigured();
  SECTION("false") {
    client.answer("mining.configure", R"({"version-rolling":false})");
  }
  SECTION("a reason") {
    client.answer("mining.configure", R"({"version-rolling":"no"})");
  }
  SECTION("nothing said") {
    client.answer("mining.configure", "{}");
  }
  SECTION("an error") {
    client.answer("mining.configure", "null", R"([-3,"Method not found",null])");
  }
  SECTION("time is up") {
    client.configure_timed_out();
  }
  CHECK_FALSE(client.session.configure_pending());
  REQUIRE(client.all<VersionRolling>().size() == 1);
  CHECK(client.all<VersionRolling>()[0].mask == 0);
  CHECK(client.all<JobReceived>().size() == 1);  // nothing changed for the workers
  CHECK(client.all<LineRejected>().empty());
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
  CHECK(client.submitted().size() == 5);
}

TEST_CASE("configure: a malformed mask is a bad line and no rolling") {
  Client client = unconfigured();
  client.answer("mining.configure", R"({"version-rolling":true,"version-rolling.mask":5})");
  CHECK(client.all<LineRejected>().size() == 1);
  CHECK(client.all<VersionRolling>().at(0).mask == 0);
  CHECK_FALSE(client.session.configure_pending());
}

TEST_CASE("a job before the configure reply has mask 0 and comes again with the mask") {
  Client client = unconfigured();
  const core::JobPtr before = client.job();
  CHECK(before->version_mask == 0);
  client.events.clear();
  SECTION("in time") {}
  SECTION("late") {
    client.configure_timed_out();
  }
  client.answer("mining.configure", granted("1fffe000"));
  REQUIRE(client.all<JobReceived>().size() == 1);
  CHECK(client.job()->id == "a");
  CHECK(client.job()->version_mask == 0x1fffe000);
  CHECK_FALSE(client.job()->clean);
  CHECK(client.all<VersionRolling>().back().mask == 0x1fffe000);

  // A share of the job as it was is still right: it rolled nothing, and says so.
  CHECK(client.submit(share_of(before)) == SubmitResult::sent);
  CHECK(client.submitted().at(5) == "00000000");
  CHECK(client.submit(share_of(client.job(), 1000, 0x2000)) == SubmitResult::sent);
  CHECK(client.submitted().at(5) == "00002000");
}

TEST_CASE("set_version_mask right after configure, before any job") {
  Client client;
  client.answer("mining.configure", granted("1fffe000"));
  client.receive(set_mask("1fffe000"));
  CHECK(client.all<VersionRolling>().size() == 1);  // nothing new
  client.receive(set_mask("5fffe000"));
  CHECK(client.all<VersionRolling>().size() == 1);
  client.receive(set_mask("00ffe000"));
  CHECK(client.all<VersionRolling>().size() == 2);
  client.answer("mining.subscribe", kSubscribeResult);
  client.receive(notify("a"));
  CHECK(client.job()->version_mask == 0x00ffe000);
}

TEST_CASE("set_version_mask acts at once, on the next share of the same job") {
  Client client = Client::ready("1fffe000");
  client.receive(notify("a"));
  const core::JobPtr wide = client.job();
  client.receive(set_mask("0000e000"));
  CHECK(client.job()->version_mask == 0x0000e000);
  CHECK(client.job()->id == "a");
  CHECK(client.submit(share_of(wide, 1000, 0x00010000)) == SubmitResult::stale);
  CHECK(client.submit(share_of(wide, 1000, 0x00002000)) == SubmitResult::sent);
  CHECK(client.submitted().at(5) == "00002000");
}

TEST_CASE("a block is sent with its bits even when the mask was taken back") {
  Client client = Client::ready("1fffe000");
  client.receive(notify("a"));
  const core::JobPtr wide = client.job();
  client.receive(set_mask("00000000"));
  CHECK(client.job()->version_mask == 0);
  CHECK(client.submit(share_of(wide, 1000, 0x2000)) == SubmitResult::stale);
  CHECK(client.submit(share_of(wide, 1000)) == SubmitResult::sent);
  CHECK(client.submitted().size() == 5);
  CHECK(client.submit(share_of(wide, 20'000, 0x2000)) == SubmitResult::sent);
  CHECK(client.submitted().at(5) == "00002000");
}

TEST_CASE("a bad set_version_mask is a bad line and changes nothing") {
  Client client = Client::ready("1fffe000");
  client.receive(set_mask("wide"));
  CHECK(client.all<LineRejected>().size() == 1);
  client.receive(notify("a"));
  CHECK(client.job()->version_mask == 0x1fffe000);
}

TEST_CASE("only bits that are zero in the job roll; the rolled bits are what is sent") {
  Client client = with_bit_28();
  CHECK(client.job()->rollable_bits() == 0x0fffe000);
  CHECK(judged(client, "true") == "0002e000");
}

TEST_CASE("version form: two refusals in a row of right shares change it, and back") {
  Client client = with_bit_28();
  const std::string error = GENERATE(as<std::string>(), R"([23,"bad-version",null])",
                                     R"([23,"Above target",null])", R"([20,"Other",null])");
  CHECK(judged(client, "null", error) == "0002e000");
  CHECK(judged(client, "null", error) == "0002e000");
  CHECK(judged(client, "null", error) == "1002e000");
  CHECK(judged(client, "null", error) == "1002e000");
  CHECK(judged(client, "true") == "0002e000");
}

TEST_CASE("version form: an accepted share between refusals keeps it") {
  Client client = with_bit_28();
  for (int i = 0; i < 4; ++i) {
    CHECK(judged(client, "null", R"([23,"Above target",null])") == "0002e000");
    CHECK(judged(client, "true") == "0002e000");
  }
}

TEST_CASE("version form: other refusals teach nothing") {
  Client client = with_bit_28();
  for (const char* error : {R"([21,"Stale",null])", R"([22,"duplicate",null])",
                            R"([20,"Ntime out of range",null])", R"([24,"Unauthorized",null])"}) {
    CHECK(judged(client, "null", error) == "0002e000");
  }
  CHECK(judged(client, "true") == "0002e000");
}

TEST_CASE("version form: verdicts on shares sent before the change do not count against it") {
  Client client = with_bit_28();
  for (int i = 0; i < 4; ++i)
    client.submit(share_of(client.job(), 1000, 0x2000));
  const auto last = client.id_of("mining.submit");
  for (int i = 3; i >= 0; --i) {
    client.receive(reply(last - static_cast<unsigned>(i), "null", R"([23,"bad-version",null])"));
  }
  CHECK(judged(client, "true") == "1002e000");
}

TEST_CASE("version form: jobs with zeros under the mask neither need it nor teach it") {
  Client client = Client::ready("1fffe000");
  client.receive(notify("a"));
  for (int i = 0; i < 6; ++i) {
    CHECK(judged(client, "null", R"([23,"Above target",null])") == "0002e000");
  }
  NotifyText text;
  text.id = "b";
  text.version = "30000000";
  client.receive(text.line());
  CHECK(judged(client, "true") == "0002e000");
}

TEST_CASE("version form: a block that is no share teaches nothing") {
  Client client = Client::ready("1fffe000");
  client.receive(set_difficulty("50000"));
  NotifyText text;
  text.version = "30000000";
  client.receive(text.line());
  for (int i = 0; i < 4; ++i) {
    REQUIRE(client.submit(share_of(client.job(), 20'000, 0x2000)) == SubmitResult::sent);
    CHECK(client.submitted().at(5) == "00002000");
    client.answer("mining.submit", "null", R"([23,"high-hash",null])");
  }
}

}  // namespace ebb::stratum
