#pragma once
// Who may post, and whether a post is what its sender wrote.

#include <string>
#include <string_view>

#include "sources/web.h"

namespace ebb::sources {

/// HMAC-SHA256 (RFC 2104, FIPS 180-4) of `text`, in hexadecimal.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// How a webhook's callers prove who they are.
struct WebhookSecrets {
  std::string signing_key;  ///< of the header "x-ebb-signature: sha256=<hmac of the body>"
  std::string token;        ///< of the header "authorization: Bearer <token>"
};

/// Either proof will do, where both are set; compared in constant time. With neither set nobody
/// may.
bool may_post(const WebhookSecrets& secrets, const WebRequest& request);

}  // namespace ebb::sources
