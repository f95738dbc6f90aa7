#include "stratum/node/template_json.h"

#include "tests/unit/catch.h"
#include "tests/unit/stratum/node_support.h"

namespace ebb::stratum::node {
namespace {

namespace json = boost::json;

/// bcoin 1.0.2's answer on a fresh regtest, and a transaction to go with it.
json::object bcoin_template() {
  return json::parse(R"({"capabilities":["proposal"],"mutable":["time","transactions","prevblock"],
"version":536870912,"rules":[],"vbavailable":{},"vbrequired":0,"height":1,
"previousblockhash":"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
"target":"7fffff0000000000000000000000000000000000000000000000000000000000","bits":"207fffff",
"noncerange":"00000000ffffffff","curtime":1795352066,"mintime":1296688603,"maxtime":1795359266,
"expires":1795359266,"sigoplimit":20000,"sizelimit":1000000,
"longpollid":"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e220600000000",
"submitold":false,"coinbaseaux":{"flags":"6d696e65642062792062636f696e"},
"coinbasevalue":5000000000,"default_witness_commitment":
"6a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9",
"transactions":[{"data":"01ff","txid":
"00000000000000000000000000000000000000000000000000000000000000ab","hash":
"11000000000000000000000000000000000000000000000000000000000000ab","fee":1}]})")
      .as_object();
}

std::string error_of(const json::value& result) {
  const auto block_template = read_block_template(result);
  return block_template ? "none" : block_template.error();
}

}  // namespace

TEST_CASE("block template: bcoin's answer") {
  const auto block_template = read_block_template(bcoin_template());
  REQUIRE(block_template);
  CHECK(block_template->height == 1);
  CHECK(block_template->version == 0x20000000);
  CHECK(block_template->prev_hash.to_display_hex() ==
        "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206");
  CHECK(block_template->bits == 0x207fffff);
  CHECK(block_template->time == 1795352066);
  CHECK(block_template->min_time == 1296688603);
  CHECK(block_template->coinbase_value == 5'000'000'000);
  REQUIRE(block_template->transactions.size() == 1);
  CHECK(block_template->transactions[0].raw == core::Bytes{0x01, 0xff});
  CHECK(block_template->transactions[0].txid.bytes[0] == 0xab);
}

TEST_CASE("block template: the commitment counts only while segwit rules") {
  json::object object = bcoin_template();
  CHECK(read_block_template(object)->witness_commitment_script.empty());
  for (const char* rule : {"segwit", "!segwit"}) {
    object["rules"] = json::array{"csv", rule};
    CHECK(read_block_template(object)->witness_commitment_script.size() == 38);
  }
  object["default_witness_commitment"] = "6a2";
  CHECK(error_of(object) == "block template: bad or no default_witness_commitment");
  object.erase("default_witness_commitment");
  CHECK(read_block_template(object)->witness_commitment_script.empty());
}

TEST_CASE("block template: a node from before segwit has no txid") {
  json::object object = bcoin_template();
  object["transactions"].as_array()[0].as_object().erase("txid");
  CHECK(read_block_template(object)->transactions[0].txid.bytes[31] == 0x11);
}

TEST_CASE("block template: what is missing or makes no sense is named") {
  for (const char* key : {"height", "version", "previousblockhash", "bits", "curtime", "mintime",
                          "coinbasevalue", "transactions"}) {
    for (const json::value& value : {json::value(nullptr), json::value(-1), json::value(1e300),
                                     json::value("zz"), json::parse("[[]]"), json::parse("[{}]")}) {
      json::object object = bcoin_template();
      object[key] = value;
      CHECK(error_of(object).starts_with("block template: bad or no "));
    }
    json::object object = bcoin_template();
    object.erase(key);
    CHECK(error_of(object) == std::string("block template: bad or no ") + key);
  }
  CHECK(error_of(nullptr) == "block template: bad or no object");

  json::object object = bcoin_template();
  object["bits"] = "00000000";
  CHECK(error_of(object) == "block template: bad or no bits");
  object = bcoin_template();
  object["coinbasevalue"] = 2'100'000'000'000'001;
  CHECK(error_of(object) == "block template: bad or no coinbasevalue");
  object = bcoin_template();
  object["transactions"].as_array()[0].as_object()["data"] = "";
  CHECK(error_of(object) == "block template: bad or no transaction data");
}

TEST_CASE("block template: version bits with a meaning are reserved") {
  json::object object = bcoin_template();
  CHECK(read_block_template(object)->reserved_version_bits == 0);
  object["vbavailable"] = json::object{{"csv", 0}, {"testdummy", 28}};
  object["vbrequired"] = 2;
  CHECK(read_block_template(object)->reserved_version_bits == 0x10000003);
  object["vbavailable"] = json::object{{"a", -1}, {"b", 32}, {"c", "x"}, {"d", 1e300}};
  object["vbrequired"] = -1;
  CHECK(read_block_template(object)->reserved_version_bits == 0);
}

TEST_CASE("block template: what the node says beside it") {
  json::object object = bcoin_template();
  const TemplateNotes notes = read_template_notes(object);
  CHECK(notes.long_poll_id.size() == 72);
  CHECK(notes.takes_proposals);
  CHECK_FALSE(notes.signet_challenge);

  object["longpollid"] = std::string(kMaxLongPollId + 1, 'x');
  object["capabilities"] = json::array{"serverlist"};
  object["signet_challenge"] = "51";
  CHECK(read_template_notes(object).long_poll_id.empty());
  CHECK_FALSE(read_template_notes(object).takes_proposals);
  CHECK(read_template_notes(object).signet_challenge == core::Bytes{0x51});
  // One that cannot be read is none that we could meet.
  object["signet_challenge"] = "zz";
  CHECK(read_template_notes(object).signet_challenge == core::Bytes{});
  CHECK(read_template_notes(nullptr).long_poll_id.empty());
}

}  // namespace ebb::stratum::node
