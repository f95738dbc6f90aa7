#include "sources/webhook/webhook_kind.h"

#include <memory>
#include <utility>

#include "sources/secret.h"
#include "sources/webhook/webhook.h"
#include "throttle/schedule/table_reader.h"

namespace ebb::sources {
namespace {

constexpr std::size_t kLeastSecret = 16;  // bytes

tl::expected<std::string, std::string> load(const SecretPlace& place) {
  if (place.empty()) return std::string();
  auto secret = load_secret(place);
  if (secret && secret->size() < kLeastSecret) {
    return tl::unexpected<std::string>("a secret of fewer than 16 bytes can be guessed");
  }
  return secret;
}

Open read_webhook(throttle::TableReader& table, const std::filesystem::path& folder) {
  const SecretPlace key = read_secret_place(table, "signing_key", folder);
  const SecretPlace token = read_secret_place(table, "token", folder);
  if (key.empty() && token.empty()) {
    table.fail("type", "needs signing_key_file or token_file (or either as _env)");
  }
  return [key, token](
             const throttle::SourceRule& rule,
             const Context& context) -> tl::expected<std::unique_ptr<Source>, std::string> {
    auto signing_key = load(key);
    if (!signing_key) return tl::unexpected(signing_key.error());
    auto bearer = load(token);
    if (!bearer) return tl::unexpected(bearer.error());
    auto webhook = std::make_unique<Webhook>(
        rule, WebhookSecrets{std::move(*signing_key), std::move(*bearer)}, context.clock);
    const bool served =
        context.serve(Webhook::path(rule),
                      [it = webhook.get()](const auto& request) { return it->answer(request); });
    if (!served) {
      return tl::unexpected<std::string>("is posted to, which needs the HTTP API: [api] listen");
    }
    return webhook;
  };
}

}  // namespace

const Kind kWebhookKind{.type = "webhook",
                        .feed = false,
                        .signal_class = throttle::SignalClass::mandatory,
                        .read = &read_webhook};

}  // namespace ebb::sources
