#pragma once
// What the contacts of a box mean.

#include <map>
#include <string>

#include "sources/update.h"

namespace ebb::sources {

/// For each contact, in the order of the configuration: '1' closed, '0' open.
using ContactLevel = std::string;

inline constexpr std::size_t kMostContacts = 4;

struct ContactSettings {
  struct Meaning {
    std::string word;  ///< "on", "dim", "off" or the cap
    throttle::Cap cap = throttle::DutyCap{0};
  };
  std::map<ContactLevel, Meaning> states;
  Meaning otherwise{"off", throttle::DutyCap{0}};  ///< a state that the box should not show
  throttle::SignalClass signal_class = throttle::SignalClass::mandatory;
};

const ContactSettings::Meaning& meaning(const ContactSettings& settings, const ContactLevel& level);

throttle::Signal contact_signal(const ContactSettings& settings, const ContactLevel& level);

}  // namespace ebb::sources
