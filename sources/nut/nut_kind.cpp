#include "sources/nut/nut_kind.h"

#include <nutclient.h>

#include <algorithm>
#include <memory>
#include <utility>

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

// Of the library, in whole seconds: a server that hangs must not hold the stop.
constexpr std::time_t kPatience = 1;
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
  UpsPoll(NutSettings settings, std::string password)
      : settings_(std::move(settings)), password_(std::move(password)), watch_(settings_.ups) {
    health_.where = settings_.address.text();
  }

  Answer ask(const throttle::Now& now, const std::stop_token& /*stop*/) override {
    Answer answer;
    answer.again = settings_.poll;
    try {
      connect();
      const auto words = client_->getDeviceVariableValue(settings_.address.ups, "ups.status");
      health_.last = words.empty() ? "" : words.front();
      const auto status = parse_ups_status(health_.last);
      health_.trouble = status ? "" : "its status tells nothing of the mains";
      if (status) answer.updates = watch_.observe(now, *status);
    } catch (const nut::IOException& error) {
      client_.reset();
      health_.connected = false;
      health_.trouble = std::string("no answer: ") + error.what();
    } catch (const nut::NutException& error) {
      // The server speaks, and has nothing to say of the UPS: DATA-STALE, DRIVER-NOT-CONNECTED.
      health_.trouble = std::string("upsd says ") + error.what();
    }
    if (watch_.confirming()) answer.again = std::min(answer.again, kConfirmPoll);
    answer.health = health_;
    return answer;
  }

 private:
  void connect() {
    if (client_) return;
    auto client = std::make_unique<nut::TcpClient>();
    client->setTimeout(kPatience);
    client->connect(settings_.address.host, settings_.address.port);
    if (!settings_.user.empty()) client->authenticate(settings_.user, password_);
    client_ = std::move(client);
    health_.connected = true;
  }

  NutSettings settings_;
  std::string password_;
  UpsWatch watch_;
  Health health_;
  std::unique_ptr<nut::TcpClient> client_;
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
    return std::make_unique<PollingSource>(
        std::make_unique<UpsPoll>(std::move(own), std::move(password)), context.clock);
  };
}

}  // namespace

const Kind kNutKind{.type = "nut",
                    .feed = true,
                    .signal_class = throttle::SignalClass::protective,
                    .read = &read_nut};

}  // namespace ebb::sources
