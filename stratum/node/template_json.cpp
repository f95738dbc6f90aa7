#include "stratum/node/template_json.h"

#include <algorithm>
#include <optional>

#include "core/target.h"

namespace ebb::stratum::node {
namespace {

namespace json = boost::json;

std::optional<std::uint64_t> unsigned_at(const json::object& object, std::string_view key,
                                         std::uint64_t max) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  std::optional<std::uint64_t> number;
  if (const std::int64_t* i = value->if_int64()) {
    if (*i >= 0) number = static_cast<std::uint64_t>(*i);
  } else if (const std::uint64_t* u = value->if_uint64()) {
    number = *u;
  }
  return number && *number <= max ? number : std::nullopt;
}

std::optional<std::uint32_t> u32_at(const json::object& object, std::string_view key) {
  const auto number = unsigned_at(object, key, 0xffffffff);
  return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

std::optional<std::string_view> text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string().data(), value->get_string().size());
}

std::optional<core::Bytes> bytes_at(const json::object& object, std::string_view key) {
  const auto text = text_at(object, key);
  return text ? core::from_hex(*text) : std::nullopt;
}

/// Hashes in JSON are in display order, the reverse of the digest's.
std::optional<core::Hash256> hash_at(const json::object& object, std::string_view key) {
  const auto bytes = bytes_at(object, key);
  if (!bytes || bytes->size() != 32) return std::nullopt;
  core::Hash256 hash;
  std::reverse_copy(bytes->begin(), bytes->end(), hash.bytes.begin());
  return hash;
}

bool has_segwit(const json::object& object) {
  const json::value* rules = object.if_contains("rules");
  if (rules == nullptr || !rules->is_array()) return false;
  return std::any_of(rules->get_array().begin(), rules->get_array().end(),
                     [](const json::value& rule) { return rule == "segwit" || rule == "!segwit"; });
}

}  // namespace

tl::expected<BlockTemplate, std::string> read_block_template(const json::value& result) {
  const auto bad = [](std::string what) {
    return tl::unexpected("block template: bad or no " + std::move(what));
  };
  const json::object* object = result.if_object();
  if (object == nullptr) return bad("object");

  BlockTemplate out;
  const auto height = u32_at(*object, "height");
  if (!height) return bad("height");
  out.height = *height;
  // A signed number in some nodes, whose top bit is never set in a valid block.
  const auto version = u32_at(*object, "version");
  if (!version) return bad("version");
  out.version = *version;
  const auto prev_hash = hash_at(*object, "previousblockhash");
  if (!prev_hash) return bad("previousblockhash");
  out.prev_hash = *prev_hash;
  const auto bits = text_at(*object, "bits");
  const auto compact = bits ? core::u32_from_hex(*bits) : std::nullopt;
  if (!compact || !core::Target::from_compact(*compact)) return bad("bits");
  out.bits = *compact;
  const auto time = u32_at(*object, "curtime");
  if (!time) return bad("curtime");
  out.time = *time;
  const auto min_time = u32_at(*object, "mintime");
  if (!min_time) return bad("mintime");
  out.min_time = *min_time;
  constexpr std::uint64_t kMaxMoney = 21'000'000ull * 100'000'000;
  const auto value = unsigned_at(*object, "coinbasevalue", kMaxMoney);
  if (!value) return bad("coinbasevalue");
  out.coinbase_value = *value;

  const json::value* transactions = object->if_contains("transactions");
  if (transactions == nullptr || !transactions->is_array()) return bad("transactions");
  for (const json::value& entry : transactions->get_array()) {
    const json::object* transaction = entry.if_object();
    if (transaction == nullptr) return bad("transaction");
    auto raw = bytes_at(*transaction, "data");
    if (!raw || raw->empty()) return bad("transaction data");
    // Nodes from before segwit have no txid; there the hash is the same.
    auto txid = hash_at(*transaction, "txid");
    if (!txid) txid = hash_at(*transaction, "hash");
    if (!txid) return bad("txid");
    out.transactions.push_back({std::move(*raw), *txid});
  }

  if (has_segwit(*object) && object->contains("default_witness_commitment")) {
    auto script = bytes_at(*object, "default_witness_commitment");
    if (!script || script->empty()) return bad("default_witness_commitment");
    out.witness_commitment_script = std::move(*script);
  }
  return out;
}

}  // namespace ebb::stratum::node
