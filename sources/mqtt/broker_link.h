#pragma once
// A connection to a broker that comes back by itself.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "sources/mqtt/broker_address.h"

namespace ebb::sources {

struct BrokerLinkSettings {
  BrokerAddress address;
  std::string client_id;
  std::string user, password;                ///< empty: none
  std::string ca_file, cert_file, key_file;  ///< empty: the system's store, none
  std::vector<std::string> topics;           ///< to listen to
  std::string availability;  ///< where to say "online", retained, and "offline"; empty: nowhere
};

/// On the link's thread.
struct BrokerLinkEvents {
  /// Connected or not, and what is wrong now; one line without secrets.
  std::function<void(bool connected, std::string trouble)> changed;
  std::function<void(std::string_view topic, std::string_view payload, bool retained)> arrived;
};

/// MQTT 3.1.1, clean sessions, QoS 1, certificates verified, on a thread of its own.
class BrokerLink {
 public:
  /// Connects to nothing. The error is one line: what the TLS library refuses.
  static tl::expected<BrokerLink, std::string> make(BrokerLinkSettings settings);
  BrokerLink(BrokerLink&&) noexcept;
  ~BrokerLink();  ///< as stop()

  void start(BrokerLinkEvents events);

  /// From any thread, never blocks. Of each topic only the newest waits to be sent.
  void publish(const std::string& topic, std::string payload);

  /// Says "offline" and ends the thread, or leaves it behind where it hangs (a name server may).
  /// No event comes afterwards.
  void stop();
  /// Begins to stop, so that several links can do so at once.
  void begin_to_stop();

 private:
  struct State;
  explicit BrokerLink(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace ebb::sources
