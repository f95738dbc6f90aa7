#include "sources/nut/nut_client.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <utility>

#include "sources/nut/nut_protocol.h"

namespace ebb::sources {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kStopCheck{50};

}  // namespace

NutClient::NutClient(UpsAddress address, std::string user, std::string password,
                     milliseconds patience)
    : address_(std::move(address)),
      user_(std::move(user)),
      password_(std::move(password)),
      patience_(patience) {}

/// Runs what `begin` starts until it is done. When it takes too long the connection is given up.
NutClient::Failure NutClient::wait(const std::function<void(Done)>& begin,
                                   const std::stop_token& stop) {
  std::optional<Failure> done;
  begin([&done](const Failure& failure) { done = failure; });
  const auto end = steady_clock::now() + patience_;
  io_.restart();
  while (!done && !stop.stop_requested() && steady_clock::now() < end)
    io_.run_one_for(kStopCheck);
  if (done) return *done;
  Failure ignored;
  socket_.close(ignored);
  io_.restart();
  io_.run();  // what was cut short still refers to this call
  return asio::error::timed_out;
}

std::string NutClient::no_answer(const Failure& failure) {
  Failure ignored;
  socket_.close(ignored);
  return "no answer: " + failure.message();
}

tl::expected<void, std::string> NutClient::connect(const std::stop_token& stop) {
  received_.clear();
  Failure failure;
  asio::ip::tcp::resolver resolver(io_);
  const auto endpoints = resolver.resolve(address_.host, std::to_string(address_.port), failure);
  if (!failure) {
    failure = wait(
        [&](Done done) {
          asio::async_connect(
              socket_, endpoints,
              [done = std::move(done)](const Failure& it, const auto&) { done(it); });
        },
        stop);
  }
  if (failure) return tl::unexpected(no_answer(failure));
  return user_.empty() ? tl::expected<void, std::string>() : log_in(stop);
}

tl::expected<void, std::string> NutClient::log_in(const std::stop_token& stop) {
  for (const auto& [command, word] :
       {std::pair<const char*, const std::string&>{"USERNAME ", user_}, {"PASSWORD ", password_}}) {
    const auto answer = ask(command + nut_quoted(word), stop);
    if (!answer) return tl::unexpected(answer.error());
    if (auto ok = parse_nut_ok(*answer); !ok) {
      Failure ignored;
      socket_.close(ignored);
      return ok;
    }
  }
  return {};
}

/// The line that answers.
tl::expected<std::string, std::string> NutClient::ask(std::string command,
                                                      const std::stop_token& stop) {
  command += '\n';
  Failure failure = wait(
      [&](Done done) {
        asio::async_write(socket_, asio::buffer(command),
                          [done = std::move(done)](const Failure& it, std::size_t) { done(it); });
      },
      stop);
  std::size_t length = 0;
  if (!failure) {
    failure = wait(
        [&](Done done) {
          asio::async_read_until(
              socket_, asio::dynamic_buffer(received_, kMaxNutLine), '\n',
              [&length, done = std::move(done)](const Failure& it, std::size_t size) {
                length = size;
                done(it);
              });
        },
        stop);
  }
  if (failure) return tl::unexpected(no_answer(failure));
  std::string line = received_.substr(0, length);
  received_.erase(0, length);
  return line;
}

tl::expected<std::string, std::string> NutClient::value(std::string_view variable,
                                                        const std::stop_token& stop) {
  if (!connected()) {
    if (auto done = connect(stop); !done) return tl::unexpected(done.error());
  }
  const auto answer = ask("GET VAR " + address_.ups + ' ' + std::string(variable), stop);
  if (!answer) return tl::unexpected(answer.error());
  return parse_nut_value(*answer, address_.ups, variable);
}

}  // namespace ebb::sources
