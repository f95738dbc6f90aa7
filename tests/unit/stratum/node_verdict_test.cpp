#include "stratum/node/block_verdict.h"

#include "tests/unit/catch.h"

namespace ebb::stratum::node {

using Kind = BlockVerdict::Kind;

TEST_CASE("block verdict: what nodes answer to submitblock") {
  CHECK(read_verdict(boost::json::value(nullptr)).kind == Kind::accepted);
  const std::pair<const char*, Kind> cases[] = {
      {"duplicate", Kind::accepted},
      {"rejected: duplicate", Kind::accepted},
      {"inconclusive", Kind::side_branch},
      {"duplicate-inconclusive", Kind::side_branch},
      {"duplicate-invalid", Kind::refused},
      {"high-hash", Kind::refused},
      {"stale-prevblk", Kind::refused},
      {"rejected: bad-cb-amount", Kind::refused},
      {"time-too-old", Kind::refused},
      {"time-too-new", Kind::unsettled},
      {"prev-blk-not-found", Kind::unsettled},
      {"rejected: bad-prevblk", Kind::unsettled},
      {"", Kind::refused},
      {"what nobody has heard of", Kind::refused},
  };
  for (const auto& [text, kind] : cases) {
    INFO(text);
    const BlockVerdict verdict = read_verdict(boost::json::value(text));
    CHECK(verdict.kind == kind);
    CHECK(verdict.text == text);
  }
  CHECK(read_verdict(boost::json::value(false)).kind == Kind::refused);
  CHECK(read_verdict(boost::json::value("a\nb")).text == "a b");
}

TEST_CASE("block verdict: errors") {
  const auto of = [](int code) {
    return read_verdict(tl::unexpected(RpcError{"submitblock: why", code})).kind;
  };
  CHECK(of(0) == Kind::unanswered);    // no connection, no JSON, refused credentials
  CHECK(of(-28) == Kind::unanswered);  // loading its blocks
  CHECK(of(-10) == Kind::unanswered);  // downloading
  CHECK(of(-22) == Kind::refused);     // not a block
}

}  // namespace ebb::stratum::node
