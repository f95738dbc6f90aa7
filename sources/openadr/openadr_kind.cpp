#include "sources/openadr/openadr_kind.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "sources/openadr/openadr_source.h"
#include "sources/secret.h"
#include "throttle/duration_text.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::sources {
namespace {

using openadr::OpenAdrSettings;
using throttle::Cap;
using throttle::TableReader;

constexpr std::size_t kMaxNames = 32;

template <class T, class Value>
void set(T& setting, std::optional<Value> value) {
  if (value) setting = *std::move(value);
}

/// Without a slash at its end.
tl::expected<std::string, std::string> parse_url(std::string_view text) {
  while (text.ends_with('/'))
    text.remove_suffix(1);
  const std::string_view rest = text.substr(std::min<std::size_t>(text.size(), 8));
  if (!text.starts_with("https://") || rest.empty() || rest.front() == '/') {
    return tl::unexpected<std::string>("must be an https:// address");
  }
  if (text.find_first_of(" \t\r\n#") != std::string_view::npos ||
      rest.substr(0, rest.find('/')).find('@') != std::string_view::npos) {
    return tl::unexpected<std::string>("must be an address alone, without user or fragment");
  }
  return std::string(text);
}

/// The VTN calls it, so it is the VTN's to refuse one without TLS.
tl::expected<std::string, std::string> parse_callback(std::string_view text) {
  if (text.starts_with("http://") && text.size() > 7 && text.size() < 2000) {
    return std::string(text);
  }
  return parse_url(text);
}

tl::expected<double, std::string> parse_watts(std::string_view text) {
  const auto power = throttle::parse_power(text);
  if (!power) return tl::unexpected(power.error());
  return power->watts;
}

tl::expected<openadr::SetpointMeaning, std::string> parse_setpoint(std::string_view text) {
  if (text == "absolute") return openadr::SetpointMeaning::absolute;
  if (text == "relative") return openadr::SetpointMeaning::relative;
  return tl::unexpected<std::string>("must be absolute or relative");
}

tl::expected<openadr::OffsetSign, std::string> parse_sign(std::string_view text) {
  if (text == "negative sheds") return openadr::OffsetSign::negative_sheds;
  if (text == "positive sheds") return openadr::OffsetSign::positive_sheds;
  return tl::unexpected<std::string>("must be \"negative sheds\" or \"positive sheds\"");
}

std::vector<std::string> read_names(TableReader& table, std::string_view key) {
  std::vector<std::string> names;
  const toml::node* node = table.node(key);
  if (node == nullptr) return names;
  const toml::array* array = node->as_array();
  if (array == nullptr || array->size() > kMaxNames) {
    table.fail(key, "must be a list of at most 32 strings");
    return names;
  }
  for (const toml::node& item : *array) {
    const auto* text = item.as_string();
    if (text == nullptr || text->get().empty() || text->get().size() > 128) {
      table.fail(key, "must be a list of strings of 1 to 128 bytes");
      return names;
    }
    names.push_back(text->get());
  }
  return names;
}

std::optional<double> read_number(TableReader& table, std::string_view key) {
  const toml::node* node = table.node(key);
  if (node == nullptr) return std::nullopt;
  const auto number = node->value<double>();
  if (number && std::isfinite(*number) && node->is_number()) return number;
  table.fail(key, "must be a number");
  return std::nullopt;
}

void read_simple_levels(TableReader& table, openadr::CapSettings& caps) {
  const toml::node* node = table.node("simple_levels");
  if (node == nullptr) return;
  const toml::array* levels = node->as_array();
  if (levels == nullptr || levels->size() != caps.simple.size()) {
    return table.fail("simple_levels", "must be a list of four caps, of the levels 0 to 3");
  }
  for (std::size_t i = 0; i < caps.simple.size(); ++i) {
    const auto* text = (*levels)[i].as_string();
    if (text == nullptr) return table.fail("simple_levels", "must be caps in quotes");
    const auto cap = throttle::parse_cap(text->get());
    if (!cap) return table.fail("simple_levels", cap.error());
    caps.simple[i] = *cap;
  }
}

void read_instructions(TableReader& table, openadr::CapSettings& caps) {
  const toml::node* node = table.node("instructions");
  if (node == nullptr) return;
  const toml::table* instructions = node->as_table();
  if (instructions == nullptr) {
    return table.fail("instructions", "must be a table of caps by instruction");
  }
  for (const auto& [name, value] : *instructions) {
    const auto* text = value.as_string();
    const auto cap = text == nullptr ? tl::unexpected<std::string>("must be a cap in quotes")
                                     : throttle::parse_cap(text->get());
    if (!cap) return table.fail("instructions", std::string(name.str()) + ": " + cap.error());
    caps.instructions.emplace(name.str(), *cap);
  }
}

void read_caps(TableReader& table, openadr::CapSettings& caps) {
  read_simple_levels(table, caps);
  read_instructions(table, caps);
  set(caps.control_setpoint, table.parsed("control_setpoint", parse_setpoint));
  set(caps.offset_percent, table.parsed("offset_percent_sign", parse_sign));
  set(caps.flex_alert, table.cap("flex_alert"));
  caps.strikes.price = read_number(table, "price_strike");
  caps.strikes.export_price = read_number(table, "export_price_strike");
  caps.strikes.ghg = read_number(table, "ghg_strike");
  set(caps.strikes.currency, table.string("currency"));
}

void read_vtn(TableReader& table, const std::filesystem::path& folder, OpenAdrSettings& settings) {
  openadr::VtnSettings& vtn = settings.ven.vtn;
  if (table.node("url") == nullptr) {
    table.fail("url", "url is missing, such as \"https://vtn.example/openadr3/3.1.0\"");
  }
  set(vtn.url, table.parsed("url", parse_url));
  set(vtn.token_url, table.parsed("token_url", parse_url));
  set(vtn.client_id, table.string("client_id"));
  set(vtn.scope, table.string("scope"));
  settings.client_secret = read_secret_place(table, "client_secret", folder);
  if (vtn.client_id.empty() != settings.client_secret.empty()) {
    table.fail("client_id", "client_id and client_secret_file or client_secret_env go together");
  }
  if (const auto version = table.string("version")) {
    if (*version != "3.1" && *version != "3.0.1") table.fail("version", "must be 3.1 or 3.0.1");
    settings.ven.identity.before_31 = *version == "3.0.1";
  }
  if (const auto file = table.string("ca_file")) settings.http.ca_file = folder / *file;
  set(settings.http.verify, table.boolean("verify"));
}

Open read_openadr(TableReader& table, const std::filesystem::path& folder) {
  OpenAdrSettings settings;
  openadr::VenSettings& ven = settings.ven;
  read_vtn(table, folder, settings);
  ven.programs = read_names(table, "programs");
  ven.targets = read_names(table, "targets");
  set(ven.identity.ven, table.string("ven_name"));
  set(ven.identity.resource, table.string("resource_name"));
  if (ven.identity.ven.size() > 128) table.fail("ven_name", "is longer than 128 bytes");
  if (ven.identity.resource.size() > 128) table.fail("resource_name", "is longer than 128 bytes");
  set(ven.enrol, table.boolean("enrol"));
  set(settings.reports, table.boolean("reports"));
  set(settings.mqtt, table.boolean("mqtt"));
  set(settings.callback_url, table.parsed("callback_url", parse_callback));
  set(ven.poll, table.parsed("poll", throttle::parse_duration));
  if (ven.poll < std::chrono::seconds(1) || ven.poll > std::chrono::hours(1)) {
    table.fail("poll", "must be from 1s to 1h");
  }
  read_caps(table, ven.plan.caps);
  set(ven.other_watts, table.parsed("other_load", parse_watts));
  set(settings.meter, table.string("meter"));
  if (const auto watts = table.parsed("subscription", parse_watts)) ven.plan.subscription = *watts;
  return [settings](const throttle::SourceRule& rule,
                    const Context& context) -> tl::expected<std::unique_ptr<Source>, std::string> {
    return openadr::open(settings, rule, context);
  };
}

}  // namespace

const Kind kOpenAdrKind{.type = "openadr",
                        .feed = true,
                        .signal_class = throttle::SignalClass::mandatory,
                        .read = &read_openadr};

}  // namespace ebb::sources
