#include "sources/modbus/modbus_connection.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/unit/catch.h"

using namespace ebb::sources;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;
using Bytes = std::vector<std::uint8_t>;

const std::stop_token kNoStop;

/// Answers each request by bytes of the test's making, one connection after the other.
class RawServer {
 public:
  /// What to send; nothing: hang up.
  using Answer = std::function<std::optional<Bytes>(const Bytes& request)>;

  explicit RawServer(Answer answer, std::chrono::milliseconds between_bytes = 0ms)
      : answer_(std::move(answer)), between_bytes_(between_bytes) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, generic, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, generic, &size) != 0) {
      throw std::runtime_error("no server socket");
    }
    settings.host = "127.0.0.1";
    settings.port = ntohs(address.sin_port);
    settings.timeout = 300ms;
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~RawServer() {
    thread_ = {};
    ::close(socket_);
  }

  ModbusSettings settings;
  std::atomic<int> connections = 0;

 private:
  static bool readable(int fd) {
    pollfd waited{fd, POLLIN, 0};
    return ::poll(&waited, 1, 5) > 0;
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!readable(socket_)) continue;
      const int client = ::accept(socket_, nullptr, nullptr);
      ++connections;
      serve(client, stop);
      ::close(client);
    }
  }

  void serve(int client, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (!readable(client)) continue;
      Bytes request(300);
      const auto got = ::recv(client, request.data(), request.size(), 0);
      if (got <= 0) return;
      request.resize(static_cast<std::size_t>(got));
      const auto answer = answer_(request);
      if (!answer) return;
      for (const std::uint8_t byte : *answer) {
        if (stop.stop_requested() || ::send(client, &byte, 1, MSG_NOSIGNAL) != 1) return;
        if (between_bytes_ > 0ms) std::this_thread::sleep_for(between_bytes_);
      }
    }
  }

  Answer answer_;
  std::chrono::milliseconds between_bytes_;
  int socket_ = -1;
  std::jthread thread_;
};

/// A right answer: the registers count up from the first one's address.
Bytes counting(const Bytes& request) {
  const int count = request[10] << 8 | request[11];
  int value = request[8] << 8 | request[9];
  Bytes answer{request[0], request[1], 0, 0, 0, 0, request[6], request[7]};
  answer.push_back(static_cast<std::uint8_t>(2 * count));
  for (int i = 0; i < count; ++i, ++value) {
    answer.push_back(static_cast<std::uint8_t>(value >> 8));
    answer.push_back(static_cast<std::uint8_t>(value));
  }
  answer[5] = static_cast<std::uint8_t>(answer.size() - 6);
  return answer;
}

tl::expected<std::uint16_t, ModbusFault> ask(ModbusConnection& connection,
                                             const std::stop_token& stop = kNoStop) {
  std::uint16_t words[4]{};
  const auto done = connection.read_registers(ModbusTable::holding, 40000, words, stop);
  if (!done) return tl::unexpected(done.error());
  return words[3];
}

}  // namespace

TEST_CASE("Modbus: registers and inputs over one connection") {
  std::atomic<int> unit = 0, function = 0;
  RawServer server([&](const Bytes& request) -> std::optional<Bytes> {
    unit = request[6];
    function = request[7];
    if (function != 2) return counting(request);
    return Bytes{request[0], request[1], 0, 0, 0, 4, request[6], 2, 1, 0b101};
  });
  server.settings.unit = 7;
  ModbusConnection connection(server.settings);
  CHECK(ask(connection) == 40003);
  CHECK(unit == 7);
  CHECK(function == 3);
  std::uint16_t word[1]{};
  CHECK(connection.read_registers(ModbusTable::input, 5, word, kNoStop));
  CHECK(word[0] == 5);
  CHECK(function == 4);
  std::uint8_t bits[3]{};
  CHECK(connection.read_inputs(0, bits, kNoStop));
  CHECK((bits[0] == 1 && bits[1] == 0 && bits[2] == 1));
  CHECK(server.connections == 1);
}

TEST_CASE("Modbus: a refusal keeps the connection, which is right again at once") {
  std::atomic<bool> refuse = true;
  RawServer server([&](const Bytes& request) -> std::optional<Bytes> {
    if (!refuse) return counting(request);
    return Bytes{request[0], request[1], 0, 0, 0, 3, request[6], 0x83, 2};
  });
  ModbusConnection connection(server.settings);
  const auto refused = ask(connection);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().refused);
  CHECK(refused.error().text == "Illegal data address");
  refuse = false;
  CHECK(ask(connection) == 40003);
  CHECK(server.connections == 1);
}

TEST_CASE("Modbus: garbage is a fault, and the next question goes over a new connection") {
  const std::pair<const char*, std::function<std::optional<Bytes>(const Bytes&)>> garbage[]{
      {"another transaction",
       [](const Bytes& request) {
         Bytes answer = counting(request);
         ++answer[1];
         return std::optional(answer);
       }},
      {"another function",
       [](const Bytes& request) {
         Bytes answer = counting(request);
         answer[7] = 4;
         return std::optional(answer);
       }},
      {"fewer registers",
       [](const Bytes& request) {
         Bytes fewer = request;
         fewer[11] = 1;
         return std::optional(counting(fewer));
       }},
      {"more registers",
       [](const Bytes& request) {
         Bytes more = request;
         more[11] = 100;
         return std::optional(counting(more));
       }},
      {"noise", [](const Bytes&) { return std::optional(Bytes(600, 0xff)); }},
      {"another protocol",
       [](const Bytes&) {
         const std::string_view text = "HTTP/1.1 400 Bad Request\r\n\r\n";
         return std::optional(Bytes(text.begin(), text.end()));
       }},
      {"a hang-up", [](const Bytes&) { return std::optional<Bytes>(); }}};
  for (const auto& [name, answer] : garbage) {
    INFO(name);
    std::atomic<bool> broken = true;
    RawServer server([&, wrong = answer](const Bytes& request) {
      return broken ? wrong(request) : counting(request);
    });
    ModbusConnection connection(server.settings);
    const auto fault = ask(connection);
    REQUIRE_FALSE(fault);
    CHECK_FALSE(fault.error().refused);
    CHECK_FALSE(fault.error().text.empty());
    broken = false;
    CHECK(ask(connection) == 40003);
    CHECK(server.connections == 2);
  }
}

TEST_CASE("Modbus: a server that hangs, or drips, is given up after one time limit") {
  const bool drips = GENERATE(false, true);
  RawServer server([&](const Bytes& request) { return drips ? counting(request) : Bytes(); },
                   drips ? 100ms : 0ms);
  ModbusConnection connection(server.settings);
  const auto began = Clock::now();
  const auto fault = ask(connection);
  REQUIRE_FALSE(fault);
  CHECK_FALSE(fault.error().refused);
  // Byte by byte the whole would take 1.7 s.
  CHECK(Clock::now() - began >= 290ms);
  CHECK(Clock::now() - began < 1400ms);
}

TEST_CASE("Modbus: a stop request ends a wait") {
  std::atomic<bool> asked = false;
  RawServer server([&](const Bytes&) {
    asked = true;
    return Bytes();
  });
  server.settings.timeout = 10s;
  ModbusConnection connection(server.settings);
  std::stop_source stop;
  std::jthread stopping([&] {
    while (!asked)
      std::this_thread::sleep_for(1ms);
    stop.request_stop();
  });
  const auto began = Clock::now();
  CHECK_FALSE(ask(connection, stop.get_token()));
  CHECK(Clock::now() - began < 5s);
}

TEST_CASE("Modbus: nobody there is a fault") {
  ModbusSettings settings;
  {
    RawServer gone(counting);
    settings = gone.settings;
  }
  ModbusConnection refused(settings);
  CHECK(ask(refused).error().text == "cannot connect: Connection refused");
  settings.host = "no-such-host.invalid";
  ModbusConnection nameless(settings);
  const auto began = Clock::now();
  const auto fault = ask(nameless);
  REQUIRE_FALSE(fault);
  CHECK(fault.error().text.starts_with("cannot connect: "));
  CHECK(Clock::now() - began < 5s);
}
