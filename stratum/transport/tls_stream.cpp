#include "stratum/transport/tls_stream.h"

#include <openssl/err.h>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <utility>

#include "stratum/transport/server_check.h"

namespace ebb::stratum {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

/// A stream that was cut off is a closed connection: Stratum's lines end by themselves.
void no_truncation(boost::system::error_code& error) {
  if (error == ssl::error::stream_truncated) error = asio::error::eof;
}

std::string handshake_fault(const boost::system::error_code& error) {
  if (error == asio::error::eof || error == asio::error::connection_reset) {
    return "the server closed the connection in the TLS handshake";
  }
  if (error.category() == asio::error::get_ssl_category()) {
    switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
      case SSL_R_WRONG_VERSION_NUMBER:  // of a record: what came is none
      case SSL_R_PACKET_LENGTH_TOO_LONG:
        return "the server does not speak TLS";
      case SSL_R_UNSUPPORTED_PROTOCOL:
      case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "the server speaks no TLS from 1.2 on";
      default:
        break;
    }
  }
  return "TLS handshake failed: " + error.message();
}

class TlsStream final : public Stream {
 public:
  TlsStream(tcp::socket socket, std::string host, const PoolTransport& transport,
            std::string remote)
      : Stream(std::move(remote)),
        check_(std::move(host), transport.pins),
        ready_(check_.guard(context_.native_handle(), transport.ca_file)),
        stream_(std::move(socket), context_) {
    if (ready_) ready_ = check_.name(stream_.native_handle());
  }

  asio::awaitable<tl::expected<void, std::string>> shake_hands() {
    if (!ready_) co_return ready_;
    auto [error] = co_await stream_.async_handshake(ssl::stream_base::client, kNoThrow);
    if (!error) co_return ready_;
    no_truncation(error);
    co_return tl::unexpected(check_.fault().empty() ? handshake_fault(error) : check_.fault());
  }

  asio::awaitable<Result> read_some(asio::mutable_buffer buffer) override {
    auto [error, size] = co_await stream_.async_read_some(buffer, kNoThrow);
    no_truncation(error);
    co_return Result(error, size);
  }

  asio::awaitable<Result> write(asio::const_buffer bytes) override {
    return asio::async_write(stream_, bytes, kNoThrow);
  }

  void close() override {
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

 private:
  ssl::context context_{ssl::context::tls_client};
  ServerCheck check_;
  tl::expected<void, std::string> ready_;
  ssl::stream<tcp::socket> stream_;
};

}  // namespace

asio::awaitable<tl::expected<std::unique_ptr<Stream>, std::string>> start_tls(
    tcp::socket socket, std::string host, const PoolTransport& transport, std::string remote) {
  auto stream =
      std::make_unique<TlsStream>(std::move(socket), std::move(host), transport, std::move(remote));
  const auto shaken = co_await stream->shake_hands();
  if (!shaken) co_return tl::unexpected(shaken.error());
  co_return std::move(stream);
}

}  // namespace ebb::stratum
