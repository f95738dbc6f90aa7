// Jobs, clean_jobs, difficulty and extranonce: what becomes of a notify.

#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;

TEST_CASE("a notify becomes a job stamped with the session's state") {
  Client client = Client::ready("1fffe000");
  client.receive(set_difficulty("16383.75"));
  client.receive(notify("a"));
  const core::JobPtr job = client.job();
  REQUIRE(job != nullptr);
  CHECK(job->id == "a");
  CHECK(job->session == 7);
  CHECK(job->version_mask == 0x1fffe000);
  CHECK(job->share_target == core::Target::from_difficulty(16383.75));
  CHECK(job->network_target == core::Target::from_compact(0x1b04864c));
  CHECK(job->extranonce2_size == 4);
}

TEST_CASE("the difficulty is 1 before any set_difficulty") {
  Client client = Client::ready();
  client.receive(notify("a"));
  CHECK(client.job()->share_target == core::Target::from_difficulty(1));
}

TEST_CASE("the first job of a session is clean, whatever its flag: nothing earlier holds") {
  Client client = Client::ready();
  client.receive(notify("a", "false"));
  CHECK(client.job()->clean);
  client.receive(notify("b", "false"));
  CHECK_FALSE(client.job()->clean);
}

TEST_CASE("a set_difficulty applies to the next job, both ways, and is told once") {
  Client client = Client::ready();
  client.receive(set_difficulty("100"));
  client.receive(notify("a"));
  client.receive(set_difficulty("100"));
  client.receive(set_difficulty("200"));
  client.receive(set_difficulty("50"));
  CHECK(client.all<JobReceived>().size() == 1);  // no job of its own
  client.receive(notify("b"));
  CHECK(client.job()->share_target == core::Target::from_difficulty(50));
  const auto changes = client.all<DifficultyChanged>();
  REQUIRE(changes.size() == 3);
  CHECK(changes[2].difficulty == 50);
}

TEST_CASE("a bad set_difficulty is a bad line and changes nothing") {
  Client client = Client::ready();
  client.receive(set_difficulty("100"));
  for (const char* bad : {"0", "\"nan\""})
    client.receive(set_difficulty(bad));
  CHECK(client.all<LineRejected>().size() == 2);
  client.receive(notify("a"));
  CHECK(client.job()->share_target == core::Target::from_difficulty(100));
}

TEST_CASE("a raise without a new job: only what meets both is sent, except blocks") {
  Client client = Client::ready();
  client.receive(set_difficulty("100"));
  client.receive(notify("a"));
  const core::JobPtr job = client.job();
  CHECK(client.submit(share_of(job, 100)) == SubmitResult::sent);
  client.receive(set_difficulty("1000"));
  CHECK(client.submit(share_of(job, 999)) == SubmitResult::withheld);
  CHECK(client.submit(share_of(job, 1000)) == SubmitResult::sent);
  client.receive(set_difficulty("20000"));
  CHECK(client.submit(share_of(job, 14'000)) == SubmitResult::withheld);
  CHECK(client.submit(share_of(job, 14'485)) == SubmitResult::sent);  // solves the block
}

TEST_CASE("after a lowering, shares of the earlier job still owe its own difficulty") {
  Client client = Client::ready();
  client.receive(set_difficulty("1000"));
  client.receive(notify("a"));
  client.receive(set_difficulty("10"));
  CHECK(client.submit(share_of(client.job(), 999)) == SubmitResult::withheld);
  CHECK(client.submit(share_of(client.job(), 1000)) == SubmitResult::sent);
  client.receive(notify("b"));
  CHECK(client.submit(share_of(client.job(), 10)) == SubmitResult::sent);
}

TEST_CASE("clean=false with the same prevhash keeps earlier jobs valid") {
  Client client = Client::ready();
  client.receive(notify("a", "true"));
  const core::JobPtr a = client.job();
  client.receive(notify("b", "false"));
  CHECK(client.submit(share_of(a)) == SubmitResult::sent);
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
}

TEST_CASE("clean=true voids earlier jobs, also with the same prevhash") {
  Client client = Client::ready();
  client.receive(notify("a", "true"));
  const core::JobPtr a = client.job();
  client.receive(notify("Qb", "true"));  // datum's quick-difficulty job
  CHECK(client.job()->clean);
  CHECK(client.submit(share_of(a)) == SubmitResult::stale);
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
  CHECK(client.session.jobs_kept() == 1);
}

TEST_CASE("another prevhash is clean whatever the flag says") {
  Client client = Client::ready();
  client.receive(notify("a", "true"));
  const core::JobPtr a = client.job();
  NotifyText text;
  text.id = "b";
  text.prev_hash = std::string(64, '2');
  text.clean = "false";
  client.receive(text.line());
  CHECK(client.job()->clean);
  CHECK(client.submit(share_of(a)) == SubmitResult::stale);
}

TEST_CASE("a share that solves a block is sent even when its job is void") {
  Client client = Client::ready();
  client.receive(notify("a", "true"));
  const core::JobPtr a = client.job();
  client.receive(notify("b", "true"));
  CHECK(client.submit(share_of(a, 14'000)) == SubmitResult::stale);
  CHECK(client.submit(share_of(a, 14'485)) == SubmitResult::sent);
  CHECK(client.submitted().at(1) == "a");
}

TEST_CASE("a share of another session is stale, block or not") {
  Client client = Client::ready();
  client.receive(notify("a"));
  core::Job other = *client.job();
  other.session = 6;
  const auto job = std::make_shared<const core::Job>(other);
  CHECK(client.submit(share_of(job, 1000)) == SubmitResult::stale);
  CHECK(client.submit(share_of(job, 20'000)) == SubmitResult::stale);
  CHECK(client.submit(core::Share()) == SubmitResult::stale);
}

TEST_CASE("a share of a job this session never gave is stale") {
  Client client = Client::ready();
  client.receive(notify("a"));
  core::Job forged = *client.job();
  SECTION("unknown id") {
    forged.id = "b";
  }
  SECTION("known id, other content") {
    forged.time += 1;
  }
  CHECK(client.submit(share_of(std::make_shared<const core::Job>(forged))) == SubmitResult::stale);
}

TEST_CASE("the same job sent again is no event: work on it goes on") {
  Client client = Client::ready("1fffe000");
  client.receive(notify("a"));
  const core::JobPtr a = client.job();
  client.forget();
  client.receive(notify("a"));
  client.receive(notify("a", "true"));
  CHECK(client.events.empty());
  CHECK(client.submit(share_of(a)) == SubmitResult::sent);
}

TEST_CASE("the same job sent again as clean still voids the others") {
  Client client = Client::ready();
  client.receive(notify("a"));
  const core::JobPtr a = client.job();
  client.receive(notify("b"));
  const core::JobPtr b = client.job();
  client.forget();
  client.receive(notify("b", "true"));
  CHECK(client.events.empty());
  CHECK(client.submit(share_of(a)) == SubmitResult::stale);
  CHECK(client.submit(share_of(b)) == SubmitResult::sent);
}

TEST_CASE("the same job under a new difficulty is given out again, not clean") {
  Client client = Client::ready();
  client.receive(notify("a"));
  client.receive(set_difficulty("9"));
  client.forget();
  client.receive(notify("a", "true"));
  REQUIRE(client.all<JobReceived>().size() == 1);
  CHECK(client.job()->share_target == core::Target::from_difficulty(9));
  CHECK_FALSE(client.job()->clean);  // the position in it is kept
}

TEST_CASE("an earlier job sent again becomes the current one, not clean") {
  Client client = Client::ready();
  client.receive(notify("a"));
  NotifyText b;
  b.id = "b";
  b.time = "5f5e1001";
  client.receive(b.line());
  client.forget();
  client.receive(notify("a"));
  REQUIRE(client.all<JobReceived>().size() == 1);
  CHECK(client.job()->id == "a");
  CHECK_FALSE(client.job()->clean);
  CHECK(client.session.jobs_kept() == 2);
}

TEST_CASE("a known id with other content replaces the job: shares of the old one are stale") {
  Client client = Client::ready();
  client.receive(notify("a"));
  const core::JobPtr before = client.job();
  NotifyText text;
  text.id = "a";
  text.time = "5f5e1001";
  client.receive(text.line());
  CHECK(client.submit(share_of(before)) == SubmitResult::stale);
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
  CHECK(client.session.jobs_kept() == 1);
}

TEST_CASE("at most 64 jobs are kept, the oldest becomes stale") {
  Client client = Client::ready();
  client.receive(notify("j0", "true"));
  const core::JobPtr first = client.job();
  client.receive(notify("j1"));
  const core::JobPtr second = client.job();
  for (int i = 2; i <= 64; ++i)
    client.receive(notify("j" + std::to_string(i)));
  CHECK(client.session.jobs_kept() == 64);
  CHECK(client.submit(share_of(first)) == SubmitResult::stale);
  CHECK(client.submit(share_of(second)) == SubmitResult::sent);
}

TEST_CASE("set_extranonce acts on the next job; earlier jobs keep theirs") {
  Client client = Client::ready();
  client.receive(notify("a"));
  const core::JobPtr a = client.job();
  client.receive(call("mining.set_extranonce", R"(["0a0b0c0d0e",3])"));
  CHECK(client.job() == a);
  CHECK(client.submit(share_of(a)) == SubmitResult::sent);
  CHECK(client.submitted().at(2) == "a1b2c3d4");
  client.receive(notify("b"));
  CHECK(core::to_hex(client.job()->coinbase_prefix) == NotifyText().coinbase1 + "0a0b0c0d0e");
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
  CHECK(client.submitted().at(2) == "a1b2c3");
  client.receive(call("mining.set_extranonce", R"(["ff"])"));  // the size stays
  client.receive(notify("c"));
  CHECK(client.job()->extranonce2_size == 3);
  CHECK(client.submit(share_of(a)) == SubmitResult::sent);
}

TEST_CASE("a bad set_extranonce is a bad line and changes nothing") {
  Client client = Client::ready();
  client.receive(call("mining.set_extranonce", R"(["00",99])"));
  CHECK(client.all<LineRejected>().size() == 1);
  client.receive(notify("a"));
  CHECK(client.job()->extranonce2_size == 4);
  CHECK(core::to_hex(client.job()->coinbase_prefix) == NotifyText().coinbase1 + "01020304");
}

TEST_CASE("extranonces of every size in use") {
  struct Sizes {
    std::size_t first, second;
  };
  const auto sizes =
      GENERATE(Sizes{0, 0}, Sizes{0, 8}, Sizes{4, 4}, Sizes{5, 3}, Sizes{9, 1}, Sizes{32, 16});
  Client client;
  client.answer("mining.subscribe", "[[],\"" + std::string(2 * sizes.first, 'e') + "\"," +
                                        std::to_string(sizes.second) + "]");
  client.answer("mining.authorize", "true");
  client.receive(notify("a"));
  REQUIRE(client.job() != nullptr);
  CHECK(client.job()->coinbase_prefix.size() == 5 + sizes.first);
  CHECK(client.submit(share_of(client.job())) == SubmitResult::sent);
  CHECK(client.submitted().at(2).as_string().size() == 2 * sizes.second);
}

TEST_CASE("a malformed notify is a bad line and changes nothing") {
  Client client = Client::ready();
  client.receive(notify("a"));
  const core::JobPtr a = client.job();
  NotifyText bad;
  bad.id = "b";
  bad.clean = "true";
  bad.coinbase1 = "abc";
  client.receive(bad.line());
  CHECK(client.all<LineRejected>().size() == 1);
  CHECK(client.job() == a);
  CHECK(client.submit(share_of(a)) == SubmitResult::sent);
}

}  // namespace ebb::stratum
