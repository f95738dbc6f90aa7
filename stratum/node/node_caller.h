#pragma once
// A node's calls as coroutines: each blocks a thread of this class while it is awaited.

#include <boost/asio.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "stratum/node/node_calls.h"

namespace ebb::stratum::node {

/// One connection for templates and one for blocks, so that no block waits for a long poll; of each
/// kind one call at a time. A stop request ends a call at once.
class NodeCaller {
 public:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  /// Before the first call. Fails when the URL is of no use.
  tl::expected<void, RpcError> open(const NodeAccess& access,
                                    std::chrono::milliseconds template_timeout,
                                    std::chrono::milliseconds submit_timeout) {
    auto for_templates = NodeRpc::create(access, template_timeout);
    if (!for_templates) return tl::unexpected(std::move(for_templates.error()));
    auto for_blocks = NodeRpc::create(access, submit_timeout);
    if (!for_blocks) return tl::unexpected(std::move(for_blocks.error()));
    template_rpc_ = std::move(*for_templates);
    block_rpc_ = std::move(*for_blocks);
    return {};
  }
  bool is_open() const { return template_rpc_.has_value(); }

  Awaitable<tl::expected<std::string, RpcError>> chain(std::stop_token stop) {
    return on_thread([this, stop = std::move(stop)] { return get_chain(*template_rpc_, stop); });
  }
  Awaitable<tl::expected<NodeTemplate, RpcError>> block_template(const TemplateRequest& request,
                                                                 std::stop_token stop) {
    return on_thread([this, request, stop = std::move(stop)] {
      return get_template(*template_rpc_, request, stop);
    });
  }
  Awaitable<tl::expected<std::string, RpcError>> proposal(core::Bytes block,
                                                          const TemplateRequest& request,
                                                          std::stop_token stop) {
    return on_thread([this, block = std::move(block), request, stop = std::move(stop)] {
      return propose_block(*template_rpc_, block, request, stop);
    });
  }
  Awaitable<BlockVerdict> submit(core::Bytes block, std::stop_token stop) {
    return on_thread([this, block = std::move(block), stop = std::move(stop)] {
      return submit_block(*block_rpc_, block, stop);
    });
  }

  /// Blocks until no call is under way; there can be none afterwards.
  void join() { threads_.join(); }

 private:
  template <class F>
  static Awaitable<std::invoke_result_t<F>> calling(F call) {
    co_return call();
  }
  // Not a coroutine itself: GCC 12 destroys some lambdas with captures inside one twice.
  template <class F>
  Awaitable<std::invoke_result_t<F>> on_thread(F call) {
    return boost::asio::co_spawn(threads_.get_executor(), calling(std::move(call)),
                                 boost::asio::use_awaitable);
  }

  boost::asio::thread_pool threads_{2};
  std::optional<NodeRpc> template_rpc_, block_rpc_;
};

}  // namespace ebb::stratum::node
