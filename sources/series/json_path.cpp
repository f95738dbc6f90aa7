#include "sources/series/json_path.h"

#include <boost/json.hpp>
#include <charconv>

namespace ebb::sources {
namespace {

/// The inside of "[...]": a number, or a name in quotes.
bool read_bracket(std::string_view inside, std::variant<std::string, int>& step) {
  if (inside.size() > 2 && (inside.front() == '\'' || inside.front() == '"') &&
      inside.back() == inside.front()) {
    step = std::string(inside.substr(1, inside.size() - 2));
    return true;
  }
  int index = 0;
  const auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
  step = index;
  return error == std::errc() && end == inside.data() + inside.size();
}

}  // namespace

tl::expected<JsonPath, std::string> JsonPath::parse(std::string_view text) {
  const auto wrong = [] {
    return tl::unexpected<std::string>("must be a path such as data.prices[0].value");
  };
  JsonPath path;
  bool name_must_follow = false;
  for (bool first = true; !text.empty() || name_must_follow; first = false) {
    std::variant<std::string, int> step;
    if (text.starts_with('[')) {
      const std::size_t end = text.find(']');
      if (name_must_follow || end == std::string_view::npos ||
          !read_bracket(text.substr(1, end - 1), step)) {
        return wrong();
      }
      text.remove_prefix(end + 1);
      if (!text.empty() && text.front() != '.' && text.front() != '[') return wrong();
    } else {
      if (!first && !name_must_follow) return wrong();
      const std::size_t end = std::min(text.find_first_of(".["), text.size());
      if (end == 0) return wrong();
      step = std::string(text.substr(0, end));
      text.remove_prefix(end);
    }
    path.steps_.push_back(std::move(step));
    if (path.steps_.size() > kMaxSteps) return tl::unexpected<std::string>("has too many steps");
    name_must_follow = text.starts_with('.');
    if (name_must_follow) text.remove_prefix(1);
  }
  return path;
}

const boost::json::value* JsonPath::find(const boost::json::value& document) const {
  const boost::json::value* at = &document;
  for (const auto& step : steps_) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      const auto* object = at->if_object();
      at = object == nullptr ? nullptr : object->if_contains(*name);
    } else {
      const auto* array = at->if_array();
      if (array == nullptr) return nullptr;
      const int index = std::get<int>(step);
      const std::size_t back = static_cast<std::size_t>(-static_cast<std::int64_t>(index));
      if (index < 0 && back > array->size()) return nullptr;
      at = array->if_contains(index < 0 ? array->size() - back : static_cast<std::size_t>(index));
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace ebb::sources
