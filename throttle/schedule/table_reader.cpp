#include "throttle/schedule/table_reader.h"

namespace ebb::throttle {
namespace {

constexpr std::size_t kMaxFault = 300;

}  // namespace

std::string fault_at(const toml::node& node, std::string_view key, std::string_view text) {
  return fault_at(node.source(), key, text);
}

std::string fault_at(const toml::source_region& where, std::string_view key,
                     std::string_view text) {
  std::string result;
  if (const auto line = where.begin.line; line > 0) {
    result = "line " + std::to_string(line) + ":" + std::to_string(where.begin.column) + ": ";
  }
  if (!key.empty()) result += std::string(key.substr(0, 100)) + ": ";
  result += text;
  if (result.size() > kMaxFault) result.resize(kMaxFault);
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return result;
}

const toml::node* TableReader::node(std::string_view key) {
  known_.emplace(key);
  return table_.get(key);
}

std::optional<std::string> TableReader::string(std::string_view key) {
  const toml::node* value = node(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->as_string()) return text->get();
  fail(key, "must be a string in quotes");
  return std::nullopt;
}

std::optional<bool> TableReader::boolean(std::string_view key) {
  const toml::node* value = node(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* yes = value->as_boolean()) return yes->get();
  fail(key, "must be true or false");
  return std::nullopt;
}

std::optional<std::int64_t> TableReader::integer(std::string_view key) {
  const toml::node* value = node(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->as_integer()) return number->get();
  fail(key, "must be a whole number");
  return std::nullopt;
}

std::optional<double> TableReader::number(std::string_view key, double least, double most) {
  const toml::node* value = node(key);
  if (value == nullptr) return std::nullopt;
  const auto number = value->is_number() ? value->value<double>() : std::nullopt;
  if (number && *number >= least && *number <= most) return number;
  fail(key, "must be a number above zero");
  return std::nullopt;
}

std::optional<std::filesystem::path> TableReader::file(std::string_view key,
                                                       const std::filesystem::path& folder) {
  const auto name = string(key);
  if (!name) return std::nullopt;
  if (!name->empty() && name->find('\0') == std::string::npos) return folder / *name;
  fail(key, "must name a file");
  return std::nullopt;
}

std::optional<Cap> TableReader::cap(std::string_view key) {
  const toml::node* value = node(key);
  if (value == nullptr) return std::nullopt;
  if (const auto number = value->value_exact<std::int64_t>(); number && *number == 0) {
    return DutyCap{0};
  }
  return parsed(key, parse_cap);
}

std::optional<SignalClass> TableReader::signal_class(std::string_view key) {
  return parsed(key, [](std::string_view name) -> tl::expected<SignalClass, std::string> {
    if (const auto known = parse_signal_class(name)) return *known;
    return tl::unexpected("'" + std::string(name.substr(0, 100)) +
                          "' is not mandatory, protective, economic or operator");
  });
}

void TableReader::fail(std::string_view key, std::string_view text) {
  if (!fault_.empty()) return;
  const toml::node* value = table_.get(key);
  fault_ = fault_at(value != nullptr ? *value : table_, key, text);
}

tl::expected<void, std::string> TableReader::finish() {
  for (const auto& [key, value] : table_) {
    if (!known_.contains(key.str())) fail(key.str(), "unknown key");
  }
  if (!fault_.empty()) return tl::unexpected(fault_);
  return {};
}

}  // namespace ebb::throttle
