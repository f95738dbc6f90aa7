#include "miner/control_client.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>

#include "miner/control_address.h"

namespace ebb::miner {

namespace asio = boost::asio;
using boost::system::error_code;

ControlReply ask_miner(const std::filesystem::path& state_folder, const ControlRequest& request,
                       std::chrono::milliseconds patience) {
  const auto nobody = [&] {
    return tl::unexpected("no ebb is mining with the state folder " + state_folder.string());
  };
  const auto failed = [&](const std::string& what) {
    return tl::unexpected("the miner of " + state_folder.string() + " " + what);
  };
  const auto address = ControlAddress::of(state_folder);
  if (!address) return nobody();

  asio::io_context io;
  asio::local::stream_protocol::socket socket(io, asio::local::stream_protocol());
  error_code error;
  socket.non_blocking(true, error);
  if (!error) socket.connect(address->endpoint(), error);
  if (error == asio::error::connection_refused ||
      error == boost::system::errc::no_such_file_or_directory ||
      error == boost::system::errc::not_a_directory) {
    return nobody();
  }
  if (error) return failed("cannot be reached: " + error.message());

  const std::string line = encode(request) + "\n";
  std::string answer;
  std::optional<error_code> result;
  asio::async_write(socket, asio::buffer(line), [&](error_code unsent, std::size_t) {
    if (unsent) {
      result = unsent;
      return;
    }
    asio::async_read_until(socket, asio::dynamic_buffer(answer, kMaxControlLine), '\n',
                           [&](error_code unread, std::size_t size) {
                             result = unread;
                             answer.resize(unread ? 0 : size - 1);
                           });
  });
  io.run_for(patience);
  if (!result) return failed("did not answer in time");
  if (*result) return failed("hung up");
  return decode_reply(answer);
}

}  // namespace ebb::miner
