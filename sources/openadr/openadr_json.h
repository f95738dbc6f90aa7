#pragma once
// JSON from a stranger: bounded in depth, and looked at without trust.

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ebb::sources::openadr {

/// Nothing when it is no JSON.
std::optional<boost::json::value> parse_json(std::string_view text);

/// Null where there is no such member.
const boost::json::value* member(const boost::json::object& object, std::string_view name);
const boost::json::object* object_member(const boost::json::object& object, std::string_view name);
const boost::json::array* array_member(const boost::json::object& object, std::string_view name);
/// Up to `most` bytes; empty where there is no such string or it is longer.
std::string string_member(const boost::json::object& object, std::string_view name,
                          std::size_t most = 128);
std::optional<std::int64_t> integer_member(const boost::json::object& object,
                                           std::string_view name);
std::optional<bool> boolean_member(const boost::json::object& object, std::string_view name);

/// Finite.
std::optional<double> number_of(const boost::json::value& value);

}  // namespace ebb::sources::openadr
