#pragma once
// The values of a TOML table, by key.

#include <toml++/toml.h>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "throttle/signal.h"

namespace ebb::throttle {

/// "line 12:5: cap: ...", with the column; without either where the node was not parsed from a
/// text. One line.
std::string fault_at(const toml::node& node, std::string_view key, std::string_view text);
std::string fault_at(const toml::source_region& where, std::string_view key, std::string_view text);

/// Hands out values and keeps the first fault, so that its user asks once, at the end. What is
/// absent is nothing and no fault. The table must live as long.
class TableReader {
 public:
  explicit TableReader(const toml::table& table) : table_(table) {}

  /// Whatever stands there; the key counts as known from now on.
  const toml::node* node(std::string_view key);

  std::optional<std::string> string(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  /// At least `least`, which is above zero, and at most `most`.
  std::optional<double> number(std::string_view key, double least, double most);
  /// A file's path, within `folder` unless it is absolute.
  std::optional<std::filesystem::path> file(std::string_view key,
                                            const std::filesystem::path& folder);

  /// As parse_cap reads it, or a plain 0.
  std::optional<Cap> cap(std::string_view key);
  std::optional<SignalClass> signal_class(std::string_view key);

  /// A string read by `parse`, which gives tl::expected<T, std::string>.
  template <typename Parse>
  auto parsed(std::string_view key, Parse parse)
      -> std::optional<typename decltype(parse(std::string_view()))::value_type> {
    const auto text = string(key);
    if (!text) return std::nullopt;
    auto value = parse(std::string_view(*text));
    if (value) return *std::move(value);
    fail(key, value.error());
    return std::nullopt;
  }

  /// Of the value at `key`, or of the table when there is none.
  void fail(std::string_view key, std::string_view text);

  /// The first fault; a key that nobody asked for is one too.
  tl::expected<void, std::string> finish();

 private:
  const toml::table& table_;
  std::set<std::string, std::less<>> known_;
  std::string fault_;
};

}  // namespace ebb::throttle
