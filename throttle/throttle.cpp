#include "throttle/throttle.h"

#include <boost/json.hpp>

#include "throttle/policy_state.h"
#include "throttle/saved_fields.h"

namespace ebb::throttle {

struct Throttle::Impl {
  PolicySettings settings;
  SignalBook book;
  std::vector<Signal> signals;  ///< the book's
  std::optional<Override> override;
  Evaluation latest;

  void book_changed() { signals = book.signals(); }
};

Throttle::Throttle(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Throttle::Throttle(Throttle&&) noexcept = default;
Throttle& Throttle::operator=(Throttle&&) noexcept = default;
Throttle::~Throttle() = default;

tl::expected<Throttle, std::string> Throttle::start(PolicySettings settings, Start how,
                                                    std::string_view saved, std::uint64_t seed) {
  auto impl = std::make_unique<Impl>();
  impl->settings = std::move(settings);
  PolicyState state;
  state.seed = seed;
  if (!saved.empty()) {
    const auto json = parse_saved(saved);
    if (!json) return tl::unexpected("the saved state is " + json.error());
    std::string error;
    const SavedFields fields(*json, error);
    const auto part = [&](const char* name) { return boost::json::serialize(fields.object(name)); };
    auto book = SignalBook::load(part("book"));
    auto policy = load_policy_state(part("policy"));
    if (fields.has("override")) {
      impl->override = read_override(SavedFields(fields.object("override"), error));
    }
    if (!error.empty()) return tl::unexpected("the saved state cannot be read: " + error);
    if (!book) return tl::unexpected("the saved signals cannot be read: " + book.error());
    if (!policy) return tl::unexpected("the saved state cannot be read: " + policy.error());
    impl->book = std::move(*book);
    state = std::move(*policy);
  }
  impl->latest.state = restarted(std::move(state), how, impl->settings);
  impl->latest.decision.limit = impl->latest.state.in_force;
  impl->latest.decision.event = impl->latest.state.event;
  impl->book_changed();
  return Throttle(std::move(impl));
}

tl::expected<void, std::string> Throttle::accept(const Now& now, Signal signal) {
  auto accepted = impl_->book.accept(now, std::move(signal));
  impl_->book_changed();
  return accepted;
}

void Throttle::replace(const Now& now, std::string_view source, std::vector<Signal> signals) {
  impl_->book.replace(now, source, std::move(signals));
  impl_->book_changed();
}

bool Throttle::retract(const Now& now, std::string_view source, std::string_view id,
                       std::uint64_t sequence) {
  const bool stood = impl_->book.retract(now, source, id, sequence);
  impl_->book_changed();
  return stood;
}

void Throttle::heard(const Now& now, std::string_view source) {
  impl_->book.heard(now, source);
}

void Throttle::set_override(std::optional<Override> override) {
  impl_->override = std::move(override);
}

const std::optional<Override>& Throttle::override_now() const {
  return impl_->override;
}

const Decision& Throttle::decide(const Now& now, Zero zero, const Plant& plant) {
  const Situation situation{now,  impl_->signals, impl_->book.heard_times(), impl_->override,
                            zero, plant};
  impl_->latest = evaluate(impl_->settings, situation, std::move(impl_->latest.state));
  if (impl_->latest.override_over) impl_->override.reset();
  if (impl_->latest.clock_believed && impl_->book.prune(now.wall)) impl_->book_changed();
  return impl_->latest.decision;
}

const Decision& Throttle::decision() const {
  return impl_->latest.decision;
}

bool Throttle::clock_believed() const {
  return impl_->latest.clock_believed;
}

std::string Throttle::save() const {
  boost::json::object json{{"book", parse_saved(impl_->book.save()).value()},
                           {"policy", parse_saved(throttle::save(impl_->latest.state)).value()}};
  if (impl_->override) json["override"] = to_json(*impl_->override);
  return boost::json::serialize(json);
}

const std::vector<Signal>& Throttle::signals() const {
  return impl_->signals;
}

std::optional<SteadyTime> Throttle::heard_at(std::string_view source) const {
  return impl_->book.heard_at(source);
}

}  // namespace ebb::throttle
