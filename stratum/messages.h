#pragma once
// Stratum V1 messages: from JSON to typed values and back. Reading is lenient where real pools
// differ from each other, and refuses what cannot be meant.

#include <array>
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "core/job.h"

namespace ebb::stratum {

inline constexpr std::size_t kMaxExtranonce1 = 32;
inline constexpr std::size_t kMaxJobIdBytes = 256;
inline constexpr std::size_t kMaxSessionIdBytes = 256;
inline constexpr std::size_t kMaxMerkleBranch = 32;

/// The value, or what is wrong with the message: never its own words, which may be hostile.
template <class T>
using Parsed = tl::expected<T, std::string>;

/// mining.notify, bytes as they came over the wire (see notify.h for what they mean).
struct Notify {
  std::string job_id;
  std::array<std::uint8_t, 32> prev_hash{};
  core::Bytes coinbase1, coinbase2;
  std::vector<core::Hash256> merkle_branch;
  std::uint32_t version = 0;
  std::uint32_t bits = 0;  ///< always a valid compact target
  std::uint32_t time = 0;
  bool clean = false;
};

struct Extranonce {
  core::Bytes extranonce1;           ///< at most kMaxExtranonce1
  std::size_t extranonce2_size = 0;  ///< at most core::kMaxExtranonce2
};

/// mining.set_extranonce; some pools leave the size out when it stays the same.
struct ExtranonceChange {
  core::Bytes extranonce1;
  std::optional<std::size_t> extranonce2_size;
};

/// client.reconnect. Empty host, port 0: the same as now.
struct Reconnect {
  std::string host;
  std::uint16_t port = 0;
  std::uint32_t wait_s = 0;
};

/// The method's name; empty for a reply.
Parsed<std::string_view> read_method(const boost::json::object& message);

/// The id of one of our requests; nothing for anything that cannot be one.
std::optional<std::uint64_t> read_id(const boost::json::object& message);

/// An id that asks for an answer and is fit to be sent back: a string or a finite number.
std::optional<boost::json::value> read_foreign_id(const boost::json::object& message);

Parsed<Notify> read_notify(const boost::json::object& message);

/// mining.set_difficulty: finite and above zero, as a number or as text. (Boost.JSON 1.81 reads a
/// decimal fraction to within two ulps.)
Parsed<double> read_difficulty(const boost::json::object& message);

Parsed<ExtranonceChange> read_set_extranonce(const boost::json::object& message);
Parsed<std::uint32_t> read_set_version_mask(const boost::json::object& message);
Parsed<Reconnect> read_reconnect(const boost::json::object& message);

/// client.show_message's text, fit to print.
Parsed<std::string> read_show_message(const boost::json::object& message);

/// The `result` of mining.subscribe: [anything, extranonce1, extranonce2_size, ...].
Parsed<Extranonce> read_subscribe_result(const boost::json::object& message);

/// The pool's name for the session in that result, as it is to be named when it is resumed; empty
/// when there is none that can be.
std::string read_session_id(const boost::json::object& message);

/// The mask granted by mining.configure; 0 when version rolling was refused, in whatever words.
Parsed<std::uint32_t> read_configure_result(const boost::json::object& message);

std::string request_line(std::uint64_t id, std::string_view method, boost::json::array params);
std::string result_line(const boost::json::value& id, boost::json::value result);
std::string error_line(const boost::json::value& id, int code, std::string_view text);

}  // namespace ebb::stratum
