#include "stratum/node/node_calls.h"

#include "core/printable.h"

namespace ebb::stratum::node {
namespace {

namespace json = boost::json;

json::array rules_of(const TemplateRequest& request) {
  json::array rules = {"segwit"};
  if (request.on_signet) rules.emplace_back("signet");
  return rules;
}

}  // namespace

tl::expected<std::string, RpcError> get_chain(NodeRpc& rpc, std::stop_token stop) {
  const auto result = rpc.call("getblockchaininfo", {}, std::move(stop));
  if (!result) return tl::unexpected(result.error());
  const json::object* object = result->if_object();
  const json::value* chain = object ? object->if_contains("chain") : nullptr;
  if (chain == nullptr || !chain->is_string())
    return tl::unexpected(RpcError{"getblockchaininfo: the node does not name its chain", 0});
  return core::printable({chain->get_string().data(), chain->get_string().size()}, 50);
}

tl::expected<NodeTemplate, RpcError> get_template(NodeRpc& rpc, const TemplateRequest& request,
                                                  std::stop_token stop) {
  json::object asked{{"rules", rules_of(request)}};
  if (!request.long_poll_id.empty()) asked["longpollid"] = request.long_poll_id;
  const auto result = rpc.call("getblocktemplate", {std::move(asked)}, std::move(stop));
  if (!result) return tl::unexpected(result.error());
  auto block_template = read_block_template(*result);
  if (!block_template) return tl::unexpected(RpcError{block_template.error(), 0});
  return NodeTemplate{std::make_shared<const BlockTemplate>(std::move(*block_template)),
                      read_template_notes(*result)};
}

tl::expected<std::string, RpcError> propose_block(NodeRpc& rpc, core::ByteView block,
                                                  const TemplateRequest& request,
                                                  std::stop_token stop) {
  json::object asked{
      {"mode", "proposal"}, {"data", core::to_hex(block)}, {"rules", rules_of(request)}};
  const auto result = rpc.call("getblocktemplate", {std::move(asked)}, std::move(stop));
  if (!result) return tl::unexpected(result.error());
  if (result->is_null()) return std::string();
  if (!result->is_string()) return core::printable(json::serialize(*result));
  return core::printable({result->get_string().data(), result->get_string().size()});
}

BlockVerdict submit_block(NodeRpc& rpc, core::ByteView block, std::stop_token stop) {
  return read_verdict(rpc.call("submitblock", {json::value(core::to_hex(block))}, std::move(stop)));
}

}  // namespace ebb::stratum::node
