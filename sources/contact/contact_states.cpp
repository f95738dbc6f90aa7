#include "sources/contact/contact_states.h"

namespace ebb::sources {
namespace {

std::string in_words(const ContactLevel& level) {
  if (level.size() != 1) return "the contacts are " + level;
  return level == "1" ? "the contact is closed" : "the contact is open";
}

}  // namespace

const ContactSettings::Meaning& meaning(const ContactSettings& settings,
                                        const ContactLevel& level) {
  const auto found = settings.states.find(level);
  return found == settings.states.end() ? settings.otherwise : found->second;
}

throttle::Signal contact_signal(const ContactSettings& settings, const ContactLevel& level) {
  const ContactSettings::Meaning& meant = meaning(settings, level);
  throttle::Signal signal;
  signal.id = "contact";
  signal.cap = meant.cap;
  signal.signal_class = settings.signal_class;
  signal.reason = in_words(level) + ": " + meant.word;
  return signal;
}

}  // namespace ebb::sources
