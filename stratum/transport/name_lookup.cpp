#include "stratum/transport/name_lookup.h"

#include <netdb.h>

#include <boost/asio.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace ebb::stratum {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Found = tl::expected<Endpoints, std::string>;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

Found ask_system(const HostPort& at, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(at.host.c_str(), nullptr, &hints, &list);
  if (error != 0) {
    return tl::unexpected("cannot resolve " + at.host + ": " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
  Endpoints found;
  for (const addrinfo* it = list; it != nullptr; it = it->ai_next) {
    tcp::endpoint endpoint;
    if (it->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), it->ai_addr, it->ai_addrlen);
    endpoint.resize(it->ai_addrlen);
    endpoint.port(at.port);
    found.push_back(endpoint);
  }
  return found;
}

/// What the coroutine and the thread share. The thread may outlive the io_context: it touches
/// `wake`, and what belongs to it, only while the coroutine is there.
struct Question {
  std::mutex mutex;
  asio::steady_timer* wake = nullptr;
  std::optional<Found> answer;
};

void answer(const std::shared_ptr<Question>& question, const HostPort& at) {
  Found found = ask_system(at, 0);
  const std::lock_guard lock(question->mutex);
  if (question->wake == nullptr) return;
  question->answer = std::move(found);
  asio::post(question->wake->get_executor(), [question] {
    const std::lock_guard posted_lock(question->mutex);
    if (question->wake != nullptr) question->wake->cancel();
  });
}

class Waits {
 public:
  Waits(Question& question, asio::steady_timer& wake) : question_(question) {
    question_.wake = &wake;
  }
  ~Waits() {
    const std::lock_guard lock(question_.mutex);
    question_.wake = nullptr;
  }
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

 private:
  Question& question_;
};

}  // namespace

asio::awaitable<Found> look_up(HostPort at) {
  Found numeric = ask_system(at, AI_NUMERICHOST);
  if (numeric) co_return numeric;
  asio::steady_timer wake(co_await asio::this_coro::executor, Clock::time_point::max());
  const auto question = std::make_shared<Question>();
  const Waits waits(*question, wake);
  std::thread([question, at] { answer(question, at); }).detach();
  co_await wake.async_wait(kNoThrow);
  const std::lock_guard lock(question->mutex);
  co_return question->answer ? *std::move(question->answer)
                             : Found(tl::unexpected<std::string>("the look-up was ended"));
}

}  // namespace ebb::stratum
