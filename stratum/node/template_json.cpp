#include "stratum/node/template_json.h"

#include <algorithm>
#include <initializer_list>
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

bool holds(const json::object& object, std::string_view key,
           std::initializer_list<const char*> words) {
  const json::value* list = object.if_contains(key);
  if (list == nullptr || !list->is_array()) return false;
  return std::any_of(list->get_array().begin(), list->get_array().end(), [&](const auto& item) {
    return std::any_of(words.begin(), words.end(), [&](const char* word) { return item == word; });
  });
}

/// BIP 9: "vbavailable" names a bit for each deployment that can be signalled, "vbrequired" holds
/// those that must be.
std::uint32_t reserved_version_bits(const json::object& object) {
  std::uint32_t bits = u32_at(object, "vbrequired").value_or(0);
  const json::value* available = object.if_contains("vbavailable");
  if (available == nullptr || !available->is_object()) return bits;
  for (const auto& [name, bit] : available->get_object()) {
    if (const auto* number = bit.if_int64(); number && *number >= 0 && *number < 32)
      bits |= 1u << *number;
  }
  return bits;
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
  out.reserved_version_bits = reserved_version_bits(*object);
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

  if (holds(*object, "rules", {"segwit", "!segwit"}) &&
      object->contains("default_witness_commitment")) {
    auto script = bytes_at(*object, "default_witness_commitment");
    if (!script || script->empty()) return bad("default_witness_commitment");
    out.witness_commitment_script = std::move(*script);
  }
  return out;
}

TemplateNotes read_template_notes(const json::value& result) {
  TemplateNotes notes;
  const json::object* object = result.if_object();
  if (object == nullptr) return notes;
  if (const auto id = text_at(*object, "longpollid"); id && id->size() <= kMaxLongPollId)
    notes.long_poll_id = *id;
  // One that cannot be read is none that we could meet.
  if (object->contains("signet_challenge"))
    notes.signet_challenge = bytes_at(*object, "signet_challenge").value_or(core::Bytes{});
  notes.takes_proposals = holds(*object, "capabilities", {"proposal"});
  return notes;
}

}  // namespace ebb::stratum::node
