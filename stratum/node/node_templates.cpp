#include "stratum/node/node_templates.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/printable.h"
#include "stratum/node/node_rpc.h"
#include "stratum/node/template_json.h"

namespace ebb::stratum::node {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using Clock = std::chrono::steady_clock;

using FetchResult = tl::expected<BlockTemplate, RpcError>;
using SubmitAnswer = tl::expected<json::value, RpcError>;

/// Even an unchanged template is passed on this often: ntime stays fresh, and clients hear
/// something.
constexpr std::chrono::seconds kKeepAlive{30};

bool same_content(const BlockTemplate& a, const BlockTemplate& b) {
  return a.version == b.version && a.bits == b.bits && a.coinbase_value == b.coinbase_value &&
         a.witness_commitment_script == b.witness_commitment_script &&
         std::equal(a.transactions.begin(), a.transactions.end(), b.transactions.begin(),
                    b.transactions.end(),
                    [](const auto& x, const auto& y) { return x.txid == y.txid; });
}

// These two run on the RPC thread.

asio::awaitable<FetchResult> fetch_template(NodeRpc& rpc, std::stop_token stop) {
  json::array params;
  params.push_back(json::object{{"rules", json::array{"segwit"}}});
  const auto result = rpc.call("getblocktemplate", std::move(params), stop);
  if (!result) co_return tl::unexpected(result.error());
  auto block_template = read_block_template(*result);
  if (!block_template) co_return tl::unexpected(RpcError{block_template.error()});
  co_return std::move(*block_template);
}

asio::awaitable<SubmitAnswer> call_submitblock(NodeRpc& rpc, core::Bytes block) {
  json::array params;
  params.push_back(json::value(core::to_hex(block)));
  co_return rpc.call("submitblock", std::move(params), std::stop_token());
}

/// Null is yes, anything else the reason (BIP 22).
BlockResult verdict_of(const SubmitAnswer& answer) {
  if (!answer) return {false, answer.error().what};
  if (answer->is_null()) return {true, "accepted"};
  if (answer->is_string())
    return {false, core::printable({answer->get_string().data(), answer->get_string().size()})};
  return {false, core::printable(json::serialize(*answer))};
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
  const bool due = !last || last->prev_hash != result->prev_hash || now - last_at >= kKeepAlive ||
                   (now - last_at >= config.refresh_interval && !same_content(*last, *result));
  if (!due) return;
  last = std::make_shared<const BlockTemplate>(std::move(*result));
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
  const SubmitAnswer answer = co_await asio::co_spawn(
      state->rpc_thread.get_executor(), call_submitblock(state->block_rpc, std::move(block)),
      asio::use_awaitable);
  if (state->stopped) co_return;
  state->poll_now();
  done(verdict_of(answer));
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
  auto for_templates = NodeRpc::create(config.url, config.template_timeout);
  if (!for_templates) return tl::unexpected(for_templates.error().what);
  auto for_blocks = NodeRpc::create(config.url, config.submit_timeout);
  if (!for_blocks) return tl::unexpected(for_blocks.error().what);
  return std::make_unique<NodeTemplates>(std::make_shared<NodeState>(
      std::move(executor), std::move(config), std::move(*for_templates), std::move(*for_blocks)));
}

}  // namespace ebb::stratum::node
