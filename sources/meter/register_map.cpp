#include "sources/meter/register_map.h"

#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "sources/nested_table.h"

namespace ebb::sources {
namespace {

using throttle::TableReader;

constexpr double kMaxScale = 1e9;

template <class Value, std::size_t size>
auto one_of(const std::pair<std::string_view, Value> (&names)[size]) {
  return [&names](std::string_view text) -> tl::expected<Value, std::string> {
    std::string all;
    for (const auto& [name, value] : names) {
      if (name == text) return value;
      all += (all.empty() ? "" : ", ") + std::string(name);
    }
    return tl::unexpected("must be one of " + all);
  };
}

constexpr std::pair<std::string_view, RegisterType> kTypes[]{{"int16", RegisterType::int16},
                                                             {"uint16", RegisterType::uint16},
                                                             {"int32", RegisterType::int32},
                                                             {"uint32", RegisterType::uint32},
                                                             {"float32", RegisterType::float32}};
constexpr std::pair<std::string_view, ModbusTable> kTables[]{{"holding", ModbusTable::holding},
                                                             {"input", ModbusTable::input}};
constexpr std::pair<std::string_view, bool> kOrders[]{{"big", false}, {"little", true}};

void read_keys(TableReader& keys, RegisterPlace& place) {
  if (const auto type = keys.parsed("type", one_of(kTypes))) {
    place.type = *type;
  } else if (keys.node("type") == nullptr) {
    keys.fail("type", "is missing: int16, uint16, int32, uint32 or float32");
  }
  place.table = keys.parsed("kind", one_of(kTables)).value_or(place.table);
  place.low_word_first = keys.parsed("word_order", one_of(kOrders)).value_or(false);
  const auto first = keys.integer("register");
  const auto last = kLastModbusAddress + 1 - static_cast<std::int64_t>(size_of(place));
  if (!first) {
    keys.fail("register", "is missing");
  } else if (*first < 0 || *first > last) {
    keys.fail("register", "must be from 0 to " + std::to_string(last));
  } else {
    place.first = static_cast<int>(*first);
  }
  if (const toml::node* node = keys.node("scale")) {
    const auto scale = node->is_number() ? node->value<double>() : std::nullopt;
    if (!scale || !(std::abs(*scale) <= kMaxScale) || *scale == 0) {
      keys.fail("scale", "must be a number other than 0");
    }
    place.scale = scale.value_or(1);
  }
}

}  // namespace

std::size_t size_of(const RegisterPlace& place) {
  return place.type == RegisterType::int16 || place.type == RegisterType::uint16 ? 1 : 2;
}

std::optional<double> decode(const RegisterPlace& place, std::span<const std::uint16_t> words) {
  if (words.size() != size_of(place)) return std::nullopt;
  std::uint32_t bits = words[0];
  if (words.size() == 2) {
    bits = place.low_word_first ? std::uint32_t{words[1]} << 16 | words[0]
                                : std::uint32_t{words[0]} << 16 | words[1];
  }
  double value = bits;  // as the unsigned types have it
  if (place.type == RegisterType::int16) value = static_cast<std::int16_t>(bits);
  if (place.type == RegisterType::int32) value = static_cast<std::int32_t>(bits);
  if (place.type == RegisterType::float32) value = std::bit_cast<float>(bits);
  if (!std::isfinite(value)) return std::nullopt;
  return value * place.scale;
}

std::optional<RegisterPlace> read_register_place(TableReader& table, std::string_view key) {
  const toml::node* node = table.node(key);
  if (node == nullptr) return std::nullopt;
  const toml::table* keys = node->as_table();
  if (keys == nullptr) {
    table.fail(key, "must be a table such as { register = 100, type = \"int16\" }");
    return std::nullopt;
  }
  RegisterPlace place;
  read_nested(table, key, *keys, [&](TableReader& reader) { read_keys(reader, place); });
  return place;
}

}  // namespace ebb::sources
