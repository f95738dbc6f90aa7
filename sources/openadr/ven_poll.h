#pragma once
// A VEN: asks a VTN for events again and again, and does between the askings what else is due.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sources/meter.h"
#include "sources/openadr/enrolment.h"
#include "sources/openadr/event_plan.h"
#include "sources/openadr/vtn_reader.h"
#include "sources/polling_source.h"

namespace ebb::sources::openadr {

struct VenSettings {
  VtnSettings vtn;
  Identity identity;
  std::vector<std::string> programs;  ///< by name; empty: all that the VTN shows
  std::vector<std::string> targets;   ///< to ask for; empty: what the VTN grants
  std::chrono::milliseconds poll{15'000};
  bool enrol = true;
  PlanSettings plan;
  double other_watts = 0;              ///< of the site, where no meter tells
  std::shared_ptr<SharedMeter> meter;  ///< of the site; null: none
};

/// Something to do for the VTN when nothing else is: reports, subscriptions.
class Chore {
 public:
  virtual ~Chore() = default;
  struct View {
    VtnClient& client;
    const Enrolment& enrolment;
    const std::vector<Program>& programs;
    const std::vector<Event>& events;
    const FirstSeen& first_seen;
    const std::optional<Telemetry>& telemetry;
  };
  /// Does what is due, and is asked again soon after a refusal, which is shown as trouble.
  virtual tl::expected<void, Refusal> run(const View& view, const std::stop_token& stop) = 0;
};

/// Sends SaidAll when all programs and events have been read, and only then: silence is how it says
/// that it does not know.
class VenPoll final : public Poll {
 public:
  VenPoll(VenSettings settings, VtnClient::Transport transport, VtnClient::Clock clock);

  Answer ask(const throttle::Now& now, const std::stop_token& stop) override;

  /// From any thread. True: an outage of the grid is just over, so ask at once.
  bool told(const Telemetry& telemetry);

  /// From any thread: something has changed at the VTN. Ask soon.
  void hint();

  /// Both before the first asking.
  void add(std::unique_ptr<Chore> chore);
  void on_warning(std::function<void(std::string)> warn);

 private:
  bool reading_is_due(const throttle::Now& now) const;
  std::chrono::milliseconds wait(const throttle::Now& now) const;
  void read_and_say(const throttle::Now& now, const std::stop_token& stop, Answer& answer);
  tl::expected<void, Refusal> read(const throttle::Now& now, const std::stop_token& stop);
  tl::expected<void, Refusal> read_programs_now(const throttle::Now& now,
                                                const std::stop_token& stop);
  void remember_events(const throttle::Now& now, std::vector<Event> events);
  void remember_baselines(const throttle::Now& now);
  Plan plan(const throttle::Now& now) const;
  double other_watts(const throttle::Now& now) const;
  std::optional<Telemetry> telemetry() const;
  void warn_of(const Plan& plan);
  void warn_once(std::string text);

  void after_reading(const throttle::Now& now, Answer& answer);
  void after_refusal(const throttle::Now& now, const Refusal& refusal, Answer& answer);
  void do_chores(const throttle::Now& now, const std::stop_token& stop);
  void wait_as_asked(const throttle::Now& now, const Refusal& refusal);
  std::string trouble() const;

  VenSettings settings_;
  VtnClient client_;
  Enrolment enrolment_;
  std::vector<std::unique_ptr<Chore>> chores_;
  std::function<void(std::string)> warn_;

  std::vector<Program> programs_;
  std::optional<throttle::SteadyTime> programs_read_;
  std::vector<Event> events_;
  FirstSeen first_seen_;
  std::map<std::string, double, std::less<>> baselines_;
  bool have_read_ = false;
  bool limits_void_ = false;  ///< until the next reading

  unsigned failures_ = 0;  ///< in a row
  std::optional<throttle::SteadyTime> chores_at_;
  std::optional<throttle::SteadyTime> last_read_;   ///< begun
  std::optional<throttle::SteadyTime> read_at_;     ///< next
  std::optional<throttle::SteadyTime> not_before_;  ///< as the server asks
  std::optional<throttle::SteadyTime> enrol_at_;
  std::string read_trouble_, fault_, enrol_trouble_, chore_trouble_;
  Health health_;
  std::set<std::string, std::less<>> warned_;

  mutable std::mutex mutex_;
  std::optional<Telemetry> telemetry_;  ///< the latest
  bool recovering_ = false;             ///< by that
  std::atomic<bool> outage_over_{false};
  std::atomic<bool> hinted_{false};
};

}  // namespace ebb::sources::openadr
