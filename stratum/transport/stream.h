#pragma once
// A connection to a pool, in clear text or encrypted: bytes in, bytes out.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <tuple>

namespace ebb::stratum {

/// At most one read and one write may be under way. Destroyed only when none is.
class Stream {
 public:
  using Result = std::tuple<boost::system::error_code, std::size_t>;

  explicit Stream(std::string remote) : remote_(std::move(remote)) {}
  virtual ~Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// An encrypted stream that was cut off ends as a plain one does: asio::error::eof.
  virtual boost::asio::awaitable<Result> read_some(boost::asio::mutable_buffer buffer) = 0;
  /// Writes all of it.
  virtual boost::asio::awaitable<Result> write(boost::asio::const_buffer bytes) = 0;
  /// At once: what is under way ends with an error.
  virtual void close() = 0;

  /// With whom, as it was resolved: for people.
  const std::string& remote() const { return remote_; }

 private:
  std::string remote_;
};

std::unique_ptr<Stream> make_plain_stream(boost::asio::ip::tcp::socket socket, std::string remote);

}  // namespace ebb::stratum
