#include <memory>

#include "miner/flags.h"
#include "miner/option_values.h"

namespace ebb::miner {
namespace {

constexpr std::size_t kMaxScriptBytes = 10'000;  // Bitcoin's MAX_SCRIPT_SIZE

struct Texts {
  std::string listen = "127.0.0.1:3333", difficulty, node, payout = "51", run_for, summary;
};

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
  const auto script = core::from_hex(texts.payout);
  if (!script || script->empty() || script->size() > kMaxScriptBytes) {
    throw UsageError{"--payout-script: " + quote(texts.payout) + " is not a script in hexadecimal"};
  }
  options.payout_script = *script;
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
  pool->add_option("--payout-script", texts->payout,
                   "Output script of the coinbase, in hexadecimal")
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
