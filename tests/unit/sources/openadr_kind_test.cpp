#include "sources/openadr/openadr_kind.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "tests/unit/catch.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::sources {
namespace {

/// The fault in the settings, or nothing.
std::string fault_of(const std::string& settings) {
  const toml::parse_result parsed = toml::parse(settings);
  REQUIRE(parsed);
  throttle::TableReader table(parsed.table());
  kOpenAdrKind.read(table, "/etc/ebb");
  const auto done = table.finish();
  return done ? "" : done.error();
}

const std::string kUrl = "url = \"https://vtn.example/openadr3/3.1.0/\"\n";

TEST_CASE("A VEN's settings", "[openadr]") {
  CHECK(kOpenAdrKind.type == "openadr");
  CHECK(kOpenAdrKind.feed);
  CHECK(fault_of(kUrl).empty());
  CHECK(fault_of(kUrl + R"(
token_url = "https://login.example/token"
client_id = "rig-7"
client_secret_env = "SECRET"
scope = "read_targets"
version = "3.0.1"
ca_file = "ca.pem"
verify = false
programs = ["shed", "price"]
targets = ["group-1"]
ven_name = "rig-7"
resource_name = "asics"
enrol = false
reports = false
mqtt = false
callback_url = "https://site.example/api/v1/sources/utility"
poll = "10s"
simple_levels = ["100%", "60%", "20%", "0%"]
instructions = { curtail = "10%", release = "100%" }
control_setpoint = "relative"
offset_percent_sign = "negative sheds"
flex_alert = "50%"
price_strike = 0.08
export_price_strike = 0.2
ghg_strike = 300
currency = "USD"
other_load = "2kW"
meter = "site"
subscription = "30kW"
)")
            .empty());
}

TEST_CASE("Mistakes in a VEN's settings", "[openadr]") {
  const std::pair<const char*, const char*> mistakes[]{
      {"", "url is missing"},
      {"url = \"http://vtn.example\"", "line 1:7: url: must be an https:// address"},
      {"url = \"https://\"", "must be an https:// address"},
      {"url = \"https://me:secret@vtn.example/3.1\"", "without user"},
  };
  for (const auto& [text, fault] : mistakes) {
    const std::string told = fault_of(text);
    INFO(text << ": " << told);
    CHECK(told.find(fault) != std::string::npos);
  }
  const std::pair<const char*, const char*> more[]{
      {"token_url = \"http://x/token\"", "line 2:13: token_url: must be an https:// address"},
      {"client_id = \"rig-7\"", "go together"},
      {"client_secret_file = \"s\"", "go together"},
      {"client_secret = \"in the clear\"", "client_secret: unknown key"},
      {"version = \"2.0b\"", "version: must be 3.1 or 3.0.1"},
      {"poll = \"100ms\"", "poll: must be from 1s to 1h"},
      {"programs = \"shed\"", "programs: must be a list"},
      {"programs = [7]", "programs: must be a list of strings"},
      {"simple_levels = [\"100%\"]", "simple_levels: must be a list of four caps"},
      {"simple_levels = [\"100%\", \"x\", \"1%\", \"0%\"]", "simple_levels: "},
      {"instructions = { curtail = 7 }", "instructions: curtail: must be a cap in quotes"},
      {"control_setpoint = \"maybe\"", "must be absolute or relative"},
      {"offset_percent_sign = \"+\"", "must be \"negative sheds\" or \"positive sheds\""},
      {"price_strike = \"0.08\"", "price_strike: must be a number"},
      {"price_strike = nan", "price_strike: must be a number"},
      {"other_load = \"2\"", "other_load: "},
      {"callback_url = \"ftp://x\"", "callback_url: must be an https:// address"},
      {"pol = \"15s\"", "pol: unknown key"},
  };
  for (const auto& [text, fault] : more) {
    const std::string told = fault_of(kUrl + text + "\n");
    INFO(text << ": " << told);
    CHECK(told.find(fault) != std::string::npos);
  }
}

TEST_CASE("A VEN is opened with its secret, and a fault does not tell it", "[openadr]") {
  const toml::parse_result parsed =
      toml::parse(kUrl + "client_id = \"rig-7\"\nclient_secret_env = \"EBB_TEST_NO_SECRET\"\n");
  throttle::TableReader table(parsed.table());
  const Open open = kOpenAdrKind.read(table, "/etc/ebb");
  Context context;
  context.clock = [] { return throttle::Now(); };
  context.rig = "rig";
  ::unsetenv("EBB_TEST_NO_SECRET");
  const auto none = open({}, context);
  REQUIRE_FALSE(none);
  CHECK(none.error() == "there is no environment variable EBB_TEST_NO_SECRET");
  ::setenv("EBB_TEST_NO_SECRET", "s3cret", 1);
  CHECK(open({}, context));
  ::unsetenv("EBB_TEST_NO_SECRET");
}

}  // namespace
}  // namespace ebb::sources
