// The client against a VTN of a few lines: tokens, refusals, pages.

#include <algorithm>
#include <functional>
#include <map>

#include "sources/openadr/enrolment.h"
#include "sources/openadr/vtn_reader.h"
#include "tests/unit/sources/openadr_fake_vtn.h"

namespace ebb::sources::openadr {
namespace {

TEST_CASE("A token is fetched where the VTN says, and shown", "[openadr]") {
  FakeVtn vtn;
  VtnClient client = vtn.client();
  CHECK(client.get("/programs", {}));
  REQUIRE(vtn.asked.size() == 3);
  CHECK(vtn.asked[0].url == "https://vtn/3.1/auth/server");
  CHECK(vtn.asked[1].url == "https://vtn/tokens");
  CHECK(vtn.asked[1].method == "POST");
  CHECK(vtn.asked[1].body ==
        "grant_type=client_credentials&client_id=me&client_secret=s%26cret&scope=read_all");
  CHECK(vtn.asked[1].bearer.empty());
  CHECK(vtn.asked[2].bearer == "token-1");
  CHECK(client.get("/programs", {}));
  CHECK(vtn.asked.size() == 4);
}

TEST_CASE("3.0.1 has no /auth/server", "[openadr]") {
  FakeVtn vtn;
  vtn.answers["/3.1/auth/server"] = [](const HttpRequest&) { return FakeVtn::status(404); };
  vtn.token_path = "/3.1/auth/token";
  VtnClient client = vtn.client();
  CHECK(client.get("/programs", {}));
  CHECK(vtn.asked[1].url == "https://vtn/3.1/auth/token");
}

TEST_CASE("A token may only come over TLS", "[openadr]") {
  FakeVtn vtn;
  vtn.answers["/3.1/auth/server"] = [](const HttpRequest&) {
    return FakeVtn::json(R"({"tokenURL":"http://elsewhere/token"})");
  };
  VtnClient client = vtn.client();
  const auto answer = client.get("/programs", {});
  REQUIRE_FALSE(answer);
  CHECK(vtn.asked.size() == 1);
}

TEST_CASE("Without credentials there is no token", "[openadr]") {
  FakeVtn vtn;
  vtn.settings.client_id.clear();
  vtn.needs_token = false;
  VtnClient client = vtn.client();
  CHECK(client.get("/programs", {}));
  REQUIRE(vtn.asked.size() == 1);
  CHECK(vtn.asked[0].bearer.empty());
}

TEST_CASE("A token is renewed before it ends", "[openadr]") {
  FakeVtn vtn;
  VtnClient client = vtn.client();
  CHECK(client.get("/programs", {}));
  vtn.now.steady += seconds(3600 - 61);
  CHECK(client.get("/programs", {}));
  CHECK(vtn.tokens == 1);
  vtn.now.steady += seconds(2);
  CHECK(client.get("/programs", {}));
  CHECK(vtn.tokens == 2);
}

TEST_CASE("A token that still lasts is used while none can be had", "[openadr]") {
  FakeVtn vtn;
  VtnClient client = vtn.client();
  CHECK(client.get("/programs", {}));
  vtn.answers["/tokens"] = [](const HttpRequest&) { return FakeVtn::status(503); };
  vtn.now.steady += seconds(3600 - 30);
  CHECK(client.get("/programs", {}));
  vtn.now.steady += seconds(31);
  CHECK_FALSE(client.get("/programs", {}));
}

TEST_CASE("A token that is refused is renewed, once", "[openadr]") {
  FakeVtn vtn;
  VtnClient client = vtn.client();
  CHECK(client.get("/programs", {}));
  vtn.good_token = "token-2";
  CHECK(client.get("/programs", {}));
  CHECK(vtn.tokens == 2);
  vtn.good_token = "none";
  const std::size_t before = vtn.asked.size();
  const auto answer = client.get("/programs", {});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().status == 401);
  CHECK(vtn.asked.size() - before <= 4);
}

TEST_CASE("A refusal says why, and when to come back", "[openadr]") {
  FakeVtn vtn;
  vtn.answers["/3.1/programs"] = [](const HttpRequest&) {
    HttpAnswer answer =
        FakeVtn::json(R"({"title":"Too many calls","detail":"slow\ndown","status":429})");
    answer.status = 429;
    answer.retry_after = seconds(7200);
    return answer;
  };
  VtnClient client = vtn.client();
  const auto answer = client.get("/programs", {});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().text == "HTTP 429, Too many calls: slow down");
  CHECK(answer.error().wait == seconds(600));
}

TEST_CASE("A server that tells our secrets is not quoted", "[openadr]") {
  FakeVtn vtn;
  vtn.answers["/tokens"] = [](const HttpRequest&) {
    HttpAnswer answer =
        FakeVtn::json(R"({"error":"invalid_client","error_description":"wrong: s&cret"})");
    answer.status = 401;
    return answer;
  };
  VtnClient client = vtn.client();
  const auto answer = client.get("/programs", {});
  REQUIRE_FALSE(answer);
  CHECK(answer.error().text == "no token: HTTP 401");
  vtn.answers["/tokens"] = [](const HttpRequest&) {
    return FakeVtn::json(R"({"access_token":"two words","token_type":"Bearer"})");
  };
  CHECK_FALSE(client.get("/programs", {}));
}

TEST_CASE("The server's clock is compared with ours", "[openadr]") {
  FakeVtn vtn;
  vtn.date = std::chrono::floor<seconds>(vtn.now.wall) + seconds(400);
  VtnClient client = vtn.client();
  CHECK(client.get("/programs", {}));
  CHECK(client.skew() == seconds(400));
}

// Pages.

EventSearch search(const std::vector<Event>& known = {}) {
  EventSearch search{{"p1"}, {}, {}};
  for (const Event& event : known)
    search.known.insert(event.id);
  return search;
}

TEST_CASE("All pages are read, by skip, without `active`", "[openadr]") {
  FakeVtn vtn;
  vtn.add_events(120);
  VtnClient client = vtn.client();
  const auto events = read_events(client, search(), {});
  REQUIRE(events);
  CHECK(events->items.size() == 120);
  CHECK(vtn.count("/3.1/events") == 3);
  for (const HttpRequest& request : vtn.asked)
    CHECK(request.url.find("active") == std::string::npos);
  CHECK(vtn.asked.back().url == "https://vtn/3.1/events?programID=p1&skip=100&limit=50");
}

TEST_CASE("A full last page is followed by an empty one", "[openadr]") {
  FakeVtn vtn;
  vtn.add_events(50);
  VtnClient client = vtn.client();
  const auto events = read_events(client, search(), {});
  REQUIRE(events);
  CHECK(events->items.size() == 50);
  CHECK(vtn.count("/3.1/events") == 2);
}

TEST_CASE("A page that fails loses the whole reading, not the rest of the events", "[openadr]") {
  FakeVtn vtn;
  vtn.add_events(120);
  VtnClient client = vtn.client();
  vtn.spoil = [](HttpAnswer& answer, const HttpRequest& request) {
    if (request.url.find("skip=50") != std::string::npos) answer.body.resize(1000);
  };
  const auto events = read_events(client, search(), {});
  REQUIRE_FALSE(events);
  CHECK(events.error().text == "its answer is no JSON");
}

TEST_CASE("An event that slips between pages is looked for again", "[openadr]") {
  FakeVtn vtn;
  vtn.add_events(60);
  VtnClient client = vtn.client();
  const auto before = read_events(client, search(), {});
  REQUIRE(before);
  // The first event goes after the first page has been read: the second page then lacks number 50.
  int pages = 0;
  vtn.after = [&](const HttpRequest& request) {
    if (request.url.find("/events?") != std::string::npos && ++pages == 1) {
      vtn.events.erase(vtn.events.begin());
    }
  };
  const auto events = read_events(client, search(before->items), {});
  REQUIRE(events);
  CHECK(events->items.size() == 60);  // the one that went is known until the next reading
  CHECK(pages == 4);
}

TEST_CASE("On one page absence is a cancel at once", "[openadr]") {
  FakeVtn vtn;
  vtn.add_events(3);
  VtnClient client = vtn.client();
  const auto before = read_events(client, search(), {});
  REQUIRE(before);
  vtn.events.pop_back();
  const auto events = read_events(client, search(before->items), {});
  REQUIRE(events);
  CHECK(events->items.size() == 2);
}

TEST_CASE("Servers that do not divide into pages", "[openadr]") {
  FakeVtn vtn;
  vtn.add_events(120);
  VtnClient client = vtn.client();
  vtn.ignore_limit = true;
  const auto all = read_events(client, search(), {});
  REQUIRE(all);
  CHECK(all->items.size() == 120);
  vtn.ignore_limit = false;
  vtn.ignore_skip = true;
  const auto same = read_events(client, search(), {});
  REQUIRE_FALSE(same);
  CHECK(same.error().text == "it gives the same page again and again");
}

TEST_CASE("Events without number are refused", "[openadr]") {
  FakeVtn vtn;
  vtn.add_events(1100);
  VtnClient client = vtn.client();
  const auto events = read_events(client, search(), {});
  REQUIRE_FALSE(events);
  CHECK(events.error().text == "it shows more than 1000 objects: name the programs");
}

TEST_CASE("A reading that takes too long is given up", "[openadr]") {
  FakeVtn vtn;
  vtn.add_events(200);
  VtnClient client = vtn.client();
  vtn.after = [&](const HttpRequest&) { vtn.now.steady += seconds(20); };
  CHECK_FALSE(read_events(client, search(), {}));
}

TEST_CASE("Only events of the named programs count", "[openadr]") {
  FakeVtn vtn;
  vtn.events = {R"({"id":"a","programID":"p1","intervals":[]})",
                R"({"id":"b","programID":"p2","intervals":[]})"};
  vtn.ignore_program = true;
  VtnClient client = vtn.client();
  const auto events = read_events(client, search(), {});
  REQUIRE(events);
  CHECK(events->items.size() == 1);
  EventSearch all{{}, {"group-1", "a b"}, {}};
  const auto every = read_events(client, all, {});
  REQUIRE(every);
  CHECK(every->items.size() == 2);
  CHECK(vtn.asked.back().url ==
        "https://vtn/3.1/events?targets=group-1&targets=a%20b&skip=0&limit=50");
}

TEST_CASE("A named program must be there", "[openadr]") {
  FakeVtn vtn;
  VtnClient client = vtn.client();
  const auto found = read_programs(client, std::vector<std::string>{"shed"}, {});
  REQUIRE(found);
  CHECK(found->items.at(0).id == "p1");
  const auto missing = read_programs(client, std::vector<std::string>{"shed", "ghost"}, {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().text == "it shows no program 'ghost'");
}

// Enrolment.

TEST_CASE("A VEN and a resource are made", "[openadr]") {
  FakeVtn vtn;
  VtnClient client = vtn.client();
  Enrolment enrolment({"rig 1", "asics", false});
  CHECK(enrolment.enrol(client, 3000, {}));
  CHECK(enrolment.done());
  CHECK(enrolment.ven_id() == "v1");
  CHECK(vtn.sent("/3.1/vens") == R"({"objectType":"VEN_VEN_REQUEST","venName":"rig 1"})");
  const std::string resource = vtn.sent("/3.1/resources");
  CHECK(resource.find(R"("objectType":"VEN_RESOURCE_REQUEST")") != std::string::npos);
  CHECK(resource.find(R"("venID":"v1")") != std::string::npos);
  CHECK(resource.find(R"({"type":"MAX_POWER_CONSUMPTION","values":[3E0]})") != std::string::npos);
}

TEST_CASE("What is there already is ours", "[openadr]") {
  FakeVtn vtn;
  const auto conflict = [](const HttpRequest& request) {
    return request.method == "POST"
               ? FakeVtn::status(409)
               : FakeVtn::json(R"([{"id":"v0","venName":"x"},{"id":"v9","venName":"rig 1"}])");
  };
  vtn.answers["/3.1/vens"] = conflict;
  vtn.answers["/3.1/resources"] = conflict;
  VtnClient client = vtn.client();
  Enrolment enrolment({"rig 1", "asics", false});
  CHECK(enrolment.enrol(client, {}, {}));
  CHECK(enrolment.ven_id() == "v9");
}

TEST_CASE("A name that is another's cannot be enrolled", "[openadr]") {
  FakeVtn vtn;
  vtn.answers["/3.1/vens"] = [](const HttpRequest& request) {
    return request.method == "POST" ? FakeVtn::status(409) : FakeVtn::json("[]");
  };
  VtnClient client = vtn.client();
  Enrolment enrolment({"rig 1", "asics", false});
  const auto done = enrolment.enrol(client, {}, {});
  REQUIRE_FALSE(done);
  CHECK(done.error().text == "VEN 'rig 1': the name is another's");
}

TEST_CASE("3.0.1 has resources under their VEN", "[openadr]") {
  FakeVtn vtn;
  vtn.answers["/3.1/vens/v1/resources"] = [](const HttpRequest&) {
    return FakeVtn::json("{}", 201);
  };
  VtnClient client = vtn.client();
  Enrolment enrolment({"rig", "rig", true});
  CHECK(enrolment.enrol(client, {}, {}));
  CHECK(vtn.sent("/3.1/vens") == R"({"objectType":"VEN","venName":"rig"})");
  CHECK(vtn.sent("/3.1/vens/v1/resources").find("venID") == std::string::npos);
}

}  // namespace
}  // namespace ebb::sources::openadr
