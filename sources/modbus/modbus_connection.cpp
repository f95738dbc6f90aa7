#include "sources/modbus/modbus_connection.h"

#include <modbus/modbus.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <thread>
#include <utility>

namespace ebb::sources {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSlice{50};  // from one look at the stop request to the next

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

std::string why(int error) {
  return std::strerror(error);
}

using Found = tl::expected<Addresses, std::string>;

Found look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) return tl::unexpected<std::string>(::gai_strerror(error));
  return Addresses(list);
}

Found resolve(const ModbusSettings& settings, Clock::time_point until,
              const std::stop_token& stop) {
  if (auto numeric = look_up(settings.host, settings.port, AI_NUMERICHOST)) return numeric;
  // Nothing ends a getaddrinfo() whose name server is silent: its thread is left behind with what
  // it uses, and ends by itself. (Threads of getaddrinfo_a() crash under ThreadSanitizer.)
  std::packaged_task<Found()> task(
      [host = settings.host, port = settings.port] { return look_up(host, port, 0); });
  std::future<Found> found = task.get_future();
  std::thread(std::move(task)).detach();
  while (found.wait_for(kSlice) != std::future_status::ready) {
    if (stop.stop_requested() || Clock::now() >= until) {
      return tl::unexpected<std::string>("no answer from the name server");
    }
  }
  return found.get();
}

/// 0, or what is wrong.
int wait_until_connected(int socket, Clock::time_point until, const std::stop_token& stop) {
  while (!stop.stop_requested() && Clock::now() < until) {
    pollfd waited{socket, POLLOUT, 0};
    if (::poll(&waited, 1, static_cast<int>(kSlice.count())) <= 0) continue;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  }
  return ETIMEDOUT;
}

tl::expected<int, std::string> open_socket(const ModbusSettings& settings,
                                           const std::stop_token& stop) {
  const auto until = Clock::now() + settings.timeout;
  const auto addresses = resolve(settings, until, stop);
  if (!addresses) return tl::unexpected(addresses.error());
  int error = EADDRNOTAVAIL;
  for (const addrinfo* it = addresses->get(); it != nullptr; it = it->ai_next) {
    const int fd =
        ::socket(it->ai_family, it->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, it->ai_protocol);
    if (fd < 0) {
      error = errno;
      continue;
    }
    error = ::connect(fd, it->ai_addr, it->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) error = wait_until_connected(fd, until, stop);
    if (error == 0) {
      const int yes = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      return fd;
    }
    ::close(fd);
  }
  return tl::unexpected(why(error));
}

bool is_refusal(int error) {
  return error >= EMBXILFUN && error <= EMBXGTAR;
}

struct FreeContext {
  void operator()(modbus_t* context) const { ::modbus_free(context); }
};

}  // namespace

struct ModbusConnection::Impl {
  ModbusSettings settings;
  std::unique_ptr<modbus_t, FreeContext> context;
  int socket = -1;

  void close() {
    if (socket < 0) return;
    ::modbus_close(context.get());
    socket = -1;
  }

  tl::expected<void, ModbusFault> connect(const std::stop_token& stop) {
    if (socket >= 0) return {};
    if (!context) {
      // The address counts for modbus_connect() alone, which nothing interrupts.
      context.reset(::modbus_new_tcp("127.0.0.1", settings.port));
      if (!context) return tl::unexpected(ModbusFault{"libmodbus: " + why(errno)});
      const auto seconds = std::chrono::floor<std::chrono::seconds>(settings.timeout);
      const std::chrono::microseconds rest = settings.timeout - seconds;
      ::modbus_set_response_timeout(context.get(), static_cast<std::uint32_t>(seconds.count()),
                                    static_cast<std::uint32_t>(rest.count()));
      // None between two bytes: the response's own counts for the whole of it.
      ::modbus_set_byte_timeout(context.get(), 0, 0);
      ::modbus_set_slave(context.get(), settings.unit);
    }
    const auto opened = open_socket(settings, stop);
    if (!opened) return tl::unexpected(ModbusFault{"cannot connect: " + opened.error()});
    socket = *opened;
    ::modbus_set_socket(context.get(), socket);
    return {};
  }

  template <class Ask>
  tl::expected<void, ModbusFault> ask(int wanted, const std::stop_token& stop, Ask&& question) {
    if (auto connected = connect(stop); !connected) return connected;
    int got = 0;
    int error = 0;
    {
      const std::stop_callback end(stop, [this] { ::shutdown(socket, SHUT_RDWR); });
      got = std::forward<Ask>(question)(context.get());
      error = errno;
    }
    if (got == wanted) return {};
    const bool refused = got < 0 && is_refusal(error);
    if (!refused) close();
    const std::string text = got < 0 ? ::modbus_strerror(error) : "an answer of another size";
    return tl::unexpected(ModbusFault{text, refused});
  }
};

ModbusConnection::ModbusConnection(ModbusSettings settings) : impl_(std::make_unique<Impl>()) {
  impl_->settings = std::move(settings);
}

ModbusConnection::~ModbusConnection() {
  impl_->close();
}

tl::expected<void, ModbusFault> ModbusConnection::read_registers(ModbusTable table, int first,
                                                                 std::span<std::uint16_t> words,
                                                                 const std::stop_token& stop) {
  const int count = static_cast<int>(words.size());
  return impl_->ask(count, stop, [&](modbus_t* context) {
    return table == ModbusTable::holding
               ? ::modbus_read_registers(context, first, count, words.data())
               : ::modbus_read_input_registers(context, first, count, words.data());
  });
}

tl::expected<void, ModbusFault> ModbusConnection::read_inputs(int first,
                                                              std::span<std::uint8_t> bits,
                                                              const std::stop_token& stop) {
  const int count = static_cast<int>(bits.size());
  return impl_->ask(count, stop, [&](modbus_t* context) {
    return ::modbus_read_input_bits(context, first, count, bits.data());
  });
}

}  // namespace ebb::sources
