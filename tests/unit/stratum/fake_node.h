#pragma once
// A make-believe node.

#include <boost/asio.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ebb::stratum::node {

inline constexpr std::chrono::seconds kPatience{120};  ///< for anything that should happen at once

/// An HTTP server as simple as a node's, on a thread of its own.
class FakeNode {
 public:
  /// Gets the request, returns the whole HTTP answer. Called on the node's thread.
  using Answer = std::function<std::string(const std::string& head, const boost::json::object&)>;

  explicit FakeNode(Answer answer, std::uint16_t port = 0)
      : acceptor_(io_, {boost::asio::ip::address_v4::loopback(), port}),
        answer_(std::move(answer)) {
    accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~FakeNode() {
    io_.stop();
    thread_.join();
  }

  /// An answer that comes later, with release().
  static constexpr const char* kHold = "hold";

  /// Answers what is held, or of that only calls of one method.
  void release(const std::string& answer, const std::string& method = "") {
    boost::asio::post(io_, [this, answer, method] {
      for (Held& held : std::exchange(held_, {})) {
        if (method.empty() || method == held.method) {
          reply(held.connection, answer);
        } else {
          held_.push_back(std::move(held));
        }
      }
    });
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  std::string url(const std::string& credentials = "") const {
    return "http://" + credentials + "127.0.0.1:" + std::to_string(port()) + "/";
  }

  static std::string http(const std::string& body, const std::string& status = "200 OK") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  static std::string result(const boost::json::value& value) {
    return http(boost::json::serialize(
        boost::json::object{{"result", value}, {"error", nullptr}, {"id", 1}}));
  }

 private:
  struct Connection {
    explicit Connection(boost::asio::ip::tcp::socket s) : socket(std::move(s)) {}
    boost::asio::ip::tcp::socket socket;
    std::string buffer;
    std::string reply;
  };

  struct Held {
    std::string method;
    std::shared_ptr<Connection> connection;
  };

  void accept() {
    acceptor_.async_accept(
        [this](boost::system::error_code error, boost::asio::ip::tcp::socket socket) {
          if (error) return;
          read(std::make_shared<Connection>(std::move(socket)));
          accept();
        });
  }

  void read(std::shared_ptr<Connection> c) {
    boost::asio::async_read_until(
        c->socket, boost::asio::dynamic_buffer(c->buffer), "\r\n\r\n",
        [this, c](boost::system::error_code error, std::size_t head_size) {
          if (error) return;
          const std::string head = c->buffer.substr(0, head_size);
          const std::size_t at_length = head.find("Content-Length: ");
          const std::size_t length = std::stoul(head.substr(at_length + 16));
          const std::size_t missing = head_size + length - c->buffer.size();
          boost::asio::async_read(
              c->socket, boost::asio::dynamic_buffer(c->buffer),
              boost::asio::transfer_exactly(missing),
              [this, c, head, length](boost::system::error_code body_error, std::size_t) {
                if (body_error) return;
                const std::string body = c->buffer.substr(head.size(), length);
                c->buffer.clear();
                const boost::json::object request = boost::json::parse(body).as_object();
                std::string answer = answer_(head, request);
                if (answer == kHold) {
                  held_.push_back({request.at("method").as_string().c_str(), c});
                } else {
                  reply(c, std::move(answer));
                }
              });
        });
  }

  void reply(const std::shared_ptr<Connection>& c, std::string answer) {
    c->reply = std::move(answer);
    boost::asio::async_write(c->socket, boost::asio::buffer(c->reply),
                             [this, c](boost::system::error_code e, std::size_t) {
                               if (!e) read(c);
                             });
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Answer answer_;
  std::vector<Held> held_;
  std::thread thread_;
};

}  // namespace ebb::stratum::node
