#include "stratum/node/node_client.h"

#include <algorithm>
#include <array>
#include <boost/asio.hpp>
#include <map>
#include <random>

#include "stratum/backoff.h"
#include "stratum/node/node_caller.h"
#include "stratum/node/node_job.h"
#include "stratum/node/node_work.h"

namespace ebb::stratum::node {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr int kMaxUndecidedProposals = 3;
constexpr std::uint8_t kOpTrue = 0x51;

NodeAccess access_of(const NodeClientConfig& config) {
  std::string url = config.url.text();
  if (!config.url.credentials.empty()) url.insert(url.find("//") + 2, config.url.credentials + "@");
  return {std::move(url), config.cookie_file, config.ca_file};
}

/// What decides whether a node that took one block of ours takes another.
struct Shape {
  bool commits = false;
  std::size_t coinbase_size = 0;
  std::uint32_t version = 0;
  friend bool operator==(const Shape&, const Shape&) = default;
};

Shape shape_of(const BlockTemplate& block_template, const core::Job& job) {
  return {!block_template.witness_commitment_script.empty(),
          job.coinbase_prefix.size() + job.coinbase_suffix.size(), job.version};
}

void rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

std::array<std::uint8_t, 4> random_bytes() {
  std::random_device device;
  std::array<std::uint8_t, 4> bytes{};
  core::store_le32(bytes.data(), device());
  return bytes;
}

}  // namespace

// All of it belongs to the io_context's thread, but for the calls of node_ that are under way.
class NodeClient::Impl : public std::enable_shared_from_this<NodeClient::Impl> {
 public:
  Impl(asio::io_context& io, NodeClientConfig config, std::function<void(PoolEvent)> sink)
      : config_(std::move(config)),
        sink_(std::move(sink)),
        executor_(io.get_executor()),
        work_(config_.pool, config_.payout.script, random_bytes()),
        pause_timer_(io),
        limit_timer_(io),
        drain_timer_(io) {}

  void start() { asio::co_spawn(executor_, run(shared_from_this()), rethrow); }

  void submit(core::Share share);

  void stop() {
    if (stopping_) return;
    stopping_ = true;
    poll_now();
    for (auto& [chain, delivery] : deliveries_)
      delivery->stop();
    drain_timer_.expires_after(config_.drain_timeout);
    drain_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->block_stop_.request_stop();
    });
    if (!running_) end_if_done();
  }

  /// Nothing of ours runs on another thread after this.
  void leave_threads() {
    block_stop_.request_stop();
    fetch_stop_.request_stop();
    node_.join();
  }

 private:
  /// Its block is not judged yet.
  struct OpenShare {
    core::Share share;
    Clock::time_point since;
  };

  asio::awaitable<void> run(std::shared_ptr<Impl> self);
  asio::awaitable<std::string> follow();
  asio::awaitable<tl::expected<std::optional<NodeTemplate>, std::string>> fetch(
      TemplateRequest request);
  asio::awaitable<std::optional<std::string>> fault_of(NodeTemplate found, TemplateRequest request);
  asio::awaitable<void> pause_until(Clock::time_point time);
  /// What poll_now() ends from now on.
  std::stop_token begin_call() {
    std::stop_source fresh;
    fetch_stop_.swap(fresh);
    return fetch_stop_.get_token();
  }
  /// Ends the fetch under way after so long; whether that came to be.
  std::shared_ptr<bool> limit_fetch(milliseconds time);

  std::optional<std::string> wrong_chain(const std::string& chain) const;
  tl::expected<void, std::string> open_delivery(const std::string& chain);
  asio::awaitable<void> deliver(std::shared_ptr<Impl> self, core::Bytes block,
                                std::function<void(BlockVerdict)> done);
  std::optional<OpenShare> take_open_share(const SolvedBlock& block);
  void on_judged(const SolvedBlock& block, const BlockVerdict& verdict);

  void publish(const NodeTemplate& found);

  /// The next template is wanted before the node sends it.
  void poll_now() {
    poll_wanted_ = true;
    fetch_stop_.request_stop();
    pause_timer_.cancel();
  }
  void remark(std::string text, bool is_warning = true) {
    sink_(Remark{is_warning, std::move(text)});
  }
  void drop(ShareDropped::Why why, core::Share share) {
    sink_(ShareDropped{why, std::move(share)});
  }
  void end_if_done();

  NodeClientConfig config_;
  std::function<void(PoolEvent)> sink_;
  asio::any_io_executor executor_;
  NodeCaller node_;
  NodeWork work_;
  asio::steady_timer pause_timer_, limit_timer_, drain_timer_;
  std::mt19937_64 random_{std::random_device{}()};

  bool running_ = false;
  bool stopping_ = false;
  bool delivering_ = false;
  bool poll_wanted_ = false;  ///< since the last fetch began
  std::stop_source fetch_stop_, block_stop_;
  Backoff backoff_;
  std::map<std::string, std::unique_ptr<BlockDelivery>> deliveries_;  ///< by chain
  std::string chain_;                                                 ///< the node's, as last heard
  std::vector<OpenShare> open_shares_;
  std::uint64_t session_ = 0;

  // Of the current connection.
  BlockTemplatePtr last_;
  Clock::time_point published_at_{};
  std::optional<Shape> approved_;
  int undecided_proposals_ = 0;
  std::optional<std::uint32_t> told_bits_, told_mask_;
};

asio::awaitable<void> NodeClient::Impl::run([[maybe_unused]] std::shared_ptr<Impl> self) {
  running_ = true;
  while (!stopping_) {
    sink_(Connecting{config_.url.text()});
    const auto began = Clock::now();
    std::string why = co_await follow();
    if (stopping_) break;
    if (last_ && backoff_.is_proven(Clock::now() - began)) backoff_.succeeded();
    std::uniform_real_distribution<double> uniform(0, 1);
    const milliseconds wait = backoff_.next(uniform(random_));
    sink_(Disconnected{std::move(why), wait});
    poll_wanted_ = false;
    co_await pause_until(Clock::now() + wait);
  }
  running_ = false;
  end_if_done();
}

/// Gives work as long as the node gives templates; why it ended.
asio::awaitable<std::string> NodeClient::Impl::follow() {
  ++session_;
  last_.reset();
  approved_.reset();
  told_bits_.reset();
  told_mask_.reset();
  undecided_proposals_ = 0;
  if (!node_.is_open()) {
    const auto opened = node_.open(
        access_of(config_), config_.long_poll_limit + config_.call_timeout, config_.submit_timeout);
    if (!opened) co_return opened.error().what;
  }
  const auto chain = co_await node_.chain(begin_call());
  if (stopping_) co_return "stopped";
  if (!chain) co_return chain.error().what;
  if (auto wrong = wrong_chain(*chain)) co_return *std::move(wrong);
  if (const auto opened = open_delivery(*chain); !opened) co_return opened.error();
  sink_(Connected{config_.url.text()});

  TemplateRequest request{*chain == "signet", {}};
  std::optional<Clock::time_point> silent_since;
  while (!stopping_) {
    const auto asked = Clock::now();
    auto fetched = co_await fetch(request);
    if (stopping_) break;
    request.long_poll_id.clear();
    if (!fetched) {
      if (!last_) co_return fetched.error();
      if (!silent_since) {
        silent_since = asked;
        remark(fetched.error() + "; mining goes on, asking again");
      }
      if (Clock::now() - *silent_since >= config_.patience) co_return fetched.error();
      co_await pause_until(asked + config_.poll_interval);
      continue;
    }
    if (silent_since) {
      remark("the node answers again", false);
      silent_since.reset();
      deliveries_.at(chain_)->retry_now();
    }
    if (!*fetched) continue;  // interrupted, or the long poll took too long
    const NodeTemplate& found = **fetched;
    if (auto fault = co_await fault_of(found, request)) co_return *std::move(fault);
    if (stopping_) break;
    // A block of ours was accepted since: this is the template from before.
    if (poll_wanted_) continue;
    const bool is_new_tip = !last_ || last_->prev_hash != found.block_template->prev_hash;
    publish(found);
    request.long_poll_id = found.notes.long_poll_id;
    // Long polls that return at once cannot make us ask more often than without them.
    if (!is_new_tip) co_await pause_until(asked + config_.poll_interval);
  }
  co_return "stopped";
}

/// Nothing when poll_now() ended it, or when a long poll was not answered in time.
asio::awaitable<tl::expected<std::optional<NodeTemplate>, std::string>> NodeClient::Impl::fetch(
    TemplateRequest request) {
  const bool is_long_poll = !request.long_poll_id.empty();
  std::stop_token stop = begin_call();
  poll_wanted_ = false;
  const auto timed_out = limit_fetch(is_long_poll ? config_.long_poll_limit : config_.call_timeout);
  auto result = co_await node_.block_template(request, std::move(stop));
  limit_timer_.cancel();
  if (*timed_out && !is_long_poll)
    co_return tl::unexpected(std::string("getblocktemplate: no answer"));
  if (fetch_stop_.stop_requested()) co_return std::nullopt;
  if (!result) co_return tl::unexpected(std::move(result.error().what));
  co_return std::move(*result);
}

std::shared_ptr<bool> NodeClient::Impl::limit_fetch(milliseconds time) {
  auto timed_out = std::make_shared<bool>(false);
  limit_timer_.expires_after(time);
  limit_timer_.async_wait([timed_out, stop = fetch_stop_](boost::system::error_code error) mutable {
    if (error) return;
    *timed_out = true;
    stop.request_stop();
  });
  return timed_out;
}

asio::awaitable<void> NodeClient::Impl::pause_until(Clock::time_point time) {
  if (stopping_ || poll_wanted_) co_return;
  pause_timer_.expires_at(time);
  co_await pause_timer_.async_wait(kNoThrow);
}

std::optional<std::string> NodeClient::Impl::wrong_chain(const std::string& chain) const {
  const auto network = network_of_chain(chain);
  if (network && config_.payout.is_of(*network)) return std::nullopt;
  return "the node is on " + chain + ", the address to be paid on " +
         std::string(name_of(config_.payout.network));
}

/// Why no work may be done on this template, if so.
asio::awaitable<std::optional<std::string>> NodeClient::Impl::fault_of(NodeTemplate found,
                                                                       TemplateRequest request) {
  if (found.notes.signet_challenge && *found.notes.signet_challenge != core::Bytes{kOpTrue})
    co_return "blocks of this signet need its owners' signature: it cannot be mined";
  const core::JobPtr job = work_.trial(*found.block_template);
  const Shape shape = shape_of(*found.block_template, *job);
  if (approved_ == shape) co_return std::nullopt;
  if (!found.notes.takes_proposals) {
    if (!approved_) remark("the node does not check proposals of blocks", false);
    approved_ = shape;
    co_return std::nullopt;
  }
  core::Bytes block = block_without_work(job, *found.block_template);
  const auto reason = co_await node_.proposal(std::move(block), request, begin_call());
  if (stopping_ || poll_wanted_) co_return std::nullopt;
  // What stands between us and the node may refuse what is as large as a block (a proxy's 413):
  // then a found one would not get through either.
  if (!reason && reason.error().code == 0) co_return reason.error().what;
  if (reason && reason->empty()) {
    approved_ = shape;
  } else if (reason && !may_pass(*reason)) {
    co_return "the node would refuse our block: " + *reason;
  } else if (++undecided_proposals_ == kMaxUndecidedProposals) {
    approved_ = shape;
    undecided_proposals_ = 0;
    remark(
        "the node does not judge proposals of blocks: " + (reason ? *reason : reason.error().what),
        false);
  }
  co_return std::nullopt;
}

void NodeClient::Impl::publish(const NodeTemplate& found) {
  const BlockTemplatePtr& next = found.block_template;
  const auto now = Clock::now();
  BlockDelivery& delivery = *deliveries_.at(chain_);
  const bool is_new_tip = !last_ || last_->prev_hash != next->prev_hash;
  const bool refresh_due =
      !found.notes.long_poll_id.empty() || now - published_at_ >= config_.refresh_interval;
  if (!is_new_tip && now - published_at_ < config_.keep_alive &&
      !(refresh_due && !same_content(*last_, *next)))
    return;
  delivery.on_tip(next->prev_hash);
  if (is_new_tip) delivery.retry_now();

  core::JobPtr job = work_.next(next, chain_, session_, is_new_tip);
  last_ = next;
  published_at_ = now;
  if (std::exchange(told_bits_, job->bits) != job->bits)
    sink_(DifficultyChanged{job->share_target.difficulty()});
  if (std::exchange(told_mask_, job->rollable_bits()) != job->rollable_bits())
    sink_(VersionRolling{job->rollable_bits()});
  sink_(JobReceived{std::move(job)});
}

tl::expected<void, std::string> NodeClient::Impl::open_delivery(const std::string& chain) {
  chain_ = chain;
  if (!deliveries_.contains(chain)) {
    auto store = BlockStore::open(config_.blocks_folder / chain);
    if (!store) return tl::unexpected(std::move(store.error()));
    BlockDelivery::Listener listener;
    listener.submit = [this, chain](core::Bytes block, std::function<void(BlockVerdict)> done) {
      if (chain != chain_) {
        asio::post(executor_, [done = std::move(done), life = weak_from_this()] {
          if (!life.expired())
            done({BlockVerdict::Kind::unanswered, "the node is on another chain"});
        });
        return;
      }
      asio::co_spawn(executor_, deliver(shared_from_this(), std::move(block), std::move(done)),
                     rethrow);
    };
    listener.on_judged = [this](const SolvedBlock& block, const BlockVerdict& verdict) {
      on_judged(block, verdict);
    };
    listener.on_outdated = [this](const SolvedBlock& block) {
      if (auto open = take_open_share(block))
        drop(ShareDropped::Why::stale, std::move(open->share));
    };
    listener.on_trouble = [this](std::string text) { remark(std::move(text)); };
    deliveries_[chain] = std::make_unique<BlockDelivery>(executor_, std::move(*store),
                                                         std::move(listener), config_.delivery);
  }
  BlockDelivery& delivery = *deliveries_.at(chain);
  delivery.add_kept();
  delivery.retry_now();
  return {};
}

void NodeClient::Impl::submit(core::Share share) {
  const NodeWork::Kept* kept = work_.find(*share.job);
  if (kept == nullptr) return drop(ShareDropped::Why::stale, std::move(share));
  if (!share.solves_block()) return drop(ShareDropped::Why::withheld, std::move(share));
  using Added = BlockDelivery::Added;
  BlockDelivery& delivery = *deliveries_.at(kept->chain);
  switch (delivery.wants(share.header.prev_hash)) {
    case Added::outdated:
      return drop(ShareDropped::Why::stale, std::move(share));
    case Added::enough:
      return drop(ShareDropped::Why::rate_limited, std::move(share));
    case Added::taken:
      break;
  }
  SolvedBlock block = solved_block(share, *kept->block_template);
  open_shares_.push_back({std::move(share), Clock::now()});
  delivery.add(std::move(block));
}

asio::awaitable<void> NodeClient::Impl::deliver([[maybe_unused]] std::shared_ptr<Impl> self,
                                                core::Bytes block,
                                                std::function<void(BlockVerdict)> done) {
  delivering_ = true;
  BlockVerdict verdict = co_await node_.submit(std::move(block), block_stop_.get_token());
  delivering_ = false;
  done(std::move(verdict));
  end_if_done();
}

std::optional<NodeClient::Impl::OpenShare> NodeClient::Impl::take_open_share(
    const SolvedBlock& block) {
  const auto open = std::find_if(open_shares_.begin(), open_shares_.end(),
                                 [&](const OpenShare& it) { return it.share.hash == block.hash; });
  if (open == open_shares_.end()) return std::nullopt;
  OpenShare found = std::move(*open);
  open_shares_.erase(open);
  return found;
}

void NodeClient::Impl::on_judged(const SolvedBlock& block, const BlockVerdict& verdict) {
  const bool accepted = verdict.kind == BlockVerdict::Kind::accepted;
  remark("block " + std::to_string(block.height) + " " + block.hash.to_display_hex() + ": " +
             verdict.text,
         verdict.kind == BlockVerdict::Kind::refused);
  if (accepted) poll_now();
  auto open = take_open_share(block);
  if (!open) return;  // an earlier run found it
  ShareJudged judged{std::move(open->share), accepted, RejectReason::stale, verdict.text};
  judged.latency = Clock::now() - open->since;
  if (verdict.kind == BlockVerdict::Kind::refused)
    judged.reason = classify_reject({false, 0, verdict.text});
  sink_(std::move(judged));
}

void NodeClient::Impl::end_if_done() {
  if (!stopping_ || running_ || delivering_) return;
  drain_timer_.cancel();
  for (OpenShare& open : std::exchange(open_shares_, {}))
    drop(ShareDropped::Why::unanswered, std::move(open.share));
}

NodeClient::NodeClient(asio::io_context& io, NodeClientConfig config,
                       std::function<void(PoolEvent)> sink)
    : impl_(std::make_shared<Impl>(io, std::move(config), std::move(sink))) {}

NodeClient::~NodeClient() {
  impl_->leave_threads();
}

void NodeClient::start() {
  impl_->start();
}

void NodeClient::submit(core::Share share) {
  impl_->submit(std::move(share));
}

void NodeClient::stop() {
  impl_->stop();
}

}  // namespace ebb::stratum::node
