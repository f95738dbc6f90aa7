#pragma once
// Why a pool refused a share, in a closed list: a hostile pool cannot grow a map.

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace ebb::stratum {

enum class RejectReason {
  stale,
  duplicate,
  low_difficulty,
  bad_time,
  bad_version,
  unauthorised,
  other,
};

/// "stale", "duplicate", "low-difficulty", "bad-time", "bad-version", "unauthorised", "other".
std::string_view name_of(RejectReason reason);
inline constexpr RejectReason kAllRejectReasons[] = {
    RejectReason::stale,    RejectReason::duplicate,   RejectReason::low_difficulty,
    RejectReason::bad_time, RejectReason::bad_version, RejectReason::unauthorised,
    RejectReason::other,
};

/// A pool's answer to a request, with every shape of error that pools have been seen to use brought
/// to one: `ok` iff `result` is true and `error` is null, missing or false.
struct Reply {
  bool ok = false;
  int code = 0;      ///< the number in [code, text, trace] or {"code":…}; 0 when there is none
  std::string text;  ///< the pool's words, at most 200 bytes, control characters replaced
};
Reply read_reply(const boost::json::object& message);

/// True for an `error` other than null and false.
bool has_error(const boost::json::object& message);

/// Decides on the text first and on the number where the text says nothing.
RejectReason classify_reject(const Reply& reply);

}  // namespace ebb::stratum
