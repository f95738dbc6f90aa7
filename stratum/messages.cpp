#include "stratum/messages.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "core/printable.h"
#include "core/target.h"
#include "stratum/reject.h"

namespace ebb::stratum {
namespace {

namespace json = boost::json;
using Error = tl::unexpected<std::string>;

constexpr std::size_t kMaxForeignIdBytes = 64;
constexpr std::size_t kMaxHostBytes = 255;

/// params[index] as a string, or null.
const json::string* string_at(const json::array& params, std::size_t index) {
  return index < params.size() ? params[index].if_string() : nullptr;
}

const json::array& params_of(const json::object& message) {
  static const json::array kNone;
  const json::value* params = message.if_contains("params");
  const json::array* array = params == nullptr ? nullptr : params->if_array();
  return array == nullptr ? kNone : *array;
}

/// A number in any of JSON's kinds, or as text.
std::optional<double> number_of(const json::value& value) {
  if (const auto* text = value.if_string()) {
    double number = 0;
    const char* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc() || stop != end) return std::nullopt;
    return number;
  }
  if (!value.is_number()) return std::nullopt;
  return value.to_number<double>();
}

/// A whole number 0..max, as a number (4 or 4.0) or as text.
std::optional<std::uint32_t> whole_number_of(const json::value& value, std::uint32_t max) {
  const auto number = number_of(value);
  if (!number || !(*number >= 0) || *number > max || std::trunc(*number) != *number) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

std::optional<bool> flag_of(const json::value& value) {
  if (const auto* flag = value.if_bool()) return *flag;
  if (const auto number = whole_number_of(value, 1)) return *number != 0;
  return std::nullopt;
}

std::optional<core::Bytes> hex_at(const json::array& params, std::size_t index) {
  const json::string* text = string_at(params, index);
  if (text == nullptr) return std::nullopt;
  return core::from_hex(*text);
}

std::optional<std::uint32_t> u32_at(const json::array& params, std::size_t index) {
  const json::string* text = string_at(params, index);
  if (text == nullptr) return std::nullopt;
  return core::u32_from_hex(*text);
}

std::optional<std::array<std::uint8_t, 32>> digest_at(const json::array& params,
                                                      std::size_t index) {
  const auto bytes = hex_at(params, index);
  std::array<std::uint8_t, 32> digest;
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

/// One to eight hexadecimal digits.
std::optional<std::uint32_t> mask_of(const json::value& value) {
  const auto* text = value.if_string();
  if (text == nullptr || text->empty() || text->size() > 8) return std::nullopt;
  return core::u32_from_hex(std::string(8 - text->size(), '0') + std::string(*text));
}

std::optional<core::Bytes> extranonce1_at(const json::array& params, std::size_t index) {
  auto bytes = hex_at(params, index);
  if (!bytes || bytes->size() > kMaxExtranonce1) return std::nullopt;
  return bytes;
}

std::optional<std::size_t> extranonce2_size_at(const json::array& params, std::size_t index) {
  if (index >= params.size()) return std::nullopt;
  return whole_number_of(params[index], core::kMaxExtranonce2);
}

}  // namespace

Parsed<std::string_view> read_method(const json::object& message) {
  const json::value* method = message.if_contains("method");
  if (method == nullptr || method->is_null()) return std::string_view();
  const json::string* name = method->if_string();
  if (name == nullptr || name->empty()) return Error("the method is not a name");
  return std::string_view(*name);
}

std::optional<std::uint64_t> read_id(const json::object& message) {
  const json::value* id = message.if_contains("id");
  if (id == nullptr || !(id->is_number() || id->is_string())) return std::nullopt;
  // Ids stay far below 2^32; some servers give them back as text.
  return whole_number_of(*id, std::numeric_limits<std::uint32_t>::max());
}

std::optional<json::value> read_foreign_id(const json::object& message) {
  const json::value* id = message.if_contains("id");
  if (id == nullptr) return std::nullopt;
  if (const auto* text = id->if_string()) {
    if (text->size() > kMaxForeignIdBytes) return std::nullopt;
    return *id;
  }
  // 1e400 reads as infinity, which JSON cannot say.
  if (id->is_double() ? std::isfinite(id->get_double()) : id->is_number()) return *id;
  return std::nullopt;
}

Parsed<Notify> read_notify(const json::object& message) {
  const json::array& params = params_of(message);
  if (params.size() < 9) return Error("fewer than 9 params");

  Notify notify;
  const json::string* id = string_at(params, 0);
  if (id == nullptr || id->size() > kMaxJobIdBytes) return Error("bad job id");
  notify.job_id = *id;

  const auto prev_hash = digest_at(params, 1);
  if (!prev_hash) return Error("prevhash is not 64 hex digits");
  notify.prev_hash = *prev_hash;

  auto coinbase1 = hex_at(params, 2);
  auto coinbase2 = hex_at(params, 3);
  if (!coinbase1 || !coinbase2) return Error("the coinbase is not hex");
  notify.coinbase1 = std::move(*coinbase1);
  notify.coinbase2 = std::move(*coinbase2);

  const json::array* branch = params[4].if_array();
  if (branch == nullptr) return Error("the merkle branch is not an array");
  if (branch->size() > kMaxMerkleBranch) return Error("the merkle branch is too long");
  for (std::size_t i = 0; i < branch->size(); ++i) {
    const auto digest = digest_at(*branch, i);
    if (!digest) return Error("a merkle branch entry is not 64 hex digits");
    notify.merkle_branch.push_back(core::Hash256{*digest});
  }

  const auto version = u32_at(params, 5);
  const auto bits = u32_at(params, 6);
  const auto time = u32_at(params, 7);
  if (!version || !bits || !time) return Error("version, nbits or ntime is not 8 hex digits");
  if (!core::Target::from_compact(*bits)) return Error("nbits is no target");
  notify.version = *version;
  notify.bits = *bits;
  notify.time = *time;

  // The ninth, not the last: pools append fields of their own.
  const auto clean = flag_of(params[8]);
  if (!clean) return Error("clean_jobs is not a boolean");
  notify.clean = *clean;
  return notify;
}

Parsed<double> read_difficulty(const json::object& message) {
  const json::array& params = params_of(message);
  if (params.empty()) return Error("no params");
  const auto difficulty = number_of(params[0]);
  if (!difficulty || !std::isfinite(*difficulty) || *difficulty <= 0) {
    return Error("the difficulty is not a number above zero");
  }
  return *difficulty;
}

Parsed<ExtranonceChange> read_set_extranonce(const json::object& message) {
  const json::array& params = params_of(message);
  ExtranonceChange change;
  auto extranonce1 = extranonce1_at(params, 0);
  if (!extranonce1) return Error("extranonce1 is not 0 to 32 bytes of hex");
  change.extranonce1 = std::move(*extranonce1);
  if (params.size() > 1 && !params[1].is_null()) {
    change.extranonce2_size = extranonce2_size_at(params, 1);
    if (!change.extranonce2_size) return Error("extranonce2_size is not 0 to 16");
  }
  return change;
}

Parsed<std::uint32_t> read_set_version_mask(const json::object& message) {
  const json::array& params = params_of(message);
  const auto mask = params.empty() ? std::nullopt : mask_of(params[0]);
  if (!mask) return Error("the mask is not hex");
  return *mask;
}

Parsed<Reconnect> read_reconnect(const json::object& message) {
  const json::array& params = params_of(message);
  const auto given = [&](std::size_t i) { return i < params.size() && !params[i].is_null(); };
  Reconnect reconnect;
  if (given(0)) {
    const json::string* host = string_at(params, 0);
    const auto odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
    if (host == nullptr || host->size() > kMaxHostBytes ||
        std::any_of(host->begin(), host->end(), odd)) {
      return Error("bad host");
    }
    reconnect.host = *host;
  }
  if (given(1)) {
    const auto port = whole_number_of(params[1], std::numeric_limits<std::uint16_t>::max());
    if (!port) return Error("bad port");
    reconnect.port = static_cast<std::uint16_t>(*port);
  }
  if (given(2)) {
    const auto wait = number_of(params[2]);
    if (!wait || !(*wait >= 0)) return Error("bad wait");
    constexpr double kMaxWait = std::numeric_limits<std::uint32_t>::max();
    reconnect.wait_s = static_cast<std::uint32_t>(std::min(*wait, kMaxWait));
  }
  return reconnect;
}

Parsed<std::string> read_show_message(const json::object& message) {
  const json::string* text = string_at(params_of(message), 0);
  if (text == nullptr) return Error("no text");
  return core::printable(*text);
}

Parsed<Extranonce> read_subscribe_result(const json::object& message) {
  const json::value* result = message.if_contains("result");
  const json::array* array = result == nullptr ? nullptr : result->if_array();
  if (array == nullptr || array->size() < 3) return Error("the result is not an array of three");
  auto extranonce1 = extranonce1_at(*array, 1);
  if (!extranonce1) return Error("extranonce1 is not 0 to 32 bytes of hex");
  const auto size = extranonce2_size_at(*array, 2);
  if (!size) return Error("extranonce2_size is not 0 to 16");
  return Extranonce{std::move(*extranonce1), *size};
}

std::string read_session_id(const json::object& message) {
  const json::value* result = message.if_contains("result");
  const json::array* array = result == nullptr ? nullptr : result->if_array();
  const json::array* named =
      array == nullptr || array->empty() ? nullptr : array->front().if_array();
  if (named == nullptr) return {};
  // [["mining.set_difficulty", id], ["mining.notify", id]], or one such pair alone.
  std::string id;
  const auto take = [&](const json::array& pair) {
    const json::string* method = string_at(pair, 0);
    const json::string* name = string_at(pair, 1);
    if (method == nullptr || name == nullptr || name->size() > kMaxSessionIdBytes) return;
    if (id.empty() || *method == "mining.notify") id = *name;
  };
  take(*named);
  for (const json::value& it : *named) {
    if (const json::array* pair = it.if_array()) take(*pair);
  }
  return id;
}

Parsed<std::uint32_t> read_configure_result(const json::object& message) {
  const json::value* result = message.if_contains("result");
  if (has_error(message) || result == nullptr || !result->is_object()) return 0;
  const json::value* granted = result->get_object().if_contains("version-rolling");
  // A string instead of `true` is the reason of a refusal (BIP 310).
  if (granted == nullptr || !granted->is_bool() || !granted->get_bool()) return 0;
  const json::value* value = result->get_object().if_contains("version-rolling.mask");
  const auto mask = value == nullptr ? std::nullopt : mask_of(*value);
  if (!mask) return Error("version-rolling.mask is not hex");
  return *mask;
}

std::string request_line(std::uint64_t id, std::string_view method, json::array params) {
  return json::serialize(
      json::object{{"id", id}, {"method", json::string(method)}, {"params", std::move(params)}});
}

std::string result_line(const json::value& id, json::value result) {
  return json::serialize(
      json::object{{"id", id}, {"result", std::move(result)}, {"error", nullptr}});
}

std::string error_line(const json::value& id, int code, std::string_view text) {
  return json::serialize(json::object{
      {"id", id}, {"result", nullptr}, {"error", json::array{code, json::string(text), nullptr}}});
}

}  // namespace ebb::stratum
