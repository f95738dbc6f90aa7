#include "stratum/transport/stream.h"

#include <boost/asio.hpp>

namespace ebb::stratum {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

class PlainStream final : public Stream {
 public:
  PlainStream(asio::ip::tcp::socket socket, std::string remote)
      : Stream(std::move(remote)), socket_(std::move(socket)) {}

  asio::awaitable<Result> read_some(asio::mutable_buffer buffer) override {
    return socket_.async_read_some(buffer, kNoThrow);
  }

  asio::awaitable<Result> write(asio::const_buffer bytes) override {
    return asio::async_write(socket_, bytes, kNoThrow);
  }

  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  asio::ip::tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Stream> make_plain_stream(asio::ip::tcp::socket socket, std::string remote) {
  return std::make_unique<PlainStream>(std::move(socket), std::move(remote));
}

}  // namespace ebb::stratum
