#pragma once
// Where in a JSON document a value is.

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

namespace ebb::sources {

/// "data.prices[0].value": members by name, elements by number, from the end when below zero;
/// "['a.b']" for a name with signs in it. Empty: the document itself.
class JsonPath {
 public:
  static constexpr std::size_t kMaxSteps = 32;

  /// The error says what is wrong with the text.
  static tl::expected<JsonPath, std::string> parse(std::string_view text);

  /// Null when there is nothing.
  const boost::json::value* find(const boost::json::value& document) const;

  bool empty() const { return steps_.empty(); }

 private:
  std::vector<std::variant<std::string, int>> steps_;
};

}  // namespace ebb::sources
