#include "stratum/transport/server_check.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <ctime>
#include <memory>
#include <utility>

namespace ebb::stratum {
namespace {

Pin certificate_pin(const X509* certificate) {
  Pin pin;
  X509_digest(certificate, EVP_sha256(), pin.sha256.data(), nullptr);
  return pin;
}

Pin key_pin(const X509* certificate) {
  Pin pin;
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size > 0) {
    EVP_Digest(der, static_cast<std::size_t>(size), pin.sha256.data(), nullptr, EVP_sha256(),
               nullptr);
  }
  OPENSSL_free(der);
  return pin;
}

std::string day(const ASN1_TIME* time) {
  std::tm parts{};
  std::array<char, sizeof "2026-01-02 03:04 UTC"> text{};
  if (ASN1_TIME_to_tm(time, &parts) != 1 ||
      std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts) == 0) {
    return "a time that cannot be read";
  }
  return text.data();
}

bool is_address(const std::string& host) {
  boost::system::error_code not_numeric;
  boost::asio::ip::make_address(host, not_numeric);
  return !not_numeric;
}

/// As certificates and SNI have it: no dot at the end of a name, no zone behind an address.
std::string bare(std::string host) {
  if (host.ends_with('.')) host.pop_back();
  if (host.find(':') != std::string::npos) host.resize(std::min(host.find('%'), host.size()));
  return host;
}

}  // namespace

ServerCheck::ServerCheck(std::string host, std::vector<Pin> pins)
    : host_(bare(std::move(host))), pins_(std::move(pins)) {}

tl::expected<void, std::string> ServerCheck::guard(SSL_CTX* context,
                                                   const std::filesystem::path& ca_file) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, &ServerCheck::decide, this);
  ERR_clear_error();
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) {
      return tl::unexpected<std::string>("cannot read the system's certificate authorities");
    }
  } else if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    ERR_clear_error();
    return tl::unexpected("cannot read certificate authorities from " + ca_file.string() + ": " +
                          (reason == nullptr ? "no PEM certificates" : reason));
  }
  return {};
}

tl::expected<void, std::string> ServerCheck::name(SSL* connection) const {
  X509_VERIFY_PARAM* param = SSL_get0_param(connection);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool named = is_address(host_)
                         ? X509_VERIFY_PARAM_set1_ip_asc(param, host_.c_str()) == 1
                         : X509_VERIFY_PARAM_set1_host(param, host_.c_str(), host_.size()) == 1 &&
                               SSL_set_tlsext_host_name(connection, host_.c_str()) == 1;
  // A check without a name would accept every server that an authority knows.
  if (!named) return tl::unexpected("'" + host_ + "' is no name of a TLS server");
  return {};
}

int ServerCheck::decide(X509_STORE_CTX* store, void* self) {
  return static_cast<ServerCheck*>(self)->accepts(store) ? 1 : 0;
}

bool ServerCheck::accepts(X509_STORE_CTX* store) {
  if (pins_.empty()) {
    if (X509_verify_cert(store) == 1) return true;
    fault_ = describe(store);
    return false;
  }
  const X509* certificate = X509_STORE_CTX_get0_cert(store);
  const Pin of_certificate = certificate_pin(certificate);
  const Pin of_key = key_pin(certificate);
  if (std::any_of(pins_.begin(), pins_.end(),
                  [&](const Pin& pin) { return pin == of_certificate || pin == of_key; })) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return true;
  }
  fault_ = "the server has another pin: its key " + of_key.text() + ", its certificate " +
           of_certificate.text();
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return false;
}

std::string ServerCheck::describe(X509_STORE_CTX* store) const {
  const int error = X509_STORE_CTX_get_error(store);
  const X509* at = X509_STORE_CTX_get_current_cert(store);
  if (at == nullptr) at = X509_STORE_CTX_get0_cert(store);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the server's certificate expired on " + day(X509_get0_notAfter(at));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the server's certificate is not valid before " + day(X509_get0_notBefore(at));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the server's certificate is for another name than " + host_;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "the server's certificate is signed by itself, and no pin vouches for it; its key's "
             "pin is " +
             key_pin(at).text();
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "the server's certificate is signed by an authority that is not known here";
    default:
      return std::string("the server's certificate is refused: ") +
             X509_verify_cert_error_string(error);
  }
}

tl::expected<void, std::string> check_ca_file(const std::filesystem::path& file) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  ServerCheck check("", {});
  return check.guard(context.get(), file);
}

}  // namespace ebb::stratum
