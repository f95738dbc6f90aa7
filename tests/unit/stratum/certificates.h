#pragma once
// Certificates made for one test.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "stratum/transport/pin.h"

namespace ebb::stratum {

struct Wish {
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  long from_s = -3600;  ///< from now
  long until_s = 3600;
  bool is_authority = false;
};

/// A certificate and its key.
class Identity {
 public:
  /// Signed by itself where there is no authority.
  explicit Identity(const Wish& wish, const Identity* authority = nullptr) {
    const Identity& signer = authority == nullptr ? *this : *authority;
    X509* const x509 = x509_.get();
    static int serial = 0;
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x509), wish.from_s);
    X509_gmtime_adj(X509_getm_notAfter(x509), wish.until_s);
    X509_set_pubkey(x509, key_.get());
    const std::string common_name = "test " + std::to_string(serial);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(x509, X509_get_subject_name(signer.x509_.get()));
    extend(NID_basic_constraints, wish.is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wish.is_authority) extend(NID_subject_alt_name, wish.names.c_str());
    if (X509_sign(x509, signer.key_.get(), EVP_sha256()) == 0) throw std::runtime_error("unsigned");
  }

  std::string certificate_pem() const {
    return pem([this](BIO* bio) { return PEM_write_bio_X509(bio, x509_.get()); });
  }
  std::string key_pem() const {
    return pem([this](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }

  Pin certificate_pin() const {
    return sha256([this](unsigned char** der) { return i2d_X509(x509_.get(), der); });
  }
  Pin key_pin() const {
    return sha256([this](unsigned char** der) { return i2d_PUBKEY(key_.get(), der); });
  }

 private:
  void extend(int what, const char* value) {
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, what, value), X509_EXTENSION_free);
    if (!extension) throw std::runtime_error(value);
    X509_add_ext(x509_.get(), extension.get(), -1);
  }

  template <class Write>
  static std::string pem(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    if (write(bio.get()) != 1) throw std::runtime_error("no PEM");
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  template <class Encode>
  static Pin sha256(Encode encode) {
    std::vector<unsigned char> der(static_cast<std::size_t>(encode(nullptr)));
    unsigned char* at = der.data();
    encode(&at);
    Pin pin;
    EVP_Digest(der.data(), der.size(), pin.sha256.data(), nullptr, EVP_sha256(), nullptr);
    return pin;
  }

  std::unique_ptr<X509, decltype(&X509_free)> x509_{X509_new(), X509_free};
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{EVP_EC_gen("P-256"), EVP_PKEY_free};
};

}  // namespace ebb::stratum
