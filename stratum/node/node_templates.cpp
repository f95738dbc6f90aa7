#include "stratum/node/node_templates.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "stratum/node/node_calls.h"

namespace ebb::stratum::node {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

using FetchResult = tl::expected<NodeTemplate, RpcError>;

/// Even an unchanged template is passed on this often: ntime stays fresh, and clients hear
/// something.
constexpr std::chrono::seconds kKeepAlive{30};

// These two run on the RPC thread.

asio::awaitable<FetchResult> fetch_template(NodeRpc& rpc, std::stop_token stop) {
  co_return get_template(rpc, {}, stop);
}

asio::awaitable<BlockVerdict> call_submitblock(NodeRpc& rpc, core::Bytes block) {
  co_return submit_block(rpc, block, std::stop_token());
}

/// The part that coroutines keep alive. Used by the executor's thread, but for the two `rpc`s,
/// which belong to the RPC thread.
struct NodeState {
  NodeState(asio::any_io_executor io_executor, NodeConfig node_config, NodeRpc for_templates,
            NodeRpc for_blocks)
      : executor(std::move(io_executor)),
        config(std::move(node_config)),
        template_rpc(std::move(for_templates)),
        block_rpc(std::move(for_blocks)),
        timer(executor) {}

  /// Something happened that makes the next template urgent.
  void poll_now() {
    poll_at_once = true;
    timer.cancel();
  }

  void on_fetched(FetchResult result);
  void report(Notice::Level level, const std::string& what) {
    listener.on_event({level, "node " + template_rpc.address() + ": " + what});
  }

  asio::any_io_executor executor;
  NodeConfig config;
  NodeRpc template_rpc;
  NodeRpc block_rpc;
  asio::steady_timer timer;
  asio::thread_pool rpc_thread{1};
  TemplateSource::Listener listener;
  std::stop_source poll_stop;
  bool poll_at_once = false;
  bool stopped = false;
  BlockTemplatePtr last;
  Clock::time_point last_at;
  std::string problem;  ///< reported and not over
};

void NodeState::on_fetched(FetchResult result) {
  if (!result) {
    if (problem != result.error().what)
      report(Notice::Level::warning, result.error().what + "; asking again");
    problem = std::move(result.error().what);
    return;
  }
  if (!problem.empty()) report(Notice::Level::info, "answers");
  problem.clear();

  const Clock::time_point now = Clock::now();
  const BlockTemplatePtr& next = result->block_template;
  const bool due = !last || last->prev_hash != next->prev_hash || now - last_at >= kKeepAlive ||
                   (now - last_at >= config.refresh_interval && !same_content(*last, *next));
  if (!due) return;
  last = next;
  last_at = now;
  listener.on_template(last);
}

asio::awaitable<void> poll_loop(std::shared_ptr<NodeState> state) {
  while (!state->stopped) {
    state->poll_at_once = false;
    state->poll_stop = std::stop_source();
    const std::stop_token stop = state->poll_stop.get_token();
    FetchResult result =
        co_await asio::co_spawn(state->rpc_thread.get_executor(),
                                fetch_template(state->template_rpc, stop), asio::use_awaitable);
    if (!state->stopped && !stop.stop_requested()) state->on_fetched(std::move(result));
    if (state->stopped || state->poll_at_once) continue;
    state->timer.expires_after(state->config.poll_interval);
    co_await state->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> submit(std::shared_ptr<NodeState> state, core::Bytes block,
                             std::function<void(BlockResult)> done) {
  // The RPC thread must not be busy with a template that is about to be out of date.
  state->poll_stop.request_stop();
  const BlockVerdict verdict = co_await asio::co_spawn(
      state->rpc_thread.get_executor(), call_submitblock(state->block_rpc, std::move(block)),
      asio::use_awaitable);
  if (state->stopped) co_return;
  state->poll_now();
  done({verdict.kind == BlockVerdict::Kind::accepted, verdict.text});
}

class NodeTemplates : public TemplateSource {
 public:
  explicit NodeTemplates(std::shared_ptr<NodeState> state) : state_(std::move(state)) {}
  NodeTemplates(const NodeTemplates&) = delete;
  NodeTemplates& operator=(const NodeTemplates&) = delete;
  ~NodeTemplates() override {
    stop();
    state_->rpc_thread.join();
  }

  void start(Listener listener) override {
    state_->listener = std::move(listener);
    asio::co_spawn(state_->executor, poll_loop(state_), asio::detached);
  }

  void submit_block(SolvedBlock block, std::function<void(BlockResult)> done) override {
    asio::co_spawn(state_->executor, submit(state_, std::move(block.bytes), std::move(done)),
                   asio::detached);
  }

  void stop() override {
    state_->stopped = true;
    state_->timer.cancel();
    state_->poll_stop.request_stop();
  }

 private:
  std::shared_ptr<NodeState> state_;
};

}  // namespace

tl::expected<std::unique_ptr<TemplateSource>, std::string> make_node_templates(
    asio::any_io_executor executor, NodeConfig config) {
  auto for_templates = NodeRpc::create({config.url, {}, {}}, config.template_timeout);
  if (!for_templates) return tl::unexpected(for_templates.error().what);
  auto for_blocks = NodeRpc::create({config.url, {}, {}}, config.submit_timeout);
  if (!for_blocks) return tl::unexpected(for_blocks.error().what);
  return std::make_unique<NodeTemplates>(std::make_shared<NodeState>(
      std::move(executor), std::move(config), std::move(*for_templates), std::move(*for_blocks)));
}

}  // namespace ebb::stratum::node
