#include "sources/kind.h"

#include <algorithm>
#include <utility>

#include "throttle/duration_text.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::sources {
namespace {

using throttle::SourceRule;
using throttle::TableReader;

constexpr std::size_t kMaxName = 100;

/// Names that stand for something else in status and ledger.
constexpr std::string_view kTaken[]{"operator", "schedule", "policy", "command line"};

void read_name(TableReader& table, std::string& name) {
  name = table.string("name").value_or("");
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
  if (name.empty()) table.fail("name", "is missing");
  if (name.size() > kMaxName) table.fail("name", "is longer than 100 bytes");
  if (!plain) table.fail("name", "must be one line of text");
  if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken)) {
    table.fail("name", "stands for something else: choose another");
  }
}

template <class T, class Value>
void set(T& setting, std::optional<Value> value) {
  if (value) setting = *std::move(value);
}

std::string types() {
  std::string list;
  for (const Kind* kind : kinds())
    list += (list.empty() ? "" : ", ") + std::string(kind->type);
  return list;
}

}  // namespace

SourceOptions read_source(TableReader& table, const std::filesystem::path& folder) {
  SourceOptions source;
  SourceRule& rule = source.rule;
  read_name(table, rule.name);
  source.type = table.string("type").value_or("");
  const auto all = kinds();
  const auto kind = std::find_if(all.begin(), all.end(),
                                 [&](const Kind* other) { return other->type == source.type; });
  if (kind != all.end()) {
    rule.signal_class = (*kind)->signal_class;
    rule.feed = (*kind)->feed;
    rule.stale_after = (*kind)->stale_after;
  } else if (!source.type.empty()) {
    table.fail("type", "must be one of " + types());
  }
  set(rule.signal_class, table.signal_class("class"));
  set(rule.feed, table.boolean("feed"));
  set(rule.stale_after, table.parsed("stale_after", throttle::parse_wait_seconds));
  rule.grace = rule.stale_after;
  set(rule.grace, table.parsed("grace", throttle::parse_wait_seconds));
  set(rule.fallback, table.cap("fallback"));
  if (const auto floor = table.parsed("floor", throttle::parse_duty)) rule.floor = floor->fraction;
  if (kind != all.end()) source.open = (*kind)->read(table, folder);
  return source;
}

}  // namespace ebb::sources
