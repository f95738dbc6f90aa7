#include "stratum/pool_group.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <utility>

namespace ebb::stratum {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Longer than an upstream needs to let go of the io_context.
constexpr std::chrono::seconds kRetired{60};

/// Often enough for the shortest of the strategy's times.
milliseconds tick_of(const PoolStrategy& strategy) {
  const milliseconds shortest =
      std::min({strategy.proven_after, strategy.widen_after, strategy.slice});
  return std::clamp(shortest / 5, milliseconds(10), milliseconds(1000));
}

}  // namespace

struct PoolGroup::Impl : std::enable_shared_from_this<PoolGroup::Impl> {
  struct Member {
    GroupMember pool;
    std::unique_ptr<Upstream> upstream;
    std::uint64_t life = 0;  ///< of the upstream: what an earlier one tells is of the past
    MemberState::Now line = MemberState::Now::idle;
    core::JobPtr job;
    std::optional<Clock::time_point> job_since;
    std::uint64_t hashes = 0;
    std::size_t unjudged = 0;
    unsigned refusals = 0;   ///< in a row
    bool forgotten = false;  ///< it refused so many that it may have forgotten our session
    std::optional<Clock::time_point> renewed_at;
    std::optional<Clock::time_point> paused_until;  ///< it gives no work, and is then renewed
    std::optional<Clock::time_point> rests_until;
  };

  Impl(boost::asio::io_context& io, PoolStrategy how, std::size_t pools, Owner whose)
      : timer(io), strategy(how), chooser(how, pools), owner(std::move(whose)) {}

  void wait();
  void update();
  void update_soon();
  void count_hashes();
  std::vector<PoolFacts> facts(Clock::time_point now) const;
  void connect(std::size_t index);
  void disconnect(std::size_t index);
  void renew_rested(Clock::time_point now);
  bool pause_forgotten(Member& member, Clock::time_point now) const;
  bool may_renew(const Member& member, Clock::time_point now) const;
  void suggest_difficulty(const Member& member) const;
  void on_event(std::size_t index, std::uint64_t life, PoolEvent event);
  void note_verdict(Member& member, bool accepted);

  boost::asio::steady_timer timer;
  PoolStrategy strategy;
  PoolChooser chooser;
  Owner owner;
  std::vector<Member> members;
  std::deque<std::pair<Clock::time_point, std::unique_ptr<Upstream>>> retired;
  std::optional<std::size_t> mined;
  double difficulty_factor = 1;
  std::uint64_t hashes_seen = 0;
  bool update_posted = false;
  bool stopped = false;
};

void PoolGroup::Impl::wait() {
  timer.expires_after(tick_of(strategy));
  timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!self || error || self->stopped) return;
    self->update();
    self->wait();
  });
}

/// Not from inside an upstream's own event: it may be the one to be stopped.
void PoolGroup::Impl::update_soon() {
  if (std::exchange(update_posted, true)) return;
  boost::asio::post(timer.get_executor(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->update_posted = false;
    if (!self->stopped) self->update();
  });
}

void PoolGroup::Impl::update() {
  const auto now = Clock::now();
  while (!retired.empty() && now - retired.front().first > kRetired)
    retired.pop_front();
  count_hashes();
  renew_rested(now);
  PoolChoice choice = chooser.choose(now, facts(now));
  if (choice.mined && pause_forgotten(members[*choice.mined], now))
    choice = chooser.choose(now, facts(now));
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (choice.connected[i] == (members[i].upstream != nullptr)) continue;
    choice.connected[i] ? connect(i) : disconnect(i);
  }
  if (choice.mined != mined) {
    mined = choice.mined;
    owner.on_job(mined ? members[*mined].job : nullptr);
  }
}

void PoolGroup::Impl::count_hashes() {
  const std::uint64_t total = owner.hashes();
  if (mined) members[*mined].hashes += total - hashes_seen;
  hashes_seen = total;
}

std::vector<PoolFacts> PoolGroup::Impl::facts(Clock::time_point now) const {
  std::vector<PoolFacts> all;
  for (const Member& member : members) {
    PoolFacts& pool = all.emplace_back();
    pool.weight = member.pool.weight;
    pool.job_since = member.job_since;
    pool.resting = member.rests_until && now < *member.rests_until;
    pool.hashes = member.hashes;
    pool.owes_verdicts = member.unjudged > 0;
    pool.keeps_connected = member.pool.keeps_connected;
  }
  return all;
}

void PoolGroup::Impl::connect(std::size_t index) {
  Member& member = members[index];
  const std::uint64_t life = ++member.life;
  member.upstream = member.pool.make(static_cast<std::uint32_t>(index),
                                     [weak = weak_from_this(), index, life](PoolEvent event) {
                                       if (const auto self = weak.lock())
                                         self->on_event(index, life, std::move(event));
                                     });
  suggest_difficulty(member);
  member.upstream->start();
}

void PoolGroup::Impl::disconnect(std::size_t index) {
  Member& member = members[index];
  member.job.reset();
  member.job_since.reset();
  member.line = MemberState::Now::idle;
  member.paused_until.reset();
  member.upstream->stop();
  retired.emplace_back(Clock::now(), std::move(member.upstream));
}

/// New sessions, where nothing of the last ones is under way any more.
void PoolGroup::Impl::renew_rested(Clock::time_point now) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    Member& member = members[i];
    const bool paused = member.paused_until.has_value();
    const bool over = paused ? now >= *member.paused_until
                             : mined != i && member.rests_until && now >= *member.rests_until;
    if (!member.upstream || !over || !(paused || may_renew(member, now))) continue;
    member.forgotten = false;
    member.renewed_at = now;
    disconnect(i);
    connect(i);
  }
}

/// Gives no work for a moment, so that what is under way still reaches its session. Whether it
/// began to.
bool PoolGroup::Impl::pause_forgotten(Member& member, Clock::time_point now) const {
  if (member.paused_until || !may_renew(member, now)) return false;
  member.job.reset();
  member.job_since.reset();
  member.paused_until = now + strategy.linger_least;
  return true;
}

bool PoolGroup::Impl::may_renew(const Member& member, Clock::time_point now) const {
  return member.forgotten && !(member.renewed_at && now - *member.renewed_at < strategy.rest);
}

void PoolGroup::Impl::suggest_difficulty(const Member& member) const {
  if (!member.upstream || !member.pool.suggest_difficulty) return;
  member.upstream->suggest_difficulty(*member.pool.suggest_difficulty * difficulty_factor);
}

void PoolGroup::Impl::on_event(std::size_t index, std::uint64_t life, PoolEvent event) {
  Member& member = members[index];
  const bool of_now = life == member.life && member.upstream != nullptr && !stopped;
  core::JobPtr job;
  bool changed = false;
  if (auto* told = std::get_if<Event>(&event)) {
    if (const auto* judged = std::get_if<ShareJudged>(told)) {
      note_verdict(member, judged->accepted);
    } else if (const auto* received = std::get_if<JobReceived>(told);
               received && of_now && !member.paused_until) {
      job = received->job;
      changed = member.job_since.has_value() != (job != nullptr);
      if (changed) member.job_since = job ? std::optional(Clock::now()) : std::nullopt;
      member.job = job;
    }
  } else if (std::holds_alternative<ShareDropped>(event)) {
    member.unjudged -= std::min<std::size_t>(member.unjudged, 1);
  } else if (std::holds_alternative<Connecting>(event) && of_now) {
    member.line = MemberState::Now::connecting;
  } else if (std::holds_alternative<Connected>(event) && of_now) {
    member.line = MemberState::Now::connected;
  } else if (std::holds_alternative<Disconnected>(event) && of_now) {
    member.line = MemberState::Now::connecting;
    member.job.reset();
    member.job_since.reset();
    changed = true;
  }
  owner.on_event(index, std::move(event));
  if (job && mined == index) owner.on_job(std::move(job));
  if (changed) update_soon();
}

void PoolGroup::Impl::note_verdict(Member& member, bool accepted) {
  member.unjudged -= std::min<std::size_t>(member.unjudged, 1);
  if (accepted) {
    member.refusals = 0;
    member.forgotten = false;
    member.rests_until.reset();
  } else if (++member.refusals >= strategy.refusals) {
    member.refusals = 0;
    member.forgotten = true;
    member.rests_until = Clock::now() + strategy.rest;
    update_soon();
  }
}

PoolGroup::PoolGroup(boost::asio::io_context& io, std::vector<GroupMember> members,
                     PoolStrategy strategy, Owner owner)
    : impl_(std::make_shared<Impl>(io, strategy, members.size(), std::move(owner))) {
  for (GroupMember& pool : members) {
    impl_->members.emplace_back();
    impl_->members.back().pool = std::move(pool);
  }
}

PoolGroup::~PoolGroup() {
  stop();
}

void PoolGroup::start() {
  impl_->hashes_seen = impl_->owner.hashes();
  impl_->update();
  impl_->wait();
}

void PoolGroup::submit(core::Share share) {
  const std::size_t index = share.job ? share.job->pool : impl_->members.size();
  if (index >= impl_->members.size()) return;
  Impl::Member& member = impl_->members[index];
  if (!member.upstream) {
    impl_->owner.on_event(index, ShareDropped{ShareDropped::Why::stale, std::move(share)});
    return;
  }
  ++member.unjudged;
  member.upstream->submit(std::move(share));
}

void PoolGroup::scale_difficulty(double factor) {
  impl_->difficulty_factor = factor;
  for (const Impl::Member& member : impl_->members)
    impl_->suggest_difficulty(member);
}

void PoolGroup::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->timer.cancel();
  for (const Impl::Member& member : impl_->members) {
    if (member.upstream) member.upstream->stop();
  }
}

std::vector<MemberState> PoolGroup::states() const {
  std::vector<MemberState> all;
  for (std::size_t i = 0; i < impl_->members.size(); ++i) {
    const Impl::Member& member = impl_->members[i];
    MemberState state{member.line, member.hashes};
    if (member.job_since) state.now = MemberState::Now::working;
    if (impl_->mined == i) {
      state.now = MemberState::Now::mined;
      state.hashes += impl_->owner.hashes() - impl_->hashes_seen;
    }
    all.push_back(state);
  }
  return all;
}

}  // namespace ebb::stratum
