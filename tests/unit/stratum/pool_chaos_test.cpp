// Ten minutes of pools that fail, at twenty times their speed: PoolGroup and PoolClients on the
// loopback interface, every time limit of theirs divided by twenty.

#include <deque>

#include "stratum/pool_group.h"
#include "tests/unit/catch.h"
#include "tests/unit/stratum/pool_chaos_support.h"

namespace ebb::stratum {

using namespace pool_chaos;
using namespace std::chrono_literals;

namespace {

constexpr int kFaster = 20;
constexpr auto kTick = 10ms;
constexpr unsigned kPools = 3;

PoolClientConfig config_of(const ChaosPool& pool, std::uint32_t index) {
  PoolClientConfig config;
  config.pool = index;
  config.url.at = {"127.0.0.1", pool.port()};
  config.user = "alice.rig1";
  config.password = "x";
  config.user_agent = "ebb/test";
  for (auto* time : {&config.backoff.first, &config.backoff.longest, &config.backoff.proven,
                     &config.connect_timeout, &config.configure_timeout, &config.handshake_timeout,
                     &config.silence_timeout, &config.reply_timeout})
    *time /= kFaster;
  return config;
}

PoolStrategy faster() {
  PoolStrategy strategy;
  for (auto* time : {&strategy.proven_after, &strategy.widen_after, &strategy.linger_least,
                     &strategy.linger, &strategy.rest})
    *time /= kFaster;
  strategy.refusals = 10;
  return strategy;
}

/// The group, its pools, and a worker that finds a share every other tick.
class Chaos {
 public:
  explicit Chaos(unsigned seed) : random_(seed), timer_(io_) {
    std::vector<GroupMember> members;
    for (unsigned i = 0; i < kPools; ++i) {
      pools_.push_back(std::make_unique<ChaosPool>(io_, i));
      members.push_back({1, [this](std::uint32_t index, auto sink) {
                           return std::make_unique<PoolClient>(
                               io_, config_of(*pools_[index], index), std::move(sink));
                         }});
    }
    group_.emplace(io_, std::move(members), faster(),
                   PoolGroup::Owner{[this](std::size_t, PoolEvent event) { on(event); },
                                    [this](core::JobPtr job) { job_ = std::move(job); },
                                    [] { return std::uint64_t{0}; }});
    group_->start();
    tick();
  }

  ~Chaos() {
    group_->stop();
    for (const auto& pool : pools_)
      pool->kill();
    timer_.cancel();
    io_.stop();
  }

  void run_ticks(unsigned ticks) {
    for (const auto end = ticks_ + ticks; ticks_ < end;)
      io_.run_one();
  }

  bool mines(std::size_t pool) const { return job_ && job_->pool == pool; }

  bool until_mined(std::size_t pool) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!mines(pool) && std::chrono::steady_clock::now() < deadline)
      io_.run_one();
    return mines(pool);
  }

  /// Something happens to one of them, or it ends.
  void strike(std::size_t index) {
    ChaosPool& pool = *pools_[index];
    switch (below(5)) {
      case 0:
        return pool.kill();
      case 1:
        return pool.drop();
      case 2:
        return pool.hang();
      case 3:
        return pool.slow();
      default:
        return pool.refuse();
    }
  }
  void drop(std::size_t index) { pools_[index]->drop(); }
  void restore(std::size_t index) { pools_[index]->restore(); }

  /// No new shares; those under way end.
  void finish() {
    works_ = false;
    run_ticks(100);
    group_->stop();
    run_ticks(100);
  }

  unsigned ticks() const { return ticks_; }
  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  std::vector<std::string> lost;
  std::size_t found = 0, ended = 0, accepted = 0;
  const ChaosPool& pool(std::size_t index) const { return *pools_[index]; }

 private:
  void tick() {
    timer_.expires_after(kTick);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      ++ticks_;
      for (const auto& pool : pools_) {
        pool->tick([this](const std::string& what) { lost.push_back(what); });
        if (below(20) == 0) pool->new_job(below(6) == 0);
      }
      if (works_ && job_ && ticks_ % 2 == 0) find();
      for (; !scans_.empty() && scans_.front().first <= ticks_; scans_.pop_front())
        group_->submit(std::move(scans_.front().second));
      tick();
    });
  }

  /// It reaches the group when its scan ends, up to 30 ms later.
  void find() {
    core::Share share = share_of(job_, 1000, 0, ++nonce_);
    core::store_le32(share.hash.bytes.data(), nonce_);
    pools_[job_->pool]->found(share);
    ++found;
    const auto at = std::max(ticks_ + below(4), scans_.empty() ? 0 : scans_.back().first);
    scans_.emplace_back(at, std::move(share));
  }

  void on(const PoolEvent& event) {
    if (std::holds_alternative<ShareDropped>(event)) ++ended;
    const auto* told = std::get_if<Event>(&event);
    const auto* judged = told != nullptr ? std::get_if<ShareJudged>(told) : nullptr;
    if (judged == nullptr) return;
    ++ended;
    if (judged->accepted) ++accepted;
  }

  std::mt19937 random_;
  asio::io_context io_{1};
  asio::steady_timer timer_;
  std::vector<std::unique_ptr<ChaosPool>> pools_;
  std::optional<PoolGroup> group_;
  core::JobPtr job_;
  std::deque<std::pair<unsigned, core::Share>> scans_;
  std::uint32_t nonce_ = 0;
  unsigned ticks_ = 0;
  bool works_ = true;
};

}  // namespace

TEST_CASE("pool chaos: no share that its pool could have taken is lost, and none comes twice") {
  const unsigned seed = Catch::rngSeed();
  INFO("seed " << seed);
  Chaos chaos(seed);
  REQUIRE(chaos.until_mined(0));
  const unsigned end = std::chrono::milliseconds(10min) / kFaster / kTick;
  while (chaos.ticks() < end) {
    for (std::size_t i = 0; i < kPools; ++i) {
      if (i == 0 || chaos.below(3) == 0) chaos.strike(i);
    }
    chaos.run_ticks(10 + chaos.below(100));
    if (chaos.below(2) == 0) chaos.drop(0);
    chaos.run_ticks(10 + chaos.below(100));
    for (std::size_t i = 0; i < kPools; ++i)
      chaos.restore(i);
    INFO("tick " << chaos.ticks());
    REQUIRE(chaos.until_mined(0));  // the primary is regained every time
    chaos.run_ticks(20 + chaos.below(100));
    REQUIRE(chaos.lost == std::vector<std::string>());
  }
  chaos.finish();
  std::size_t taken = 0, unheard = 0;
  for (std::size_t i = 0; i < kPools; ++i) {
    CHECK(chaos.pool(i).faults.empty());
    taken += chaos.pool(i).taken;
    unheard += chaos.pool(i).unheard;
  }
  CHECK(chaos.lost == std::vector<std::string>());
  CHECK(chaos.ended == chaos.found);
  CHECK(taken > chaos.found / 2);
  CHECK(chaos.accepted <= taken + unheard);
  CHECK(chaos.accepted + unheard >= taken);
}

}  // namespace ebb::stratum
