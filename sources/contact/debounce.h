#pragma once
// Contacts bounce.

#include <chrono>
#include <optional>

#include "sources/contact/contact_states.h"

namespace ebb::sources {

/// Believes a level that stood for a while, and none that comes and goes. Pure; one thread.
class Debounce {
 public:
  /// A contact that does not come to rest for so long (and five times the wait) is broken: no
  /// level is believed.
  static constexpr std::chrono::milliseconds kChatter{1000};

  explicit Debounce(std::chrono::milliseconds wait) : wait_(wait) {}

  /// Call with every level that is seen; what is believed then, if anything.
  std::optional<ContactLevel> see(throttle::SteadyTime now, const ContactLevel& level);
  /// Levels could not be read: nothing is believed until one stood again.
  void forget();

  bool restless(throttle::SteadyTime now) const;
  /// How long the level that was seen last must stand yet.
  std::chrono::milliseconds left(throttle::SteadyTime now) const;

 private:
  std::chrono::milliseconds wait_;
  std::optional<ContactLevel> believed_;
  ContactLevel seen_;
  throttle::SteadyTime seen_since_{};
  std::optional<throttle::SteadyTime> restless_since_;
};

}  // namespace ebb::sources
