#include "sources/cap_message.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <utility>

#include "core/printable.h"
#include "throttle/schedule/time_zone.h"
#include "throttle/signal_book.h"

namespace ebb::sources {
namespace {

namespace json = boost::json;
using throttle::WallTime;

constexpr double kMillisecondsFrom = 1e11;         // as seconds: the year 5138
constexpr double kLatest = 253'402'300'799'999.0;  // ms; the year 9999

/// As RFC 3339 writes it. A fraction of a second is dropped.
tl::expected<WallTime, std::string> parse_moment(std::string_view text) {
  std::string whole(text);
  if (const auto point = whole.find('.'); point != std::string::npos) {
    const auto end = std::min(whole.find_first_not_of("0123456789", point + 1), whole.size());
    whole.erase(point, end - point);
  }
  // Local time is a trap between machines: what is neither Z nor an offset is none.
  const auto clock = whole.find_first_of("T ");
  if (clock == std::string::npos || whole.find_first_of("Z+-", clock) == std::string::npos) {
    return tl::unexpected<std::string>("must be a time with its offset, as 2022-01-31T23:59:00Z");
  }
  return throttle::parse_time(whole, "UTC");
}

/// The members of a message. Keeps the first fault.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  const std::string& fault() const { return fault_; }

  void fail(std::string_view name, std::string_view what) {
    if (fault_.empty()) fault_ = std::string(name) + ": " + std::string(what);
  }

  void refuse_others(std::initializer_list<std::string_view> known) {
    for (const auto& [name, value] : object_) {
      if (std::find(known.begin(), known.end(), std::string_view(name)) == known.end()) {
        fail(name, "is no member of a message");
      }
    }
  }

  const json::value* find(std::string_view name) const {
    return object_.if_contains({name.data(), name.size()});
  }

  std::optional<std::string> text(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (const auto* text = value->if_string()) return std::string(text->data(), text->size());
    fail(name, "must be a text");
    return std::nullopt;
  }

  std::optional<throttle::Cap> cap(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) fail(name, "is missing");
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (value->is_string()) {
      const auto cap = throttle::parse_cap(*text(name));
      if (cap) return *cap;
      fail(name, cap.error());
      return std::nullopt;
    }
    const auto fraction = number(*value);
    if (fraction && *fraction <= 1) return throttle::DutyCap{*fraction};
    fail(name, R"(must be a fraction from 0 to 1, a text such as "40%" or "250W", or null)");
    return std::nullopt;
  }

  std::optional<WallTime> time(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) {
      const auto time = parse_moment(*text(name));
      if (time) return *time;
      fail(name, time.error());
      return std::nullopt;
    }
    auto since_1970 = number(*value);
    if (since_1970 && *since_1970 < kMillisecondsFrom) since_1970 = *since_1970 * 1000;
    if (since_1970 && *since_1970 <= kLatest) {
      return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(*since_1970)));
    }
    fail(name, "must be a time: a text such as 2022-01-31T23:59:00Z, or seconds since 1970");
    return std::nullopt;
  }

  std::uint64_t sequence(std::string_view name) {
    const json::value* value = find(name);
    if (value == nullptr) return 0;
    json::error_code error;
    const auto sequence = value->to_number<std::uint64_t>(error);
    if (!error && !value->is_double() && sequence != 0) return sequence;
    fail(name, "must be a whole number of 1 or more");
    return 0;
  }

 private:
  static std::optional<double> number(const json::value& value) {
    json::error_code error;
    const auto number = value.to_number<double>(error);
    if (error || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
    return number;
  }

  const json::object& object_;
  std::string fault_;
};

tl::unexpected<std::string> refused(std::string_view why) {
  return tl::unexpected(core::printable(why));
}

}  // namespace

tl::expected<CapMessage, std::string> parse_cap_message(std::string_view text) {
  if (text.size() > kMaxCapMessage) {
    return refused("longer than " + std::to_string(kMaxCapMessage) + " bytes");
  }
  json::parse_options options;
  options.max_depth = 2;  // a message is flat: what is deeper is refused without being built
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return refused("not JSON: " + error.message());
  if (!value.is_object()) return refused("not a JSON object");

  Members members(value.get_object());
  CapMessage message;
  members.refuse_others({"cap", "from", "until", "class", "reason", "seq", "sent", "id"});
  message.cap = members.cap("cap");
  message.from = members.time("from");
  message.until = members.time("until");
  message.sent = members.time("sent");
  message.sequence = members.sequence("seq");
  message.reason = members.text("reason").value_or("");
  if (const auto name = members.text("class")) {
    message.signal_class = throttle::parse_signal_class(*name);
    if (!message.signal_class) {
      members.fail("class", "must be mandatory, protective, economic or operator");
    }
  }
  if (auto id = members.text("id")) {
    if (id->empty() || id->size() > throttle::SignalBook::kMaxName) {
      members.fail("id", "must be a text of 1 to 200 bytes");
    }
    message.id = *std::move(id);
  }
  if (message.from && message.until && *message.until <= *message.from) {
    members.fail("until", "is not after from");
  }
  if (!members.fault().empty()) return refused(members.fault());
  return message;
}

}  // namespace ebb::sources
