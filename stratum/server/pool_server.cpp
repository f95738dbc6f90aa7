#include "stratum/server/pool_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cmath>
#include <sstream>

#include "stratum/node/block.h"
#include "stratum/node/block_queue.h"
#include "stratum/server/client_connection.h"

namespace ebb::stratum::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kExtranonce1Size = 4;
constexpr std::size_t kMaxScriptBytes = 10'000;  // consensus limit; longer ones can't be spent
constexpr std::chrono::milliseconds kTick{500};
constexpr std::chrono::milliseconds kAcceptPause{100};

std::optional<std::string> fault_in(const PoolServerConfig& config) {
  if (!std::isfinite(config.difficulty) || config.difficulty <= 0)
    return "the difficulty must be a number above 0";
  if (config.vardiff) {
    const VardiffConfig& vardiff = *config.vardiff;
    if (!(vardiff.target_interval.count() > 0)) return "vardiff's interval must be above 0";
    if (!(vardiff.min_difficulty > 0 && vardiff.min_difficulty <= vardiff.max_difficulty &&
          std::isfinite(vardiff.max_difficulty)))
      return "vardiff's bounds must be above 0, the lower one first";
  }
  if (config.extranonce2_size > kMaxExtranonce2)
    return "extranonce2 must have at most " + std::to_string(kMaxExtranonce2) + " bytes";
  if ((config.version_mask & ~kVersionBits) != 0)
    return "the version mask must stay within " + core::to_hex(kVersionBits);
  if (config.payout_script.empty() || config.payout_script.size() > kMaxScriptBytes)
    return "the payout script must have 1 to " + std::to_string(kMaxScriptBytes) + " bytes";
  return std::nullopt;
}

std::string short_number(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;  // clang 14 does not deduce this for aggregates

}  // namespace

struct PoolServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::any_io_executor io_executor, PoolServerConfig pool_config,
       std::unique_ptr<node::TemplateSource> template_source)
      : executor(std::move(io_executor)),
        config(std::move(pool_config)),
        source(std::move(template_source)),
        acceptor(executor),
        accept_pause(executor),
        ticker(executor),
        blocks(*source, [this](const node::SolvedBlock& block, const node::BlockResult& result) {
          on_block_result(block, result);
        }) {}

  tl::expected<PoolEndpoint, std::string> listen();
  void start_source();
  void stop();

  static asio::awaitable<void> accept_loop(std::shared_ptr<Impl> self);
  static asio::awaitable<void> tick_loop(std::shared_ptr<Impl> self);
  void add_client(tcp::socket socket);
  template <class F>
  void for_each_client(F&& f);

  void on_template(node::BlockTemplatePtr block_template);
  void on_client_event(ClientConnection& client, ClientEvent event);
  void on_block_solved(ClientConnection& client, const JudgedShare& share);
  void on_block_result(const node::SolvedBlock& block, const node::BlockResult& result);
  void log(PoolEvent::Level level, std::string text) {
    if (config.on_event) config.on_event({level, std::move(text)});
  }

  asio::any_io_executor executor;
  PoolServerConfig config;
  std::unique_ptr<node::TemplateSource> source;
  tcp::acceptor acceptor;
  asio::steady_timer accept_pause;
  asio::steady_timer ticker;
  node::BlockQueue blocks;
  std::map<std::uint64_t, std::shared_ptr<ClientConnection>> clients;
  std::uint64_t next_client = 1;
  PoolJobPtr job;
  PoolStatistics statistics;
  bool stopped = false;
};

tl::expected<PoolEndpoint, std::string> PoolServer::Impl::listen() {
  if (const auto fault = fault_in(config)) return tl::unexpected(*fault);
  error_code error;
  const auto address = asio::ip::make_address(config.address, error);
  if (error) return tl::unexpected("'" + config.address + "' is not an IP address");
  const tcp::endpoint endpoint(address, config.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  const tcp::endpoint bound = error ? endpoint : acceptor.local_endpoint(error);
  if (error)
    return tl::unexpected("listening on " + config.address + ':' + std::to_string(config.port) +
                          ": " + error.message());

  asio::co_spawn(executor, accept_loop(shared_from_this()), asio::detached);
  asio::co_spawn(executor, tick_loop(shared_from_this()), asio::detached);
  start_source();
  return PoolEndpoint{bound.address().to_string(), bound.port()};
}

void PoolServer::Impl::start_source() {
  source->start({
      .on_template =
          [this](node::BlockTemplatePtr block_template) { on_template(std::move(block_template)); },
      .on_event = [this](PoolEvent event) { log(event.level, std::move(event.text)); },
  });
}

void PoolServer::Impl::stop() {
  if (std::exchange(stopped, true)) return;
  source->stop();
  error_code ignored;
  acceptor.close(ignored);
  accept_pause.cancel();
  ticker.cancel();
  for (const auto& [number, client] : std::exchange(clients, {}))
    client->close();
}

asio::awaitable<void> PoolServer::Impl::accept_loop(std::shared_ptr<Impl> self) {
  while (!self->stopped) {
    auto [error, socket] = co_await self->acceptor.async_accept(kAwait);
    if (self->stopped) break;
    if (!error) {
      self->add_client(std::move(socket));
      continue;
    }
    // Out of file descriptors, or a client that was gone before it was here.
    self->log(PoolEvent::Level::warning, "accepting a client: " + error.message());
    self->accept_pause.expires_after(kAcceptPause);
    co_await self->accept_pause.async_wait(kAwait);
  }
}

asio::awaitable<void> PoolServer::Impl::tick_loop(std::shared_ptr<Impl> self) {
  while (!self->stopped) {
    self->ticker.expires_after(kTick);
    co_await self->ticker.async_wait(kAwait);
    if (!self->stopped) self->for_each_client([](ClientConnection& client) { client.tick(); });
  }
}

void PoolServer::Impl::add_client(tcp::socket socket) {
  if (clients.size() >= config.max_clients) {
    log(PoolEvent::Level::warning,
        "a client was turned away: there are " + std::to_string(clients.size()) + " already");
    return;  // closes the socket
  }
  const std::uint64_t number = next_client++;
  ServerSessionConfig session;
  session.extranonce1.resize(kExtranonce1Size);
  core::store_be32(session.extranonce1.data(), static_cast<std::uint32_t>(number));
  session.extranonce2_size = config.extranonce2_size;
  session.version_mask = config.version_mask;
  session.difficulty = config.difficulty;
  session.vardiff = config.vardiff;
  const auto client = std::make_shared<ClientConnection>(
      std::move(socket), number, std::move(session),
      ConnectionLimits{config.max_queue_bytes, config.idle_timeout},
      ClientConnection::Listener{
          .on_event = [this](ClientConnection& from,
                             ClientEvent event) { on_client_event(from, std::move(event)); },
          .on_closed =
              [this](ClientConnection& from, const std::string& why) {
                log(PoolEvent::Level::info, from.peer() + " is gone: " + why);
                clients.erase(from.number());
              },
      });
  clients.emplace(number, client);
  ++statistics.connections;
  log(PoolEvent::Level::debug, client->peer() + " is here");
  client->start();
  if (job) client->set_job(job, true);
}

/// A client may drop out while it is being visited, but no other one.
template <class F>
void PoolServer::Impl::for_each_client(F&& f) {
  for (auto next = clients.begin(); next != clients.end();) {
    const std::shared_ptr<ClientConnection> client = next->second;
    ++next;
    f(*client);
  }
}

void PoolServer::Impl::on_template(node::BlockTemplatePtr block_template) {
  const bool clean = !job || job->block_template->prev_hash != block_template->prev_hash;
  auto next = make_pool_job(std::move(block_template), kExtranonce1Size + config.extranonce2_size,
                            config.payout_script);
  if (!next) return log(PoolEvent::Level::warning, next.error());
  job = std::move(*next);
  ++statistics.jobs;
  if (clean)
    log(PoolEvent::Level::info, "working on block " + std::to_string(job->block_template->height) +
                                    " after " + job->block_template->prev_hash.to_display_hex());
  for_each_client([&](ClientConnection& client) { client.set_job(job, clean); });
}

void PoolServer::Impl::on_client_event(ClientConnection& client, ClientEvent event) {
  const auto report = [&](PoolEvent::Level level, const std::string& text) {
    log(level, client.peer() + ' ' + text);
  };
  using Level = PoolEvent::Level;
  std::visit(Overloaded{
                 [&](const ClientAuthorised& e) {
                   report(Level::info,
                          "works as " + e.user + (e.agent.empty() ? "" : " with " + e.agent));
                 },
                 [&](const ShareAccepted& e) {
                   ++statistics.accepted;
                   statistics.accepted_difficulty += e.difficulty;
                 },
                 [&](const ShareRefused& e) {
                   ++statistics.rejected[e.refusal.reason];
                   report(Level::debug, "share refused: " + std::string(e.refusal.text));
                 },
                 [&](const BlockSolved& e) { on_block_solved(client, e.share); },
                 [&](const DifficultySet& e) {
                   report(Level::debug, "now has difficulty " + short_number(e.difficulty));
                 },
                 [&](const BadLine& e) {
                   ++statistics.bad_lines;
                   report(Level::debug, "sent a bad line: " + e.what);
                 },
             },
             event);
}

void PoolServer::Impl::on_block_solved(ClientConnection& client, const JudgedShare& share) {
  const node::BlockTemplate& block_template = *share.job->block_template;
  if (!blocks.wants(block_template.prev_hash)) return;
  log(PoolEvent::Level::info, client.peer() + " SOLVED BLOCK " +
                                  std::to_string(block_template.height) + ' ' +
                                  share.hash.to_display_hex());
  blocks.add({share.hash, block_template.prev_hash, block_template.height,
              node::serialize_block(share.header, share.coinbase, block_template)});
}

void PoolServer::Impl::on_block_result(const node::SolvedBlock& block,
                                       const node::BlockResult& result) {
  log(result.accepted ? PoolEvent::Level::info : PoolEvent::Level::warning,
      "block " + std::to_string(block.height) + ' ' + block.hash.to_display_hex() + ": " +
          result.text);
  if (result.accepted) ++statistics.blocks_accepted;
  if (statistics.blocks.size() == PoolStatistics::kMaxBlocks)
    statistics.blocks.erase(statistics.blocks.begin());
  statistics.blocks.push_back(
      {block.height, block.hash.to_display_hex(), result.accepted, result.text});
}

PoolServer::PoolServer(asio::any_io_executor executor, PoolServerConfig config,
                       std::unique_ptr<node::TemplateSource> source)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(config), std::move(source))) {}

PoolServer::~PoolServer() {
  stop();
  // Coroutines may keep the rest alive until the execution context dies; the source's thread must
  // be gone by then.
  impl_->source.reset();
}

tl::expected<PoolEndpoint, std::string> PoolServer::start() {
  return impl_->listen();
}

void PoolServer::stop() {
  impl_->stop();
}

PoolStatistics PoolServer::statistics() const {
  PoolStatistics statistics = impl_->statistics;
  statistics.clients = impl_->clients.size();
  return statistics;
}

}  // namespace ebb::stratum::server
