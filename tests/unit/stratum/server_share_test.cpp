#include "stratum/server/share_book.h"

#include <algorithm>

#include "core/target.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/server_session_support.h"

namespace ebb::stratum::server {
namespace json = boost::json;

TEST_CASE("server shares: a good share is accepted, once") {
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

TEST_CASE("server shares: every way to hand in a wrong share is refused") {
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

TEST_CASE("server shares: shares before subscribe and authorize") {
  Talk talk(session_config(kTiny));
  talk.set_job(some_template(), true);
  const json::array params = {"alice", "00000001", "0000000000000000", "6553f100", "00000000"};
  CHECK(talk.submit(params) == "25 Not subscribed");
  talk.ask("mining.subscribe", {});
  CHECK(talk.submit(params) == "24 Unauthorised worker");
}

TEST_CASE("server shares: ntime may roll for two hours") {
  Talk talk = working();
  const std::uint32_t rolled = GENERATE(1u, 7200u);
  talk.client.job.time += rolled;
  CHECK(talk.submit(talk.client.solve(talk.client.meets_difficulty())) == "ok");
}

TEST_CASE("server shares: version rolling") {
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

TEST_CASE("server shares: rolled bits are joined to the job's own") {
  Talk talk(session_config(kTiny));
  node::BlockTemplate block_template = some_template();
  block_template.version = 0x30000000;  // bit 28 signals, and lies under the mask
  talk.set_job(block_template, true);
  talk.begin(true);
  // Both forms that clients use: final ^ job, and final & mask.
  const auto wanted = talk.client.meets_difficulty();
  CHECK(talk.submit(talk.client.solve(wanted, 0x00002000, 0)) == "ok");
  CHECK(talk.submit(talk.client.solve(wanted, 0x10002000, 1)) == "ok");
}

TEST_CASE("server shares: extranonce2 of any size") {
  ServerSessionConfig config = session_config(kTiny);
  config.extranonce2_size = GENERATE(0u, 1u, 3u, 16u);
  Talk talk(config);
  talk.session.set_job(job_of(some_template(), config.extranonce2_size), true, at(0));
  talk.begin();
  CHECK(talk.client.extranonce2_size == config.extranonce2_size);
  CHECK(talk.submit(talk.client.solve(talk.client.meets_difficulty(), 0, 0x5a)) == "ok");
}

TEST_CASE("server shares: a clean job makes earlier ones stale, another does not") {
  Talk talk = working();
  const json::array first = talk.client.solve(talk.client.meets_difficulty(), 0, 1);
  const json::array second = talk.client.solve(talk.client.meets_difficulty(), 0, 2);

  talk.set_job(some_template(4), false);
  CHECK_FALSE(talk.client.job.clean);
  CHECK(talk.submit(first) == "ok");

  node::BlockTemplate next = some_template(1);
  next.prev_hash = some_hash(0x99);
  talk.set_job(next, true);
  CHECK(talk.client.job.clean);
  CHECK(talk.submit(second) == "21 Stale");
  CHECK(talk.last_reason() == RejectReason::stale);
  CHECK(talk.submit(talk.client.solve(talk.client.meets_difficulty())) == "ok");
}

TEST_CASE("server shares: the number of jobs kept is bounded") {
  Talk talk = working();
  const json::array oldest = talk.client.solve(talk.client.meets_difficulty());
  for (std::size_t i = 1; i < ShareBook::kMaxJobs; ++i)
    talk.set_job(some_template(3), false);
  CHECK(talk.submit(oldest) == "ok");
  talk.set_job(some_template(3), false);
  CHECK(talk.submit(oldest) == "21 Stale");
}

TEST_CASE("server shares: a share that solves a block counts whatever the share target") {
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

TEST_CASE("server shares: a share is judged by the difficulty of its job") {
  ServerSessionConfig config = session_config(kTiny);
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

TEST_CASE("server shares: shares on one block are bounded, blocks are not") {
  ShareBook book({1, 2, 3, 4}, 8);
  node::BlockTemplate block_template = some_template(0, kHardBits);
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
  auto block = book.judge(submission, 0);
  for (; !block; block = book.judge(submission, 0))
    ++submission.nonce;
  CHECK(block->solves_block);
  CHECK(book.judge(submission, 0).has_value());  // it took no memory

  block_template.bits = kHardBits;
  submission.job_id = book.issue(job_of(block_template), kTime, 1e-30, true).id;
  CHECK(book.judge(submission, 0).has_value());  // a new block, a new count
}

}  // namespace ebb::stratum::server
