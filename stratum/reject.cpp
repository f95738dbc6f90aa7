#include "stratum/reject.h"

#include <algorithm>
#include <limits>

#include "core/printable.h"

namespace ebb::stratum {
namespace {

namespace json = boost::json;

int read_code(const json::value& value) {
  using Limits = std::numeric_limits<int>;
  if (const auto* number = value.if_int64()) {
    return static_cast<int>(std::clamp<std::int64_t>(*number, Limits::min(), Limits::max()));
  }
  return 0;
}

/// [code, text, trace], {"code":…, "message":…}, plain text or a bare number.
void read_error(const json::value& error, Reply& reply) {
  const json::value* code = &error;
  const json::value* text = &error;
  if (const auto* array = error.if_array()) {
    code = array->empty() ? nullptr : &array->front();
    text = array->size() < 2 ? nullptr : &(*array)[1];
  } else if (const auto* object = error.if_object()) {
    code = object->if_contains("code");
    text = object->if_contains("message");
  }
  if (code != nullptr) reply.code = read_code(*code);
  if (text != nullptr && text->is_string()) reply.text = core::printable(text->get_string());
}

struct Phrase {
  std::string_view text;  // lower case
  RejectReason reason;
};

// The first that occurs decides. Version and time stand before the difficulty words because datum
// files bad-version under code 23 and time-too-old under 21.
constexpr Phrase kPhrases[] = {
    {"duplicate", RejectReason::duplicate},
    {"version", RejectReason::bad_version},           // bad-version, Invalid version mask
    {"ntime", RejectReason::bad_time},                // Ntime out of range
    {"time-too", RejectReason::bad_time},             // datum: time-too-old, time-too-new
    {"time too", RejectReason::bad_time},             //
    {"timestamp", RejectReason::bad_time},            //
    {"stale", RejectReason::stale},                   // Stale, stale-prevblk, stale-work
    {"job not found", RejectReason::stale},           //
    {"unknown-work", RejectReason::stale},            // datum
    {"unknown work", RejectReason::stale},            //
    {"unknown job", RejectReason::stale},             //
    {"invalid job", RejectReason::stale},             // ckpool: Invalid JobID
    {"no such job", RejectReason::stale},             //
    {"above target", RejectReason::low_difficulty},   // ckpool
    {"high-hash", RejectReason::low_difficulty},      // datum
    {"h-not-zero", RejectReason::low_difficulty},     // datum
    {"low diff", RejectReason::low_difficulty},       //
    {"low-diff", RejectReason::low_difficulty},       //
    {"too low", RejectReason::low_difficulty},        // public-pool: Difficulty too low
    {"unauthor", RejectReason::unauthorised},         // unauthorised, unauthorized
    {"not author", RejectReason::unauthorised},       //
    {"not subscribed", RejectReason::unauthorised},   //
    {"worker mismatch", RejectReason::unauthorised},  // ckpool
    {"unknown worker", RejectReason::unauthorised},   //
};

}  // namespace

std::string_view name_of(RejectReason reason) {
  switch (reason) {
    case RejectReason::stale:
      return "stale";
    case RejectReason::duplicate:
      return "duplicate";
    case RejectReason::low_difficulty:
      return "low-difficulty";
    case RejectReason::bad_time:
      return "bad-time";
    case RejectReason::bad_version:
      return "bad-version";
    case RejectReason::unauthorised:
      return "unauthorised";
    case RejectReason::other:
      return "other";
  }
  return "other";
}

bool has_error(const json::object& message) {
  const json::value* error = message.if_contains("error");
  if (error == nullptr || error->is_null()) return false;
  return !error->is_bool() || error->get_bool();
}

Reply read_reply(const json::object& message) {
  Reply reply;
  const json::value* result = message.if_contains("result");
  const bool accepted = result != nullptr && result->is_bool() && result->get_bool();
  reply.ok = accepted && !has_error(message);
  if (has_error(message)) read_error(message.at("error"), reply);
  if (reply.text.empty()) {
    // Classic ckpool: {"reject-reason":"Above target","result":false,"error":null}
    const json::value* reason = message.if_contains("reject-reason");
    if (reason != nullptr && reason->is_string())
      reply.text = core::printable(reason->get_string());
  }
  return reply;
}

RejectReason classify_reject(const Reply& reply) {
  std::string text = reply.text;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const Phrase& phrase : kPhrases) {
    if (text.find(phrase.text) != std::string::npos) return phrase.reason;
  }
  switch (reply.code) {
    case 21:
      return RejectReason::stale;
    case 22:
      return RejectReason::duplicate;
    case 23:
      return RejectReason::low_difficulty;
    case 24:
    case 25:
      return RejectReason::unauthorised;
    default:
      return RejectReason::other;
  }
}

}  // namespace ebb::stratum
