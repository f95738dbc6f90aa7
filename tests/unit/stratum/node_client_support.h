#pragma once
// A node client, the chain that its node tells of, and all that it told.

#include <filesystem>
#include <mutex>
#include <optional>

#include "stratum/node/node_client.h"
#include "tests/unit/stratum/fake_node.h"
#include "tests/unit/stratum/node_support.h"
#include "tests/unit/temporary_folder.h"

namespace ebb::stratum::node {

inline constexpr const char* kRegtestAddress = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

/// Answers on the fake node's thread; a test that changes it locks it.
class FakeChain {
 public:
  std::mutex mutex;
  std::string chain = "regtest";
  std::uint32_t height = 100;
  core::Hash256 tip = some_hash(0x77);
  std::string verdict;              ///< of submitblock; empty: null, and the tip moves
  std::optional<std::string> down;  ///< what everything is answered
  std::optional<std::string> submit_answer;
  std::string proposal_verdict;
  bool holds_proposals = false;
  bool long_polling = true;
  std::string authorization;  ///< wanted; empty: any
  std::vector<const char*> capabilities = {"proposal"};
  boost::json::object more;  ///< of every template

  std::vector<boost::json::object> template_requests;
  std::vector<std::string> proposals;
  std::vector<std::string> submitted;
  std::function<void()> on_submit;

  std::string answer(const std::string& head, const boost::json::object& request) {
    const std::lock_guard lock(mutex);
    if (down) return *down;
    if (head.find(authorization) == std::string::npos)
      return FakeNode::http("", "401 Unauthorized");
    const auto& method = request.at("method").as_string();
    const boost::json::array& params = request.at("params").as_array();
    if (method == "getblockchaininfo")
      return FakeNode::result({{"chain", chain}, {"blocks", height}});
    if (method == "submitblock") return submit(params.at(0).as_string().c_str());
    const boost::json::object& asked = params.at(0).as_object();
    if (asked.contains("mode")) {
      proposals.emplace_back(asked.at("data").as_string().c_str());
      if (holds_proposals) return FakeNode::kHold;
      return FakeNode::result(proposal_verdict.empty() ? boost::json::value(nullptr)
                                                       : boost::json::value(proposal_verdict));
    }
    template_requests.push_back(asked);
    const auto* id = asked.if_contains("longpollid");
    if (id != nullptr && id->as_string() == long_poll_id()) return FakeNode::kHold;
    return block_template();
  }

  std::string block_template() const {
    boost::json::array can;
    for (const char* capability : capabilities)
      can.emplace_back(capability);
    boost::json::object result{
        {"version", 0x20000000},
        {"rules", boost::json::array{"csv", "!segwit"}},
        {"capabilities", can},
        {"height", height},
        {"previousblockhash", tip.to_display_hex()},
        {"bits", "207fffff"},
        {"curtime", kTime},
        {"mintime", kTime},
        {"coinbasevalue", 5'000'000'000},
        {"default_witness_commitment", "6a24aa21a9ed" + std::string(64, 'e')},
        {"transactions", boost::json::array{}}};
    if (long_polling) result["longpollid"] = long_poll_id();
    for (const auto& [key, value] : more)
      result[key] = value;
    return FakeNode::result(result);
  }

 private:
  std::string long_poll_id() const { return tip.to_display_hex() + std::to_string(height); }

  std::string submit(std::string hex) {
    if (on_submit) on_submit();
    submitted.push_back(std::move(hex));
    if (submit_answer) return *submit_answer;
    if (!verdict.empty()) return FakeNode::result(boost::json::value(verdict));
    const core::Bytes block = core::from_hex(submitted.back()).value();
    tip = core::sha256d(core::ByteView(block).first(80));
    ++height;
    return FakeNode::result(nullptr);
  }
};

/// The client runs in the test's own thread, inside until().
class RunningClient {
 public:
  explicit RunningClient(std::function<void(NodeClientConfig&)> change = {})
      : node_(std::make_unique<FakeNode>(answer())) {
    config_.pool = 7;
    config_.url.scheme = PoolUrl::Scheme::node_http;
    config_.url.at = {"127.0.0.1", node_->port()};
    config_.url.credentials = "user:s3cret";
    config_.payout = parse_payout_address(kRegtestAddress).value();
    config_.blocks_folder = folder_.path() / "blocks";
    config_.poll_interval = std::chrono::milliseconds(5);
    config_.call_timeout = std::chrono::seconds(20);
    config_.patience = std::chrono::milliseconds(kPatience);
    if (change) change(config_);
  }
  ~RunningClient() { stop(); }

  void start() {
    client_ = std::make_unique<NodeClient>(
        *io_, config_, [this](PoolEvent event) { events.push_back(std::move(event)); });
    client_->start();
  }

  /// Returns when the io_context has run out of work.
  void stop() {
    if (!client_) return;
    client_->stop();
    io_->restart();
    io_->run();
    client_.reset();
  }

  /// What a killed process leaves: nothing but the disk.
  void kill() {
    client_.reset();
    io_ = std::make_unique<boost::asio::io_context>();
  }

  void submit(core::Share share) { client_->submit(std::move(share)); }

  bool until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io_->restart();
      io_->run_one_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const PoolEvent& event : events) {
      if constexpr (std::is_same_v<T, Connecting> || std::is_same_v<T, Connected> ||
                    std::is_same_v<T, Disconnected> || std::is_same_v<T, ShareDropped> ||
                    std::is_same_v<T, Remark>) {
        if (const T* it = std::get_if<T>(&event)) found.push_back(*it);
      } else {
        const Event* inner = std::get_if<Event>(&event);
        const T* it = inner ? std::get_if<T>(inner) : nullptr;
        if (it) found.push_back(*it);
      }
    }
    return found;
  }

  template <class T>
  bool until_told(std::size_t count = 1) {
    return until([&] { return all<T>().size() >= count; });
  }

  bool until_remarked(const std::string& text) {
    return until([&] {
      const auto remarks = all<Remark>();
      return std::any_of(remarks.begin(), remarks.end(),
                         [&](const Remark& it) { return it.text.find(text) != std::string::npos; });
    });
  }

  core::JobPtr job() const { return all<JobReceived>().back().job; }

  /// Names of the files in the chain's folder.
  std::vector<std::string> files(const std::string& extension) const {
    std::vector<std::string> names;
    const auto folder = config_.blocks_folder / "regtest";
    if (!std::filesystem::exists(folder)) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == extension) names.push_back(entry.path().filename().string());
    return names;
  }

  void end_node() { node_.reset(); }
  void begin_node() { node_ = std::make_unique<FakeNode>(answer(), config_.url.at.port); }
  FakeNode& node() { return *node_; }
  const NodeClientConfig& config() const { return config_; }

  FakeChain chain;
  std::vector<PoolEvent> events;

 private:
  FakeNode::Answer answer() {
    return [this](const std::string& head, const boost::json::object& request) {
      return chain.answer(head, request);
    };
  }

  tests::TemporaryFolder folder_;
  std::unique_ptr<boost::asio::io_context> io_ = std::make_unique<boost::asio::io_context>();
  NodeClientConfig config_;
  std::unique_ptr<FakeNode> node_;
  std::unique_ptr<NodeClient> client_;
};

/// A share of the job; another one for another `salt`.
inline core::Share solve(const core::JobPtr& job, std::uint8_t salt = 0,
                         std::uint32_t version_bits = 0) {
  core::Share share;
  share.job = job;
  share.extranonce2_bytes[0] = salt;
  share.header.version = job->version | version_bits;
  share.header.prev_hash = job->prev_hash;
  share.header.merkle_root = core::merkle_root(*job, share.extranonce2());
  share.header.time = job->time;
  share.header.bits = job->bits;
  do {
    ++share.header.nonce;
    share.hash = share.header.hash();
  } while (!share.solves_block());
  return share;
}

}  // namespace ebb::stratum::node
