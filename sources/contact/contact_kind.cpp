#include "sources/contact/contact_kind.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "sources/contact/contact_poll.h"
#include "throttle/duration_text.h"

namespace ebb::sources {
namespace {

using throttle::TableReader;

constexpr std::chrono::milliseconds kPoll{50}, kMostWait{10'000};
constexpr std::chrono::milliseconds kGpioDebounce{20}, kModbusDebounce{0};
constexpr std::int64_t kMostLine = 1023, kMostSpan = 16;

struct ContactTable {
  std::function<std::unique_ptr<ContactLines>()> lines;
  std::size_t count = 0;
  ContactSettings contacts;
  std::chrono::milliseconds debounce{}, poll{};
};

std::vector<std::int64_t> read_numbers(TableReader& table, std::string_view key,
                                       std::int64_t most) {
  const toml::node* node = table.node(key);
  const toml::array* array = node != nullptr ? node->as_array() : nullptr;
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 0; array != nullptr && i < std::min(array->size(), kMostContacts + 1); ++i) {
    const auto number = array->get(i)->value_exact<std::int64_t>();
    if (!number || *number < 0 || *number > most) {
      table.fail(key, "must be numbers from 0 to " + std::to_string(most));
      return {};
    }
    numbers.push_back(*number);
  }
  if (numbers.empty() || numbers.size() > kMostContacts) {
    table.fail(key, node == nullptr ? "is missing, such as [17]" : "must be a list of 1 to 4");
  }
  if (std::set(numbers.begin(), numbers.end()).size() != numbers.size()) {
    table.fail(key, "has a number twice");
  }
  return numbers;
}

void read_gpio(TableReader& table, const std::filesystem::path& folder, ContactTable& contact) {
  GpioSettings settings;
  settings.chip = folder / table.string("chip").value_or("");
  for (const std::int64_t line : read_numbers(table, "lines", kMostLine))
    settings.lines.push_back(static_cast<unsigned>(line));
  settings.active_low = table.boolean("active_low").value_or(true);
  const auto bias =
      table.parsed("bias", [](std::string_view text) -> tl::expected<Bias, std::string> {
        if (text == "pull-up") return Bias::pull_up;
        if (text == "pull-down") return Bias::pull_down;
        if (text == "none") return Bias::none;
        return tl::unexpected<std::string>("must be pull-up, pull-down or none");
      });
  settings.bias = bias.value_or(settings.bias);
  contact.count = settings.lines.size();
  contact.debounce = kGpioDebounce;
  contact.poll = kPoll;
  contact.lines = [settings] { return gpio_lines(settings); };
}

void read_modbus(TableReader& table, ContactTable& contact) {
  ModbusInputSettings settings;
  settings.server = read_modbus_settings(table, "modbus");
  const auto inputs = read_numbers(table, "inputs", kLastModbusAddress);
  if (!inputs.empty()) {
    const auto [first, last] = std::minmax_element(inputs.begin(), inputs.end());
    if (*last - *first >= kMostSpan) table.fail("inputs", "must lie within 16 of each other");
  }
  for (const std::int64_t input : inputs)
    settings.inputs.push_back(static_cast<int>(input));
  contact.count = settings.inputs.size();
  contact.debounce = kModbusDebounce;
  contact.poll = table.parsed("poll", throttle::parse_duration).value_or(kPoll);
  if (contact.poll > kMostWait) table.fail("poll", "is longer than 10s");
  contact.lines = [settings] { return modbus_lines(settings); };
}

/// "on", "dim", "off" or a cap.
ContactSettings::Meaning read_meaning(TableReader& table, const toml::node& node,
                                      const throttle::Cap& dim, const throttle::Cap& off) {
  const std::string word = node.value_or(std::string());
  if (word == "on") return {word, throttle::DutyCap{1}};
  if (word == "dim") return {word, dim};
  if (word == "off") return {word, off};
  const auto cap = throttle::parse_cap(word);
  if (!cap) table.fail("states", "must be on, dim, off or a cap such as \"60%\"");
  return {word, cap.value_or(throttle::DutyCap{0})};
}

void read_states(TableReader& table, const toml::node& node, const throttle::Cap& dim,
                 const throttle::Cap& off, ContactTable& contact) {
  const toml::table* states = node.as_table();
  if (states == nullptr) {
    table.fail("states", "must be a table such as { \"11\" = \"on\", \"10\" = \"dim\" }");
    return;
  }
  for (const auto& [key, value] : *states) {
    const std::string level(key.str());
    if (level.size() != contact.count || level.find_first_not_of("01") != std::string::npos) {
      table.fail("states", "must have a 0 (open) or a 1 (closed) for each contact");
    }
    contact.contacts.states[level] = read_meaning(table, value, dim, off);
  }
}

void read_contacts(TableReader& table, ContactTable& contact) {
  const throttle::Cap off = table.cap("shed").value_or(throttle::DutyCap{0});
  const throttle::Cap dim = table.cap("dim").value_or(throttle::DutyCap{0.3});
  const auto closed = table.string("closed");
  const toml::node* states = table.node("states");
  contact.contacts.otherwise = {"off", off};
  if (states != nullptr) {
    if (closed) table.fail("closed", "is said by states already");
    read_states(table, *states, dim, off, contact);
  } else if (contact.count > 1) {
    table.fail("states", "is missing: what the states of several contacts mean");
  } else {
    if (closed && *closed != "permit" && *closed != "shed") {
      table.fail("closed", "must be permit or shed");
    }
    const bool permits = closed.value_or("permit") == "permit";
    contact.contacts.states[permits ? "1" : "0"] = {"on", throttle::DutyCap{1}};
  }
}

Open read_contact(TableReader& table, const std::filesystem::path& folder) {
  ContactTable contact;
  const bool gpio = table.node("chip") != nullptr;
  if (gpio == (table.node("modbus") != nullptr)) {
    table.fail("chip", "one of chip (with lines) and modbus (with inputs) is wanted");
  } else if (gpio) {
    read_gpio(table, folder, contact);
  } else {
    read_modbus(table, contact);
  }
  const auto debounce = table.parsed("debounce", throttle::parse_wait);
  contact.debounce = debounce.value_or(contact.debounce);
  if (contact.debounce > kMostWait) table.fail("debounce", "is longer than 10s");
  read_contacts(table, contact);
  return [contact](
             const throttle::SourceRule& rule,
             const Context& context) mutable -> tl::expected<std::unique_ptr<Source>, std::string> {
    contact.contacts.signal_class = rule.signal_class;
    auto clock = [now = context.clock] { return now().steady; };
    return std::make_unique<PollingSource>(
        std::make_unique<ContactPoll>(contact.lines(), contact.contacts, contact.debounce,
                                      contact.poll, std::move(clock)),
        context.clock);
  };
}

}  // namespace

const Kind kContactKind{.type = "contact",
                        .feed = true,
                        .signal_class = throttle::SignalClass::mandatory,
                        .stale_after = std::chrono::seconds(10),
                        .read = &read_contact};

}  // namespace ebb::sources
