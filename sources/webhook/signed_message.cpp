#include "sources/webhook/signed_message.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace ebb::sources {
namespace {

std::string_view header(const WebRequest& request, std::string_view name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

bool may_post(const WebhookSecrets& secrets, const WebRequest& request) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view authorization = header(request, "authorization");
  if (!secrets.token.empty() && authorization.starts_with(kBearer) &&
      same(authorization.substr(kBearer.size()), secrets.token)) {
    return true;
  }
  if (secrets.signing_key.empty()) return false;
  return same(header(request, "x-ebb-signature"),
              "sha256=" + hmac_sha256(secrets.signing_key, request.body));
}

}  // namespace ebb::sources
