#include "stratum/server/demo_templates.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ebb::stratum::server {
namespace {

namespace asio = boost::asio;

/// The part that pending callbacks keep alive.
struct DemoState : std::enable_shared_from_this<DemoState> {
  DemoState(const asio::any_io_executor& executor, DemoConfig config)
      : chain(config, read_clocks()), timer(executor) {}

  /// Tells the listener of the template and waits for the next; for callbacks only.
  void publish() {
    if (stopped) return;
    listener.on_template(chain.current());
    if (!stopped) wait();
  }

  void wait() {
    timer.expires_at(chain.next_change());
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error || self->stopped) return;
      if (self->chain.advance(read_clocks())) {
        self->publish();
      } else {
        self->wait();
      }
    });
  }

  DemoChain chain;
  asio::steady_timer timer;
  node::TemplateSource::Listener listener;
  bool stopped = false;
};

class DemoTemplates : public node::TemplateSource {
 public:
  DemoTemplates(asio::any_io_executor executor, DemoConfig config)
      : state_(std::make_shared<DemoState>(std::move(executor), config)) {}
  DemoTemplates(const DemoTemplates&) = delete;
  DemoTemplates& operator=(const DemoTemplates&) = delete;
  ~DemoTemplates() override { stop(); }

  void start(Listener listener) override {
    state_->listener = std::move(listener);
    asio::post(state_->timer.get_executor(), [state = state_] { state->publish(); });
  }

  void submit_block(node::SolvedBlock block, std::function<void(node::BlockResult)> done) override {
    asio::post(state_->timer.get_executor(), [state = state_, block = std::move(block),
                                              done = std::move(done)] {
      if (state->stopped) return;
      const bool accepted = state->chain.accept(block.hash, block.prev_hash, read_clocks());
      done({accepted, accepted ? "accepted" : "stale-prevblk"});
      if (accepted) state->publish();  // moves the timer as well
    });
  }

  void stop() override {
    state_->stopped = true;
    state_->timer.cancel();
  }

 private:
  std::shared_ptr<DemoState> state_;
};

}  // namespace

std::unique_ptr<node::TemplateSource> make_demo_templates(asio::any_io_executor executor,
                                                          DemoConfig config) {
  return std::make_unique<DemoTemplates>(std::move(executor), config);
}

}  // namespace ebb::stratum::server
