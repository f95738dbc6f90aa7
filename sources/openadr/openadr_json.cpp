#include "sources/openadr/openadr_json.h"

#include <cmath>

namespace ebb::sources::openadr {
namespace json = boost::json;

std::optional<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 32;
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}

const json::object* object_member(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_member(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value == nullptr ? nullptr : value->if_array();
}

std::string string_member(const json::object& object, std::string_view name, std::size_t most) {
  const json::value* value = member(object, name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr || text->size() > most) return {};
  return {text->data(), text->size()};
}

std::optional<std::int64_t> integer_member(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  const auto number = value == nullptr ? std::nullopt : number_of(*value);
  if (!number || std::abs(*number) > 9e15 || std::floor(*number) != *number) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<bool> boolean_member(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  const bool* yes = value == nullptr ? nullptr : value->if_bool();
  if (yes == nullptr) return std::nullopt;
  return *yes;
}

std::optional<double> number_of(const json::value& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.to_number<double>();
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace ebb::sources::openadr
