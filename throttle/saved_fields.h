#pragma once
// Saved JSON, written exactly and read with suspicion: a disk may hold anything.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "throttle/limit.h"
#include "throttle/policy.h"

namespace ebb::throttle {

inline constexpr std::size_t kMaxSavedBytes = 64U << 20U;

tl::expected<boost::json::object, std::string> parse_saved(std::string_view text);

/// Numbers as text, for Boost's parser may be off by the last digit.
boost::json::value to_json(double value);
boost::json::object to_json(const Limit& limit);
boost::json::object to_json(const Signal& signal);
boost::json::object to_json(const Override& override);
boost::json::value to_json(const std::optional<WallTime>& time);
boost::json::value to_json(std::chrono::nanoseconds waited);

/// An object's fields. The first that is missing or makes no sense is remembered in `error`, and
/// harmless values are returned from then on.
class SavedFields {
 public:
  SavedFields(const boost::json::object& object, std::string& error)
      : object_(object), error_(error) {}

  bool has(std::string_view name) const;
  const boost::json::value& at(std::string_view name) const;
  const boost::json::object& object(std::string_view name) const;
  const boost::json::array& array(std::string_view name) const;
  bool flag(std::string_view name) const;
  std::uint64_t whole(std::string_view name) const;
  std::string text(std::string_view name, std::size_t max_bytes) const;
  /// 0 or more.
  double number(std::string_view name) const;
  /// 0 or more.
  std::chrono::nanoseconds waited(std::string_view name) const;
  WallTime time(std::string_view name) const;
  std::optional<WallTime> optional_time(std::string_view name) const;

  void fail(std::string_view name, const char* what) const;
  std::string& error() const { return error_; }

 private:
  const boost::json::object& object_;
  std::string& error_;
};

Limit read_limit(const SavedFields& fields);
Signal read_signal(const SavedFields& fields);
Override read_override(const SavedFields& fields);

}  // namespace ebb::throttle
