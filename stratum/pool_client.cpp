#include "stratum/pool_client.h"

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <random>

#include "stratum/backoff.h"
#include "stratum/line.h"
#include "stratum/share_path.h"
#include "stratum/transport/dial.h"
#include "stratum/transport/reconnect.h"

namespace ebb::stratum {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// Backs off work for a pool that stops reading: its own answers are 64 bytes, a submit is 200.
constexpr std::size_t kMaxUnsentBytes = std::size_t{1} << 20;

constexpr milliseconds kWatchInterval{100};
constexpr std::uint32_t kLongestReconnectWait = 60;
constexpr int kMostConfigureHangUps = 2;

std::string describe(const boost::system::error_code& error) {
  return error == asio::error::eof ? "the pool closed the connection" : error.message();
}

asio::awaitable<void> sleep_for(milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(kNoThrow);
}

}  // namespace

class PoolClient::Impl : public std::enable_shared_from_this<PoolClient::Impl> {
 public:
  Impl(asio::io_context& io, PoolClientConfig config, std::function<void(PoolEvent)> sink)
      : config_(std::move(config)),
        sink_(std::move(sink)),
        executor_(io.get_executor()),
        write_wake_(io),
        random_(std::random_device{}()),
        shares_([this](ShareDropped dropped) { sink_(std::move(dropped)); }),
        payouts_(config_.payout) {}

  void start() {
    asio::co_spawn(executor_, run(),
                   asio::bind_cancellation_slot(
                       cancel_.slot(), [self = shared_from_this()](std::exception_ptr error) {
                         if (error && !self->stopping_) std::rethrow_exception(error);
                       }));
  }

  void submit(core::Share share) {
    shares_.push(std::move(share));
    if (stopping_ && !session_) shares_.give_up();
    pump();
  }

  void suggest_difficulty(double difficulty) {
    config_.suggest_difficulty = difficulty;
    if (!session_ || stopping_) return;
    session_->suggest_difficulty(difficulty);
    pump();
  }

  void stop() {
    if (stopping_) return;
    stopping_ = true;
    drain_until_ = Clock::now() + config_.drain_timeout;
    if (!session_) {
      shares_.give_up();
      cancel_.emit(asio::cancellation_type::terminal);
    } else {
      end_if_drained();
    }
  }

 private:
  struct Destination {
    PoolUrl url;
    milliseconds wait{0};
  };

  asio::awaitable<void> run() {
    Destination destination{config_.url, {}};
    while (!stopping_) {
      if (destination.wait.count() > 0) co_await sleep_for(destination.wait);
      redirect_.reset();
      end_reason_.clear();
      co_await connect_and_serve(destination.url);
      if (stopping_) break;

      if (session_) note_configure();
      const bool proven = session_ && backoff_.is_proven(Clock::now() - connected_at_);
      close_session();
      if (proven) backoff_.succeeded();
      destination = {config_.url, backoff_.next(uniform_(random_))};
      if (redirect_) destination = *redirect_;
      sink_(Disconnected{end_reason_, destination.wait});
    }
    close_session();
    shares_.give_up();
  }

  /// A classic ckpool hangs up on mining.configure. So does whatever stands in front of a pool that
  /// restarts, and rolling is worth too much to be lost by that: the next connection is without it
  /// only after two that ended so in a row, at a server that has never answered it.
  void note_configure() {
    configure_works_ = configure_works_ || session_->configure_answered();
    const bool hung_up = sent_configure_ && !session_->subscribed() && !configure_works_;
    configure_hang_ups_ = hung_up ? configure_hang_ups_ + 1 : 0;
  }

  asio::awaitable<void> connect_and_serve(const PoolUrl& url) {
    sink_(Connecting{url.text()});
    if (!co_await connect(url)) co_return;
    if (!(url.at == last_at_)) {
      shares_.give_up();  // another server has not got our session
      configure_works_ = false;
    }
    last_at_ = url.at;
    sent_configure_ = configure_hang_ups_ < kMostConfigureHangUps;

    SessionConfig session;
    session.user = config_.user;
    session.password = config_.password;
    session.user_agent = config_.user_agent;
    session.pool = config_.pool;
    session.session = ++session_number_;
    session.send_configure = sent_configure_;
    session.suggest_difficulty = config_.suggest_difficulty;
    session.submit_stale = config_.submit_stale;
    session.version_form = shares_.version_form();
    session.resumption = shares_.resumption(Clock::now());
    session_.emplace(std::move(session));
    connected_at_ = last_line_at_ = last_verdict_at_ = Clock::now();
    had_job_ = configure_given_up_ = false;
    early_job_.reset();
    payouts_.connected();
    framer_ = LineFramer();
    unsent_.clear();
    session_->start();
    flush();
    co_await (read_lines() || write_lines() || watch());
  }

  asio::awaitable<bool> connect(const PoolUrl& url) {
    // With a name: GCC 12 destroys an aggregate made inside a co_await twice (its bug 99576).
    DialOptions options{config_.transport, config_.transport.proxy ? config_.proxied_connect_timeout
                                                                   : config_.connect_timeout};
    auto dialled = co_await dial(url, std::move(options));
    if (!dialled) {
      end_reason_ = std::move(dialled.error());
      co_return false;
    }
    stream_ = *std::move(dialled);
    sink_(Connected{stream_->remote()});
    co_return true;
  }

  asio::awaitable<void> read_lines() {
    std::array<char, 16384> buffer;
    for (;;) {
      const auto [error, size] = co_await stream_->read_some(asio::buffer(buffer));
      if (error) {
        end(describe(error));
        co_return;
      }
      LineFramer::Chunk chunk = framer_.push({buffer.data(), size});
      for (std::size_t i = 0; i < chunk.overlong; ++i)
        session_->overlong_line();
      const auto now = Clock::now();
      for (const std::string& line : chunk.lines)
        session_->receive(line, now);
      if (!chunk.lines.empty()) last_line_at_ = now;
      handle_events();
      pump();
      flush();
      if (ended_) co_return;
      end_if_drained();
    }
  }

  asio::awaitable<void> write_lines() {
    for (;;) {
      if (unsent_.empty()) {
        write_wake_.expires_at(Clock::time_point::max());
        co_await write_wake_.async_wait(kNoThrow);
        continue;
      }
      const std::string batch = std::exchange(unsent_, {});
      const auto [error, size] = co_await stream_->write(asio::buffer(batch));
      if (error) {
        end(describe(error));
        co_return;
      }
    }
  }

  /// Everything that happens because nothing happened.
  asio::awaitable<void> watch() {
    for (;;) {
      co_await sleep_for(kWatchInterval);
      const auto now = Clock::now();
      pump();
      if (backoff_.is_proven(now - connected_at_)) reconnects_.proven();
      if (session_->configure_pending() && !configure_given_up_ &&
          now - connected_at_ > config_.configure_timeout) {
        configure_given_up_ = true;
        session_->configure_timed_out();
        handle_events();
        flush();
      }
      if (session_->unanswered_submits() == 0) last_verdict_at_ = now;
      const bool unheard = now - last_verdict_at_ > config_.silence_timeout;
      if (!unheard) shares_.forget(*session_, now - config_.silence_timeout);
      if (!(had_job_ && session_->authorised()) &&
          now - connected_at_ > config_.handshake_timeout) {
        end(had_job_ ? "no answer to the authorisation" : "no work from the pool");
      } else if (now - last_line_at_ > config_.silence_timeout) {
        end("the pool went silent");
      } else if (unheard || (now - last_verdict_at_ > config_.reply_timeout &&
                             now - last_line_at_ > config_.reply_timeout)) {
        end("the pool does not answer submits");
      }
      end_if_drained();
      if (ended_) co_return;
    }
  }

  void handle_events() {
    for (Event& event : session_->take_events()) {
      if (const auto* received = std::get_if<JobReceived>(&event)) {
        had_job_ = true;
        // Until the pool knows the user it cannot know whom to pay, and takes no share.
        if (!session_->authorised()) {
          early_job_ = received->job;
          continue;
        }
        if (!may_mine(*received->job)) continue;
      } else if (const auto* reconnect = std::get_if<ReconnectRequested>(&event)) {
        follow(*reconnect);
      } else if (const auto* failed = std::get_if<SessionFailed>(&event)) {
        end(failed->what);
      } else if (std::holds_alternative<AuthorisationFailed>(event)) {
        // ckpool leaves the line open and never sends work.
        end("the pool refused the user name");
      } else if (std::holds_alternative<Authorised>(event)) {
        sink_(std::move(event));
        const auto job = std::exchange(early_job_, nullptr);
        if (job && may_mine(*job)) sink_(JobReceived{job});
        continue;
      } else if (const auto* subscribed = std::get_if<Subscribed>(&event)) {
        shares_.subscribed(subscribed->resumed);
      } else if (std::holds_alternative<ShareJudged>(event)) {
        last_verdict_at_ = Clock::now();
      }
      sink_(std::move(event));
    }
  }

  /// Leaves a pool whose job pays others.
  bool may_mine(const core::Job& job) {
    if (auto seen = payouts_.look(job, Clock::now())) sink_(*std::move(seen));
    if (!payouts_.must_leave()) return true;
    end(payouts_.last()->unreadable.empty() ? "the coinbase does not pay whom it must"
                                            : "whom the coinbase pays cannot be read");
    return false;
  }

  void follow(const ReconnectRequested& request) {
    const auto to = reconnects_.next(request);
    if (!to) return end(to.error());
    // Pools send this to all their miners at once.
    const milliseconds jitter(static_cast<int>(uniform_(random_) * 1000));
    const milliseconds wait(1000 * std::min(request.wait_s, kLongestReconnectWait));
    redirect_ = {*to, wait + jitter};
    end("the pool asked for a reconnect");
  }

  /// Moves shares from the queue to the wire, as far as the rate allows.
  void pump() {
    if (!session_ || ended_ || unsent_.size() > kMaxUnsentBytes) return;
    shares_.pump(*session_, Clock::now());
    flush();
  }

  void flush() {
    const bool was_empty = unsent_.empty();
    for (const std::string& line : session_->take_output()) {
      unsent_ += line;
      unsent_ += '\n';
    }
    if (was_empty && !unsent_.empty()) write_wake_.cancel();
    if (unsent_.size() > 2 * kMaxUnsentBytes) end("the pool does not read");
  }

  void end_if_drained() {
    if (!stopping_ || ended_) return;
    pump();
    const bool quiet = unsent_.empty() && session_->unanswered_submits() == 0 && shares_.idle();
    if (quiet || Clock::now() >= drain_until_) end("stopped");
  }

  /// Ends the connection: whoever reads, writes or watches notices at its next step.
  void end(std::string reason) {
    if (ended_) return;
    ended_ = true;
    end_reason_ = std::move(reason);
    stream_->close();
  }

  void close_session() {
    if (session_) shares_.lost(*session_, Clock::now());
    session_.reset();
    ended_ = false;
  }

  PoolClientConfig config_;
  std::function<void(PoolEvent)> sink_;
  asio::any_io_executor executor_;
  asio::steady_timer write_wake_;
  asio::cancellation_signal cancel_;
  std::mt19937_64 random_;
  std::uniform_real_distribution<double> uniform_{0, 1};

  Backoff backoff_{config_.backoff};
  Reconnects reconnects_{config_.url, config_.transport.follow_reconnect};
  SharePath shares_;
  PayoutWatch payouts_;
  HostPort last_at_;  ///< of the last connection
  std::optional<Destination> redirect_;
  int configure_hang_ups_ = 0;    ///< in a row
  bool configure_works_ = false;  ///< the server at last_at_ has answered it
  bool stopping_ = false;
  Clock::time_point drain_until_{};

  // Of the current connection.
  std::unique_ptr<Stream> stream_;
  std::uint64_t session_number_ = 0;
  std::optional<Session> session_;
  LineFramer framer_;
  std::string unsent_;
  std::string end_reason_;
  bool ended_ = false;
  bool had_job_ = false;
  core::JobPtr early_job_;  ///< that came before the authorisation
  bool sent_configure_ = true;
  bool configure_given_up_ = false;
  Clock::time_point connected_at_{}, last_line_at_{}, last_verdict_at_{};
};

PoolClient::PoolClient(asio::io_context& io, PoolClientConfig config,
                       std::function<void(PoolEvent)> sink)
    : impl_(std::make_shared<Impl>(io, std::move(config), std::move(sink))) {}

PoolClient::~PoolClient() = default;

void PoolClient::start() {
  impl_->start();
}

void PoolClient::suggest_difficulty(double difficulty) {
  impl_->suggest_difficulty(difficulty);
}

void PoolClient::submit(core::Share share) {
  impl_->submit(std::move(share));
}

void PoolClient::stop() {
  impl_->stop();
}

}  // namespace ebb::stratum
