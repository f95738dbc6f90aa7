#include "stratum/server/server_session.h"

#include <algorithm>
#include <sstream>

#include "core/target.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/server_support.h"

namespace ebb::stratum::server {
namespace {

namespace json = boost::json;

constexpr double kTiny = 1e-8;  // 43 hashes a share

PoolJobPtr job_of(BlockTemplate block_template, std::size_t extranonce2_size = 8) {
  return make_pool_job(std::make_shared<BlockTemplate>(std::move(block_template)),
                       4 + extranonce2_size, core::Bytes{0x51})
      .value();
}

ServerSessionConfig config_of(double difficulty) {
  ServerSessionConfig config;
  config.extranonce1 = {0xde, 0xad, 0x00, 0x01};
  config.difficulty = difficulty;
  return config;
}

/// A session and the client it talks to, without a wire between them.
struct Talk {
  explicit Talk(ServerSessionConfig config) : session(std::move(config), at(0)) {}

  /// The server's output goes to the client.
  void pump() {
    std::istringstream lines(session.take_output());
    for (std::string line; std::getline(lines, line);)
      client.receive(line);
    for (ClientEvent& event : session.take_events())
      events.push_back(std::move(event));
  }

  void say(std::string_view line) {
    session.receive(line, now);
    pump();
  }

  json::object ask(const std::string& method, json::array params) {
    say(client.request(method, std::move(params)));
    return client.replies.at(client.last_id);
  }

  /// Subscribes and authorises; there is work afterwards when there is a job.
  void begin(bool rolling = false) {
    if (rolling) {
      ask("mining.configure",
          {json::array{"version-rolling"}, json::object{{"version-rolling.mask", "ffffffff"}}});
      client.rolling = true;
    }
    client.subscribed(ask("mining.subscribe", {"test/1"}));
    ask("mining.authorize", {"alice", "x"});
  }

  void set_job(BlockTemplate block_template, bool clean) {
    session.set_job(job_of(std::move(block_template)), clean, now);
    pump();
  }

  std::string submit(json::array params) {
    return verdict_of(ask("mining.submit", std::move(params)));
  }

  template <class Event>
  std::size_t count() const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(),
        [](const ClientEvent& event) { return std::holds_alternative<Event>(event); }));
  }

  /// What the last refusal counts as.
  RejectReason last_reason() const { return std::get<ShareRefused>(events.back()).refusal.reason; }

  ServerSession session;
  WireClient client;
  PoolTime now = at(0);
  std::vector<ClientEvent> events;
};

/// At work on a job of a tiny difficulty.
Talk working(double difficulty = kTiny, bool rolling = false,
             std::uint32_t network_bits = kHardBits) {
  Talk talk(config_of(difficulty));
  talk.set_job(some_template(3, network_bits), true);
  talk.begin(rolling);
  return talk;
}

}  // namespace

TEST_CASE("server session: subscribe, authorize, work") {
  Talk talk(config_of(0.5));
  talk.set_job(some_template(), true);
  const json::object subscribe = talk.ask("mining.subscribe", {"test/1"});
  CHECK(json::serialize(subscribe.at("result")) ==
        R"([[["mining.set_difficulty","dead0001"],["mining.notify","dead0001"]],"dead0001",8])");
  CHECK(subscribe.at("error").is_null());
  CHECK(talk.client.methods.empty());

  CHECK(verdict_of(talk.ask("mining.authorize", {"alice", "x"})) == "ok");
  CHECK(talk.client.methods == std::vector<std::string>{"mining.set_difficulty", "mining.notify"});
  CHECK(talk.client.difficulty == 0.5);
  CHECK(talk.client.job.clean);
  CHECK(talk.client.job.prev_hash == some_template().prev_hash);
  CHECK(talk.client.job.version == 0x20000000);
  CHECK(talk.client.job.bits == kHardBits);
  CHECK(talk.client.job.time == kTime);
  const auto& authorised = std::get<ClientAuthorised>(talk.events.front());
  CHECK(authorised.user == "alice");
  CHECK(authorised.agent == "test/1");
}

TEST_CASE("server session: work waits for the last of subscribe, authorize and job") {
  Talk talk(config_of(1));
  SECTION("authorize first") {
    talk.set_job(some_template(), true);
    talk.ask("mining.authorize", {"alice", "x"});
    CHECK(talk.client.methods.empty());
    talk.ask("mining.subscribe", {});
  }
  SECTION("no job yet") {
    talk.begin();
    CHECK(talk.client.methods.empty());
    talk.set_job(some_template(), true);
  }
  CHECK(talk.client.methods == std::vector<std::string>{"mining.set_difficulty", "mining.notify"});
}

TEST_CASE("server session: a whole number of difficulty has no fraction") {
  Talk talk(config_of(16384));
  talk.session.set_job(job_of(some_template()), true, at(0));
  talk.session.receive(talk.client.request("mining.subscribe", {}), at(0));
  talk.session.receive(talk.client.request("mining.authorize", {"a", "b"}), at(0));
  CHECK(talk.session.take_output().find("\"params\":[16384]") != std::string::npos);
}

TEST_CASE("server session: configure") {
  ServerSessionConfig config = config_of(1);
  const json::array rolling = {"version-rolling"};
  const auto result_of = [&](json::array params) {
    Talk talk(config);
    return json::serialize(talk.ask("mining.configure", std::move(params)).at("result"));
  };
  const auto masked = [](const char* mask) {
    return json::object{{"version-rolling.mask", mask}, {"version-rolling.min-bit-count", 2}};
  };
  CHECK(result_of({rolling, masked("ffffffff")}) ==
        R"({"version-rolling":true,"version-rolling.mask":"1fffe000"})");
  CHECK(result_of({rolling, masked("0000e00f")}) ==
        R"({"version-rolling":true,"version-rolling.mask":"0000e000"})");
  CHECK(result_of({rolling, masked("e0001fff")}) == R"({"version-rolling":false})");
  CHECK(result_of({rolling, json::object{}}) ==
        R"({"version-rolling":true,"version-rolling.mask":"1fffe000"})");
  CHECK(result_of({json::array{"minimum-difficulty", "version-rolling", "x\"y"},
                   json::object{{"version-rolling.mask", "1fffe000"},
                                {"minimum-difficulty.value", 2048}}}) ==
        R"({"minimum-difficulty":false,"version-rolling":true,)"
        R"("version-rolling.mask":"1fffe000","x\"y":false})");
  CHECK(result_of({json::array{}, json::object{}}) == "{}");
  for (const json::array& bad :
       {json::array{}, json::array{"version-rolling"}, json::array{rolling, 1},
        json::array{json::array{1}, json::object{}}, json::array{rolling, masked("xyz")},
        json::array{rolling, json::object{{"version-rolling.mask", 7}}}})
    CHECK(result_of(bad) == "null");

  config.version_mask = 0;
  CHECK(result_of({rolling, masked("ffffffff")}) == R"({"version-rolling":false})");
}

TEST_CASE("server session: users") {
  Talk talk(config_of(1));
  const auto authorize = [&](json::array params) {
    return verdict_of(talk.ask("mining.authorize", std::move(params)));
  };
  CHECK(authorize({"bob"}) == "ok");
  CHECK(authorize({std::string(128, 'u'), ""}) == "ok");
  CHECK(authorize({"", "x"}) == "20 Invalid username");
  CHECK(authorize({std::string(129, 'u'), "x"}) == "20 Invalid username");
  CHECK(authorize({"two\nlines", "x"}) == "20 Invalid username");
  CHECK(authorize({7, "x"}) == "20 Invalid username");
  CHECK(authorize({}) == "20 Invalid username");
  for (int i = 0; i < 14; ++i)
    CHECK(authorize({"user" + std::to_string(i)}) == "ok");
  CHECK(authorize({"one too many"}) == "20 Too many usernames");
  CHECK(authorize({"bob"}) == "ok");  // again
  CHECK(talk.count<ClientAuthorised>() == 16);
}

TEST_CASE("server session: a good share is accepted, once") {
  Talk talk = working();
  const json::array share = talk.client.solve(talk.client.meets_difficulty());
  CHECK(talk.submit(share) == "ok");
  CHECK(talk.count<ShareAccepted>() == 1);
  CHECK(std::get<ShareAccepted>(talk.events.back()).difficulty == kTiny);

  CHECK(talk.submit(share) == "22 Duplicate");
  CHECK(talk.last_reason() == RejectReason::duplicate);

  // The same header under another job id is the same share.
  talk.set_job(some_template(3), false);
  json::array renamed = share;
  renamed[1] = json::string(talk.client.job.id);
  CHECK(talk.submit(renamed) == "22 Duplicate");

  // Upper case hexadecimal is none either.
  json::array upper = share;
  for (const std::size_t i : {2u, 3u, 4u}) {
    std::string text(upper[i].as_string());
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
    upper[i] = json::string(text);
  }
  CHECK(talk.submit(upper) == "22 Duplicate");
}

TEST_CASE("server session: every way to hand in a wrong share is refused") {
  Talk talk = working();
  const json::array good = talk.client.solve(talk.client.meets_difficulty());
  const auto with = [&](std::size_t index, json::value value) {
    json::array changed = good;
    changed[index] = std::move(value);
    return changed;
  };

  SECTION("too few parameters") {
    CHECK(talk.submit(json::array(good.begin(), good.begin() + 4)) == "20 Invalid array size");
    CHECK(talk.last_reason() == RejectReason::other);
  }
  SECTION("not text") {
    CHECK(talk.submit(with(4, 1234)) == "20 Params not strings");
  }
  SECTION("not an array") {
    talk.say(R"({"id":77,"method":"mining.submit","params":{"a":1}})");
    CHECK(verdict_of(talk.client.replies.at(77)) == "20 Params not array");
  }
  SECTION("user unknown") {
    CHECK(talk.submit(with(0, "mallory")) == "24 Unauthorised worker");
    CHECK(talk.last_reason() == RejectReason::unauthorised);
  }
  SECTION("job unknown") {
    CHECK(talk.submit(with(1, "nope")) == "21 Invalid JobID");
    CHECK(talk.submit(with(1, "000000ff")) == "21 Invalid JobID");
    CHECK(talk.submit(with(1, "00000000")) == "21 Invalid JobID");
    CHECK(talk.submit(with(1, "")) == "21 Invalid JobID");
    CHECK(talk.last_reason() == RejectReason::stale);
  }
  SECTION("extranonce2 of the wrong size, or no hexadecimal") {
    for (const char* text :
         {"", "00", "00000000000000", "000000000000000000", "000000000000000", "000000000000000g"})
      CHECK(talk.submit(with(2, text)) == "20 Invalid nonce2 length");
  }
  SECTION("ntime below the job's, or too far above") {
    CHECK(talk.submit(with(3, json::string(core::to_hex(kTime - 1)))) == "20 Ntime out of range");
    CHECK(talk.submit(with(3, json::string(core::to_hex(kTime + 7201)))) ==
          "20 Ntime out of range");
    CHECK(talk.submit(with(3, "00000000")) == "20 Ntime out of range");
    CHECK(talk.submit(with(3, "ffffffff")) == "20 Ntime out of range");
    CHECK(talk.submit(with(3, "65")) == "20 Invalid ntime");
    CHECK(talk.last_reason() == RejectReason::bad_time);
  }
  SECTION("no nonce") {
    CHECK(talk.submit(with(4, "123456789")) == "20 Invalid nonce");
    CHECK(talk.submit(with(4, "0x123456")) == "20 Invalid nonce");
  }
  SECTION("low difficulty") {
    const json::array low = talk.client.solve(
        [meets = talk.client.meets_difficulty()](const core::Hash256& h) { return !meets(h); });
    CHECK(talk.submit(low) == "23 Above target");
    CHECK(talk.last_reason() == RejectReason::low_difficulty);
  }
  SECTION("version bits that were not negotiated") {
    json::array rolled = good;
    rolled.push_back("00002000");
    CHECK(talk.submit(rolled) == "23 Invalid version mask");
    CHECK(talk.last_reason() == RejectReason::bad_version);
  }
  CHECK(talk.count<ShareAccepted>() == 0);
  CHECK_FALSE(talk.session.finished());

  // The good one is still good, and so is one with parameters to spare.
  json::array longer = good;
  longer.push_back("00000000");
  longer.push_back(json::object{});
  CHECK(talk.submit(longer) == "ok");
}

TEST_CASE("server session: shares before subscribe and authorize") {
  Talk talk(config_of(kTiny));
  talk.set_job(some_template(), true);
  const json::array params = {"alice", "00000001", "0000000000000000", "6553f100", "00000000"};
  CHECK(talk.submit(params) == "25 Not subscribed");
  talk.ask("mining.subscribe", {});
  CHECK(talk.submit(params) == "24 Unauthorised worker");
}

TEST_CASE("server session: ntime may roll for two hours") {
  Talk talk = working();
  const std::uint32_t rolled = GENERATE(1u, 7200u);
  talk.client.job.time += rolled;
  CHECK(talk.submit(talk.client.solve(talk.client.meets_difficulty())) == "ok");
}

TEST_CASE("server session: version rolling") {
  Talk talk = working(kTiny, true);
  const auto wanted = talk.client.meets_difficulty();
  const std::uint32_t bits = GENERATE(0u, 0x2000u, 0x1fffe000u);
  CHECK(talk.submit(talk.client.solve(wanted, bits)) == "ok");

  for (const char* outside : {"00001000", "20000000", "ffffffff"}) {
    json::array share = talk.client.solve(wanted, bits, 1);
    share[5] = outside;
    CHECK(talk.submit(share) == "23 Invalid version mask");
  }
  json::array share = talk.client.solve(wanted, bits, 2);
  share[5] = "2000";
  CHECK(talk.submit(share) == "23 Invalid version mask");
  share.pop_back();
  CHECK(talk.submit(share) == "20 No version bits");
  CHECK(talk.last_reason() == RejectReason::bad_version);
}

TEST_CASE("server session: rolled bits are joined to the job's own") {
  Talk talk(config_of(kTiny));
  BlockTemplate block_template = some_template();
  block_template.version = 0x30000000;  // bit 28 signals, and lies under the mask
  talk.set_job(block_template, true);
  talk.begin(true);
  // Both forms that clients use: final ^ job, and final & mask.
  const auto wanted = talk.client.meets_difficulty();
  CHECK(talk.submit(talk.client.solve(wanted, 0x00002000, 0)) == "ok");
  CHECK(talk.submit(talk.client.solve(wanted, 0x10002000, 1)) == "ok");
}

TEST_CASE("server session: extranonce2 of any size") {
  ServerSessionConfig config = config_of(kTiny);
  config.extranonce2_size = GENERATE(0u, 1u, 3u, 16u);
  Talk talk(config);
  talk.session.set_job(job_of(some_template(), config.extranonce2_size), true, at(0));
  talk.begin();
  CHECK(talk.client.extranonce2_size == config.extranonce2_size);
  CHECK(talk.submit(talk.client.solve(talk.client.meets_difficulty(), 0, 0x5a)) == "ok");
}

TEST_CASE("server session: a clean job makes earlier ones stale, another does not") {
  Talk talk = working();
  const json::array first = talk.client.solve(talk.client.meets_difficulty(), 0, 1);
  const json::array second = talk.client.solve(talk.client.meets_difficulty(), 0, 2);

  talk.set_job(some_template(4), false);
  CHECK_FALSE(talk.client.job.clean);
  CHECK(talk.submit(first) == "ok");

  BlockTemplate next = some_template(1);
  next.prev_hash = some_hash(0x99);
  talk.set_job(next, true);
  CHECK(talk.client.job.clean);
  CHECK(talk.submit(second) == "21 Stale");
  CHECK(talk.last_reason() == RejectReason::stale);
  CHECK(talk.submit(talk.client.solve(talk.client.meets_difficulty())) == "ok");
}

TEST_CASE("server session: the number of jobs kept is bounded") {
  Talk talk = working();
  const json::array oldest = talk.client.solve(talk.client.meets_difficulty());
  for (std::size_t i = 1; i < ShareBook::kMaxJobs; ++i)
    talk.set_job(some_template(3), false);
  CHECK(talk.submit(oldest) == "ok");
  talk.set_job(some_template(3), false);
  CHECK(talk.submit(oldest) == "21 Stale");
}

TEST_CASE("server session: a share that solves a block counts whatever the share target") {
  Talk talk = working(1, false, kEasyBits);
  const auto network = core::Target::from_compact(kEasyBits).value();
  const json::array block =
      talk.client.solve([&](const core::Hash256& hash) { return network.is_met_by(hash); });
  CHECK(talk.submit(block) == "ok");
  REQUIRE(talk.count<BlockSolved>() == 1);
  const JudgedShare& share = std::get<BlockSolved>(talk.events.back()).share;
  CHECK(share.solves_block);
  CHECK_FALSE(share.meets_share_target);
  CHECK(share.hash == share.header.hash());
  CHECK(share.difficulty == Approx(network.difficulty()));
  CHECK(share.header.merkle_root == merkle_root_of(*share.job, share.coinbase));
  CHECK(talk.submit(block) == "22 Duplicate");
  const json::array none =
      talk.client.solve([&](const core::Hash256& hash) { return !network.is_met_by(hash); });
  CHECK(talk.submit(none) == "23 Above target");
}

TEST_CASE("server session: a share is judged by the difficulty of its job") {
  ServerSessionConfig config = config_of(kTiny);
  config.vardiff = VardiffConfig{.target_interval = std::chrono::duration<double>(1),
                                 .min_difficulty = 1e-9,
                                 .max_difficulty = 1};
  Talk talk(config);
  talk.set_job(some_template(), true);
  talk.begin();
  const std::string first_id = talk.client.job.id;
  const auto easy = core::Target::from_difficulty(kTiny).value();
  const auto hard = core::Target::from_difficulty(kTiny * 4).value();
  const auto only_easy = [&](const core::Hash256& hash) {
    return easy.is_met_by(hash) && !hard.is_met_by(hash);
  };

  // 40 shares at once are far too many; the tick raises the difficulty and sends the job anew.
  for (int i = 0; i < 40; ++i)
    REQUIRE(talk.submit(talk.client.solve(talk.client.meets_difficulty(), 0,
                                          static_cast<std::uint8_t>(i))) == "ok");
  const json::array late = talk.client.solve(only_easy, 0, 100);
  talk.now = at(1);
  talk.session.tick(talk.now);
  talk.pump();
  CHECK(talk.client.job_difficulty == Approx(4 * kTiny));
  CHECK(talk.client.job.id != first_id);
  CHECK_FALSE(talk.client.job.clean);
  CHECK(talk.client.job.time == kTime + 1);
  CHECK(talk.count<DifficultySet>() == 2);

  CHECK(talk.submit(late) == "ok");
  CHECK(std::get<ShareAccepted>(talk.events.back()).difficulty == kTiny);
  CHECK(talk.submit(talk.client.solve(only_easy)) == "23 Above target");
  CHECK(talk.submit(talk.client.solve(talk.client.meets_difficulty())) == "ok");
}

TEST_CASE("server session: suggest_difficulty") {
  ServerSessionConfig config = config_of(1);
  config.vardiff = VardiffConfig{.min_difficulty = 0.01, .max_difficulty = 100};
  const auto suggest = [](Talk& talk, json::value value) {
    return talk.ask("mining.suggest_difficulty", {std::move(value)});
  };

  SECTION("before the first job") {
    Talk talk(config);
    talk.set_job(some_template(), true);
    CHECK(verdict_of(suggest(talk, 0.5)) == "ok");
    talk.begin();
    CHECK(talk.client.methods ==
          std::vector<std::string>{"mining.set_difficulty", "mining.notify"});
    CHECK(talk.client.job_difficulty == 0.5);
  }
  SECTION("at work: the job comes anew") {
    Talk talk(config);
    talk.set_job(some_template(), true);
    talk.begin();
    talk.client.methods.clear();
    suggest(talk, 7);
    CHECK(talk.client.job_difficulty == 7);
    suggest(talk, 1e9);
    CHECK(talk.client.job_difficulty == 100);
    suggest(talk, 1e-9);
    CHECK(talk.client.job_difficulty == 0.01);
    CHECK(talk.client.methods.size() == 6);
    suggest(talk, 0.001);  // still the bound: nothing new
    CHECK(talk.client.methods.size() == 6);
    for (const json::value& bad : {json::value(0), json::value(-1), json::value("4")})
      CHECK(verdict_of(suggest(talk, bad)) == "20 Invalid difficulty");
    CHECK(verdict_of(talk.ask("mining.suggest_difficulty", {})) == "20 Invalid difficulty");
  }
  SECTION("without vardiff it changes nothing") {
    config.vardiff.reset();
    Talk talk(config);
    talk.set_job(some_template(), true);
    talk.begin();
    CHECK(suggest(talk, 7).at("result") == false);
    CHECK(talk.client.job_difficulty == 1);
  }
}

TEST_CASE("server session: other methods") {
  Talk talk = working();
  CHECK(verdict_of(talk.ask("mining.extranonce.subscribe", {})) == "ok");
  CHECK(verdict_of(talk.ask("mining.get_transactions", {})) == "-3 Method not found");
  CHECK(verdict_of(talk.ask("", {})) == "-3 Method not found");

  // Ids come back as they are; notifications and replies get no answer.
  const auto answer_to = [&](const char* line) {
    talk.session.receive(line, talk.now);
    return talk.session.take_output();
  };
  CHECK(answer_to(R"({"id":"abc\n","method":"x"})") ==
        R"({"id":"abc\n","result":null,"error":[-3,"Method not found",null]})"
        "\n");
  CHECK(answer_to(R"({"id":-5,"method":"x","params":null})").starts_with(R"({"id":-5,)"));
  CHECK(answer_to(R"({"id":null,"method":"mining.subscribe","params":[]})").empty());
  CHECK(answer_to(R"({"method":"mining.subscribe","params":[]})").empty());
  CHECK(answer_to(R"({"id":4,"result":true,"error":null})").empty());
}

TEST_CASE("server session: bad lines are answered, and three in a row end it") {
  Talk talk = working();
  const std::string long_id(65, 'i');
  const std::string bad[] = {"",
                             "nonsense",
                             "[1,2]",
                             "{}",
                             R"({"id":1})",
                             R"({"id":1,"method":5})",
                             R"({"id":[1],"method":"mining.submit"})",
                             R"({"id":")" + long_id + R"(","method":"mining.submit"})",
                             std::string(R"({"id":1,"method":"a)") + '\0' + R"("})",
                             "{\"id\":1,\"method\":\"\xff\xfe\"}",
                             std::string(10'000, '[')};
  int answered = 0;
  for (const std::string& line : bad) {
    INFO(line.substr(0, 40));
    talk.say(line);
    CHECK(talk.client.nameless_errors == ++answered);
    CHECK(std::holds_alternative<BadLine>(talk.events.back()));
    talk.ask("mining.authorize", {"alice"});  // a good one in between
  }
  CHECK_FALSE(talk.session.finished());

  talk.say("x");
  talk.session.overlong_line();
  CHECK_FALSE(talk.session.finished());
  talk.say("y");
  CHECK(talk.session.finished());
  const int so_far = talk.client.nameless_errors;
  talk.say("z");
  talk.say(talk.client.request("mining.authorize", {"alice"}));
  CHECK(talk.client.nameless_errors == so_far);
}

TEST_CASE("server session: shares on one block are bounded, blocks are not") {
  ShareBook book({1, 2, 3, 4}, 8);
  BlockTemplate block_template = some_template(0, kHardBits);
  const IssuedJob issued = book.issue(job_of(block_template), kTime, 1e-30, true);
  Submission submission{.user = "u",
                        .job_id = issued.id,
                        .extranonce2 = core::Bytes(8, 0),
                        .time = kTime,
                        .nonce = 0,
                        .version_bits = {}};
  for (; submission.nonce < ShareBook::kMaxShares; ++submission.nonce)
    REQUIRE(book.judge(submission, 0));
  const auto refused = book.judge(submission, 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text == "Too many shares on one block");
  submission.nonce = 0;
  CHECK(book.judge(submission, 0).error().reason == RejectReason::duplicate);

  block_template.bits = kEasyBits;
  submission.job_id = book.issue(job_of(block_template), kTime, 1, false).id;
  while (!book.judge(submission, 0))
    ++submission.nonce;
  CHECK(book.judge(submission, 0)->solves_block);
}

}  // namespace ebb::stratum::server
