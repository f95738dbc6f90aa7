#pragma once
// A small HTTP(S) server on loopback, which answers as a test says.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ebb::tests {

/// A certificate for localhost and 127.0.0.1 that signs itself, and its key, as PEM.
struct Certificate {
  std::string certificate;
  std::string key;
};

inline Certificate make_certificate() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), X509_free);
  if (key == nullptr || x509 == nullptr) throw std::runtime_error("no certificate");
  X509_set_version(x509.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
  X509_set_pubkey(x509.get(), key.get());
  X509_NAME* name = X509_get_subject_name(x509.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(x509.get(), name);
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, x509.get(), x509.get(), nullptr, nullptr, 0);
  for (const auto& [what, value] : {std::pair{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"},
                                    std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
    X509_add_ext(x509.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(x509.get(), key.get(), EVP_sha256());

  const auto text = [](auto write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    write(bio.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
  };
  return {text([&](BIO* bio) { PEM_write_bio_X509(bio, x509.get()); }), text([&](BIO* bio) {
            PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

/// "HTTP/1.1 200 OK" with a body and the headers that are given, each with its line end.
inline std::string http_answer(std::string_view body, std::string_view status = "200 OK",
                               std::string_view headers = {}) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

/// One connection at a time, one request a connection.
class LoopbackServer {
 public:
  /// Gets the request with its body and gives the bytes to send; nothing: it hangs.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit LoopbackServer(Answer answer, const Certificate* certificate = nullptr)
      : answer_(std::move(answer)), acceptor_(io_, {boost::asio::ip::address_v4::loopback(), 0}) {
    if (certificate != nullptr) {
      tls_.emplace(boost::asio::ssl::context::tls_server);
      tls_->use_certificate(boost::asio::buffer(certificate->certificate),
                            boost::asio::ssl::context::pem);
      tls_->use_private_key(boost::asio::buffer(certificate->key), boost::asio::ssl::context::pem);
    }
    thread_ = std::jthread([this] { run(); });
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;
  ~LoopbackServer() {
    stopped_ = true;
    boost::system::error_code ignored;
    {
      const std::lock_guard lock(mutex_);
      if (current_ != nullptr) {
        current_->shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
      }
    }
    boost::asio::io_context io;  // wakes accept()
    boost::asio::ip::tcp::socket(io).connect(acceptor_.local_endpoint(), ignored);
  }

  unsigned short port() const { return acceptor_.local_endpoint().port(); }
  std::string url(std::string_view path = "/", std::string_view host = "127.0.0.1") const {
    return std::string(tls_ ? "https" : "http") + "://" + std::string(host) + ":" +
           std::to_string(port()) + std::string(path);
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void run() {
    while (true) {
      boost::asio::ip::tcp::socket socket(io_);
      boost::system::error_code error;
      acceptor_.accept(socket, error);
      if (stopped_) return;
      if (error) continue;
      const Current current(*this, socket);
      try {
        if (!tls_) {
          serve(socket);
        } else {
          boost::asio::ssl::stream<boost::asio::ip::tcp::socket&> stream(socket, *tls_);
          stream.handshake(boost::asio::ssl::stream_base::server);
          serve(stream);
        }
      } catch (const std::exception&) {  // the client went away
      }
    }
  }

  /// Lets the destructor end what is being served.
  struct Current {
    Current(LoopbackServer& server, boost::asio::ip::tcp::socket& socket) : server_(server) {
      const std::lock_guard lock(server_.mutex_);
      server_.current_ = &socket;
    }
    Current(const Current&) = delete;
    Current& operator=(const Current&) = delete;
    ~Current() {
      const std::lock_guard lock(server_.mutex_);
      server_.current_ = nullptr;
    }
    LoopbackServer& server_;
  };

  template <class Stream>
  void serve(Stream& stream) {
    std::string request;
    std::size_t head =
        boost::asio::read_until(stream, boost::asio::dynamic_buffer(request), "\r\n\r\n");
    const std::size_t at = request.find("Content-Length: ");
    if (at < head) {
      const std::size_t size = head + std::strtoul(request.c_str() + at + 16, nullptr, 10);
      if (request.size() < size) {
        boost::asio::read(stream, boost::asio::dynamic_buffer(request),
                          boost::asio::transfer_exactly(size - request.size()));
      }
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const std::string bytes = answer_(request);
    if (!bytes.empty()) {
      boost::asio::write(stream, boost::asio::buffer(bytes));
      return;
    }
    char byte = 0;  // until the client or the test gives up
    stream.read_some(boost::asio::buffer(&byte, 1));
  }

  Answer answer_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::optional<boost::asio::ssl::context> tls_;
  std::atomic<bool> stopped_ = false;
  mutable std::mutex mutex_;
  boost::asio::ip::tcp::socket* current_ = nullptr;
  std::vector<std::string> requests_;
  std::jthread thread_;  ///< last: it uses the others
};

}  // namespace ebb::tests
