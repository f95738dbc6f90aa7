#include "sources/nut/nut_kind.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sources/nut/nut_client.h"
#include "sources/nut/ups_address.h"
#include "sources/nut/ups_watch.h"
#include "sources/polling_source.h"
#include "sources/secret.h"
#include "throttle/duration_text.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::sources {
namespace {

using std::chrono::milliseconds;
using throttle::TableReader;

constexpr milliseconds kConfirmPoll{500};

struct NutSettings {
  UpsAddress address;
  std::string user;
  SecretPlace password;
  milliseconds poll{2000};
  UpsSettings ups;
};

class UpsPoll final : public Poll {
 public:
  UpsPoll(const NutSettings& settings, std::string password)
      : poll_(settings.poll),
        watch_(settings.ups),
        client_(settings.address, settings.user, std::move(password)) {
    health_.where = settings.address.text();
  }

  Answer ask(const throttle::Now& now, const std::stop_token& stop) override {
    Answer answer;
    answer.again = poll_;
    if (const auto text = client_.value("ups.status", stop)) {
      health_.last = *text;
      const auto status = parse_ups_status(*text);
      health_.trouble = status ? "" : "its status tells nothing of the mains";
      if (status) answer.updates = watch_.observe(now, *status);
    } else {
      health_.trouble = text.error();
    }
    health_.connected = client_.connected();
    if (watch_.confirming()) answer.again = std::min(answer.again, kConfirmPoll);
    answer.health = health_;
    return answer;
  }

 private:
  milliseconds poll_;
  UpsWatch watch_;
  NutClient client_;
  Health health_;
};

template <class T, class Value>
void set(T& setting, std::optional<Value> value) {
  if (value) setting = *std::move(value);
}

Open read_nut(TableReader& table, const std::filesystem::path& folder) {
  NutSettings settings;
  if (table.node("ups") == nullptr) table.fail("ups", "ups is missing, such as \"ups@localhost\"");
  set(settings.address, table.parsed("ups", parse_ups_address));
  set(settings.user, table.string("user"));
  settings.password = read_secret_place(table, "password", folder);
  if (settings.user.empty() != settings.password.empty()) {
    table.fail("user", "user and password_file or password_env go together");
  }
  set(settings.poll, table.parsed("poll", throttle::parse_duration));
  set(settings.ups.confirm, table.parsed("confirm", throttle::parse_wait));
  set(settings.ups.cap, table.cap("cap"));
  return [settings](const throttle::SourceRule& rule,
                    const Context& context) -> tl::expected<std::unique_ptr<Source>, std::string> {
    std::string password;
    if (!settings.password.empty()) {
      auto secret = load_secret(settings.password);
      if (!secret) return tl::unexpected(secret.error());
      password = *std::move(secret);
    }
    NutSettings own = settings;
    own.ups.signal_class = rule.signal_class;
    return std::make_unique<PollingSource>(std::make_unique<UpsPoll>(own, std::move(password)),
                                           context.clock);
  };
}

}  // namespace

const Kind kNutKind{.type = "nut",
                    .feed = true,
                    .signal_class = throttle::SignalClass::protective,
                    .stale_after = std::chrono::seconds(30),
                    .read = &read_nut};

}  // namespace ebb::sources
