#include <memory>

#include "miner/flags.h"
#include "miner/option_values.h"
#include "stratum/node/address.h"

namespace ebb::miner {
namespace {

constexpr std::size_t kMaxScriptBytes = 10'000;  // Bitcoin's MAX_SCRIPT_SIZE

struct Texts {
  std::string listen = "127.0.0.1:3333", difficulty, node, payout = "51", run_for, summary;
};

core::Bytes read_payout(const std::string& text) {
  if (const auto script = core::from_hex(text); script && !script->empty()) {
    if (script->size() <= kMaxScriptBytes) return *script;
    throw UsageError{"--payout: " + quote(text) + " is longer than a script may be"};
  }
  return value_or_usage_error("--payout", stratum::node::parse_payout_address(text)).script;
}

PoolOptions read_pool(const Texts& texts) {
  PoolOptions options;
  options.listen = value_or_usage_error("--listen", stratum::parse_host_port(texts.listen));
  if (!texts.difficulty.empty()) {
    options.difficulty = value_or_usage_error("--difficulty", parse_difficulty(texts.difficulty));
  }
  if (!texts.node.empty() && !texts.node.starts_with("http://") &&
      !texts.node.starts_with("https://")) {
    throw UsageError{"--node: the address must begin with http:// or https://"};
  }
  options.node = texts.node;
  options.payout_script = read_payout(texts.payout);
  if (!texts.run_for.empty()) {
    options.run_for = value_or_usage_error("--for", parse_duration(texts.run_for));
  }
  options.summary = texts.summary;
  return options;
}

}  // namespace

CommandFlags pool_flags(CLI::App& app) {
  const auto texts = std::make_shared<Texts>();
  CLI::App* pool = app.add_subcommand("pool", "Run the small pool server alone");
  pool->add_option("--listen", texts->listen, "Address to listen on")->capture_default_str();
  pool->add_option("--difficulty", texts->difficulty, "Fixed share difficulty (default: adjusted)");
  pool->add_option("--node", texts->node,
                   "Full node to take templates from: http://user:pass@host:port");
  pool->add_option("--payout", texts->payout,
                   "Whom blocks pay: an address, or an output script in hexadecimal")
      ->capture_default_str();
  pool->add_option("--for", texts->run_for, "Stop after this long");
  pool->add_option("--summary", texts->summary, "Write one JSON object at exit; - for stdout");
  return {pool, [texts] { return read_pool(*texts); }};
}

CommandFlags devices_flags(CLI::App& app) {
  const auto options = std::make_shared<DevicesOptions>();
  CLI::App* devices = app.add_subcommand("devices", "List what can hash on this machine");
  devices->add_flag("--json", options->json, "Print JSON");
  devices->add_flag("--retune", options->retune, "Measure anew how CUDA cards scan fastest");
  return {devices, [options] { return *options; }};
}

}  // namespace ebb::miner
