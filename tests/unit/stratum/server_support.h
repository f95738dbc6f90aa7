#pragma once
// What the pool server's tests need: templates, and a client that reads only the wire.

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/header.h"
#include "core/job.h"
#include "stratum/server/pool_time.h"
#include "tests/unit/stratum/node_support.h"

namespace ebb::stratum::server {

using node::kEasyBits;
using node::kHardBits;
using node::kTime;
using node::some_hash;
using node::some_template;

/// A point on a made-up clock.
inline PoolTime at(double seconds) {
  const auto since = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(1000 + seconds));
  return {std::chrono::steady_clock::time_point(since),
          kTime + static_cast<std::uint32_t>(seconds)};
}

/// A client by the protocol's book. It shares no code with the server: its headers come from the
/// wire's text by way of core::Job.
class WireClient {
 public:
  /// One line from the server.
  void receive(const std::string& line) {
    const boost::json::object message = boost::json::parse(line).as_object();
    const boost::json::value* method = message.if_contains("method");
    if (method == nullptr) {
      if (message.at("id").is_null()) {
        ++nameless_errors;
      } else {
        replies[message.at("id").to_number<int>()] = message;
      }
      return;
    }
    methods.emplace_back(method->as_string().c_str());
    const boost::json::array& params = message.at("params").as_array();
    if (*method == "mining.set_difficulty") difficulty = params.at(0).to_number<double>();
    if (*method == "mining.notify") notify(params);
  }

  /// The line of a request, without its end; ids count from 1.
  std::string request(const std::string& method, boost::json::array params) {
    return boost::json::serialize(
        boost::json::object{{"id", ++last_id}, {"method", method}, {"params", std::move(params)}});
  }

  void subscribed(const boost::json::object& reply) {
    const boost::json::array& result = reply.at("result").as_array();
    extranonce1 = core::from_hex(result.at(1).as_string()).value();
    extranonce2_size = result.at(2).to_number<std::size_t>();
  }

  core::Header header(const core::Job& of, const core::Bytes& extranonce2, std::uint32_t nonce,
                      std::uint32_t version_bits = 0) const {
    core::Header result;
    result.version = of.version | version_bits;
    result.prev_hash = of.prev_hash;
    core::Job with_extranonce1 = of;
    with_extranonce1.coinbase_prefix.insert(with_extranonce1.coinbase_prefix.end(),
                                            extranonce1.begin(), extranonce1.end());
    result.merkle_root = core::merkle_root(with_extranonce1, extranonce2);
    result.time = of.time;
    result.bits = of.bits;
    result.nonce = nonce;
    return result;
  }

  using Wanted = std::function<bool(const core::Hash256&)>;

  Wanted meets_difficulty() const {
    return [target = core::Target::from_difficulty(job_difficulty).value()](
               const core::Hash256& hash) { return target.is_met_by(hash); };
  }

  /// The parameters of a submit on the newest job with the first nonce whose hash is wanted.
  boost::json::array solve(const Wanted& wanted, std::uint32_t version_bits = 0,
                           std::uint8_t extranonce2_byte = 0) const {
    const core::Bytes extranonce2(extranonce2_size, extranonce2_byte);
    core::Header candidate = header(job, extranonce2, 0, version_bits);
    for (; candidate.nonce < 10'000'000; ++candidate.nonce)
      if (wanted(candidate.hash())) return params(extranonce2, candidate.nonce, version_bits);
    throw std::runtime_error("no nonce is wanted");
  }

  boost::json::array params(const core::Bytes& extranonce2, std::uint32_t nonce,
                            std::uint32_t version_bits = 0) const {
    boost::json::array result{user, job.id, core::to_hex(extranonce2), core::to_hex(job.time),
                              core::to_hex(nonce)};
    if (rolling) result.push_back(boost::json::value(core::to_hex(version_bits)));
    return result;
  }

  std::string user = "alice";
  bool rolling = false;
  core::Bytes extranonce1;
  std::size_t extranonce2_size = 0;
  double difficulty = 0;
  core::Job job;
  double job_difficulty = 0;
  int last_id = 0;
  int nameless_errors = 0;
  std::map<int, boost::json::object> replies;
  std::vector<std::string> methods;  ///< of the notifications, in order

 private:
  void notify(const boost::json::array& params) {
    const auto text = [&](std::size_t i) { return std::string(params.at(i).as_string()); };
    job = {};
    job.id = text(0);
    const core::Bytes swapped = core::from_hex(text(1)).value();
    for (std::size_t i = 0; i < 32; ++i)
      job.prev_hash.bytes[i] = swapped.at(i / 4 * 4 + 3 - i % 4);
    job.coinbase_prefix = core::from_hex(text(2)).value();
    job.coinbase_suffix = core::from_hex(text(3)).value();
    for (const boost::json::value& node : params.at(4).as_array()) {
      const core::Bytes bytes = core::from_hex(node.as_string()).value();
      std::copy_n(bytes.begin(), 32, job.merkle_branch.emplace_back().bytes.begin());
    }
    job.version = core::u32_from_hex(text(5)).value();
    job.bits = core::u32_from_hex(text(6)).value();
    job.time = core::u32_from_hex(text(7)).value();
    job.clean = params.at(8).as_bool();
    job_difficulty = difficulty;
  }
};

/// The code and text of an error reply, "21 Stale"; "ok" for `true`.
inline std::string verdict_of(const boost::json::object& reply) {
  const boost::json::value& error = reply.at("error");
  if (error.is_null()) return reply.at("result") == true ? "ok" : "not true";
  if (!reply.at("result").is_null()) return "both a result and an error";
  const boost::json::array& fields = error.as_array();
  if (fields.size() != 3 || !fields[2].is_null()) return "an error of another shape";
  return std::to_string(fields[0].as_int64()) + ' ' + fields[1].as_string().c_str();
}

}  // namespace ebb::stratum::server
