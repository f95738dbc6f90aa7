#pragma once
// Whether a TLS server is who it must be.

#include <openssl/ssl.h>

#include <string>
#include <tl/expected.hpp>

#include "stratum/transport/pool_transport.h"

namespace ebb::stratum {

/// Decides over the certificates of one connection. With pins, one of them must match, and a
/// matching one is enough: whoever has this key is the server. Without, an authority must vouch for
/// the certificate, which must be valid now and be for this host.
class ServerCheck {
 public:
  ServerCheck(std::string host, std::vector<Pin> pins);
  ServerCheck(const ServerCheck&) = delete;
  ServerCheck& operator=(const ServerCheck&) = delete;

  /// Reads the authorities and makes this check decide over all of the context's handshakes, which
  /// must not outlive it. The error is one line.
  tl::expected<void, std::string> guard(SSL_CTX* context, const std::filesystem::path& ca_file);

  /// Names the server to the connection (SNI) and to the check.
  tl::expected<void, std::string> name(SSL* connection) const;

  /// Why the server was refused; empty if it was not.
  const std::string& fault() const { return fault_; }

 private:
  static int decide(X509_STORE_CTX* store, void* self);
  bool accepts(X509_STORE_CTX* store);
  std::string describe(X509_STORE_CTX* store) const;

  std::string host_;
  std::vector<Pin> pins_;
  std::string fault_;
};

/// For checking a configuration: the error is one line.
tl::expected<void, std::string> check_ca_file(const std::filesystem::path& file);

}  // namespace ebb::stratum
