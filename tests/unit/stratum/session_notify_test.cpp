// make_job against jobs of real pools, whose shares are known: header bytes and nothing else.

#include "core/share.h"
#include "stratum/notify.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/session_support.h"

namespace ebb::stratum {

using namespace session_tests;

namespace {

// A job of the slush (Braiins) pool from May 2023 with 13 merkle branches, as ESP-Miner's tests
// hold it: merkle root 5bdc1968..., and nonce 0a029ed1 is a share of difficulty 683.511.
NotifyText thirteen_branches() {
  NotifyText text;
  text.prev_hash = "0c859545a3498373a57452fac22eb7113df2a465000543520000000000000000";
  text.coinbase1 =
      "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4b0389130c"
      "fabe6d6d5cbab26a2599e92916edec5657a94a0708ddb970f5c45b5d12905085617eff8e0100000000000000";
  text.coinbase2 =
      "1cfd7038212f736c7573682f000000000379ad0c2a000000001976a9147c154ed1dc59609e3d26abb2df2ea3d587"
      "cd8c41"
      "88ac00000000000000002c6a4c2952534b424c4f434b3ae725d3994b811572c1f345deb98b56b465ef8e153ecbbd"
      "27fa37bf1b005161380000000000000000266a24aa21a9ed63b06a7946b190a3fda1d76165b25c9b883bcc6621b0"
      "40773050ee2a1bb18f1800000000";
  text.branch = R"(["2b77d9e413e8121cd7a17ff46029591051d0922bd90b2b2a38811af1cb57a2b2",)"
                R"("5c8874cef00f3a233939516950e160949ef327891c9090467cead995441d22c5",)"
                R"("2d91ff8e19ac5fa69a40081f26c5852d366d608b04d2efe0d5b65d111d0d8074",)"
                R"("0ae96f609ad2264112a0b2dfb65624bedbcea3b036a59c0173394bba3a74e887",)"
                R"("e62172e63973d69574a82828aeb5711fc5ff97946db10fc7ec32830b24df7bde",)"
                R"("adb49456453aab49549a9eb46bb26787fb538e0a5f656992275194c04651ec97",)"
                R"("a7bc56d04d2672a8683892d6c8d376c73d250a4871fdf6f57019bcc737d6d2c2",)"
                R"("d94eceb8182b4f418cd071e93ec2a8993a0898d4c93bc33d9302f60dbbd0ed10",)"
                R"("5ad7788b8c66f8f50d332b88a80077ce10e54281ca472b4ed9bbbbcb6cf99083",)"
                R"("9f9d784b33df1b3ed3edb4211afc0dc1909af9758c6f8267e469f5148ed04809",)"
                R"("48fd17affa76b23e6fb2257df30374da839d6cb264656a82e34b350722b05123",)"
                R"("c4f5ab01913fc186d550c1a28f3f3e9ffaca2016b961a6a751f8cca0089df924",)"
                R"("cff737e1d00176dd6bbfa73071adbb370f227cfb5fba186562e4060fcec877e1"])";
  text.version = "20000004";
  text.bits = "1705ae3a";
  text.time = "647025b5";
  return text;
}

// Seven and eight bytes, as in the other job of that pool there.
constexpr const char* kExtranonce1 = "31650707758de0";
constexpr const char* kExtranonce2 = "7b01000000000000";

core::Job job_of(const NotifyText& text, const std::string& extranonce1,
                 std::size_t extranonce2_size, double difficulty) {
  const Extranonce extranonce{core::from_hex(extranonce1).value(), extranonce2_size};
  const JobContext context{0, 7, extranonce, difficulty, 0};
  return make_job(read_notify(json_of(text.line())).value(), context);
}

}  // namespace

TEST_CASE("a job with 13 branches gives the known merkle root and share") {
  const core::Bytes extranonce2 = core::from_hex(kExtranonce2).value();
  const core::Job job = job_of(thirteen_branches(), kExtranonce1, extranonce2.size(), 683);

  core::Header header;
  header.version = job.version;
  header.prev_hash = job.prev_hash;
  header.merkle_root = core::merkle_root(job, extranonce2);
  header.time = job.time;
  header.bits = job.bits;
  header.nonce = 0x0a029ed1;
  CHECK(core::to_hex(header.merkle_root.bytes) ==
        "5bdc1968499c3393873edf8e07a1c3a50a97fc3a9d1a376bbf77087dd63778eb");
  CHECK(core::difficulty_of(header.hash()) == Approx(683.511).epsilon(1e-6));
  CHECK(job.share_target.is_met_by(header.hash()));
}

TEST_CASE("prevhash: the bytes of each word turn round, the words stay where they are") {
  NotifyText text;
  text.prev_hash = "00010203101112132021222330313233404142435051525360616263707172ff";
  const core::Job job = job_of(text, "", 4, 1);
  CHECK(core::to_hex(job.prev_hash.bytes) ==
        "03020100131211102322212033323130434241405352515063626160ff727170");
}

TEST_CASE("coinbase: prefix with extranonce1, suffix, and the room between as the pool said") {
  NotifyText text;
  const core::Job job = job_of(text, "c0ffee", 3, 1);
  CHECK(core::to_hex(job.coinbase_prefix) == text.coinbase1 + "c0ffee");
  CHECK(core::to_hex(job.coinbase_suffix) == text.coinbase2);
  CHECK(job.extranonce2_size == 3);
  const core::Bytes coinbase = core::from_hex(text.coinbase1 +
                                              "c0ffee"
                                              "0a0b0c" +
                                              text.coinbase2)
                                   .value();
  const core::Bytes extranonce2{0x0a, 0x0b, 0x0c};
  CHECK(core::merkle_root(job, extranonce2) == core::sha256d(coinbase));  // raw, no branch
}

TEST_CASE("difficulty and nbits become targets, exactly") {
  NotifyText text;
  CHECK(job_of(text, "", 4, 0.001).share_target == core::Target::from_difficulty(0.001));
  CHECK(job_of(text, "", 4, 1).network_target == core::Target::from_compact(0x1b04864c));
  CHECK(job_of(text, "", 4, 1).session == 7);
}

}  // namespace ebb::stratum
