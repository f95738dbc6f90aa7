#pragma once
// A connection to upsd.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "sources/nut/ups_address.h"

namespace ebb::sources {

/// Of libnutclient's reads none ends when the server hangs, so the few words are spoken here. One
/// thread.
class NutClient {
 public:
  /// Without a user nobody is logged in. `patience`: of each step.
  NutClient(UpsAddress address, std::string user, std::string password,
            std::chrono::milliseconds patience = std::chrono::seconds(1));

  /// Connects first where there is no connection. The error is what is wrong, as one line without
  /// secrets; a stop request ends it at once.
  tl::expected<std::string, std::string> value(std::string_view variable,
                                               const std::stop_token& stop);
  bool connected() const { return socket_.is_open(); }

 private:
  using Failure = boost::system::error_code;
  using Done = std::function<void(const Failure& failure)>;

  tl::expected<void, std::string> connect(const std::stop_token& stop);
  tl::expected<void, std::string> log_in(const std::stop_token& stop);
  tl::expected<std::string, std::string> ask(std::string command, const std::stop_token& stop);
  Failure wait(const std::function<void(Done)>& begin, const std::stop_token& stop);
  std::string no_answer(const Failure& failure);

  UpsAddress address_;
  std::string user_, password_;
  std::chrono::milliseconds patience_;
  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::socket socket_{io_};
  std::string received_;
};

}  // namespace ebb::sources
