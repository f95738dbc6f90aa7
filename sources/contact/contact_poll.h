#pragma once
// Contacts as something that is asked.

#include <functional>
#include <memory>

#include "sources/contact/contact_lines.h"
#include "sources/contact/debounce.h"
#include "sources/polling_source.h"
#include "sources/since.h"

namespace ebb::sources {

/// Repeats what holds every half a second, or at each poll; says nothing while it is not known.
class ContactPoll final : public Poll {
 public:
  /// `poll`: from one look to the next where nobody tells of changes.
  ContactPoll(std::unique_ptr<ContactLines> lines, ContactSettings settings,
              std::chrono::milliseconds debounce, std::chrono::milliseconds poll,
              std::function<throttle::SteadyTime()> clock);
  Answer ask(const throttle::Now& now, const std::stop_token& stop) override;

 private:
  std::unique_ptr<ContactLines> lines_;
  ContactSettings settings_;
  Debounce debounce_;
  std::chrono::milliseconds poll_;
  std::function<throttle::SteadyTime()> clock_;
  std::chrono::milliseconds retry_{0};
  Since since_;
};

}  // namespace ebb::sources
