#pragma once
// The throttle of a mining run: its sources, its decisions, and all of it kept.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "miner/control.h"
#include "miner/journal.h"
#include "miner/schedule_source.h"
#include "miner/source_hub.h"
#include "miner/source_intake.h"
#include "miner/state_folder.h"
#include "miner/throttle_options.h"
#include "miner/throttle_text.h"
#include "throttle/throttle.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// Time comes in as an argument. One thread, that of the io_context; never blocks on the disk.
class ThrottleService {
 public:
  /// `permanent`: caps of the command line, for the whole run. The error is one line.
  static tl::expected<std::unique_ptr<ThrottleService>, std::string> start(
      const ThrottleOptions& options, const throttle::Limit& permanent, const throttle::Now& now,
      spdlog::logger& log);

  /// What is allowed now, the permanent caps included. Call several times a second, and after every
  /// request.
  const throttle::Decision& decide(const throttle::Now& now, throttle::Zero zero,
                                   const throttle::Plant& plant);
  const throttle::Decision& decision() const { return shown_; }

  /// What a source says; decide() afterwards. Gives why something of it was refused; else nothing.
  std::string hear(const throttle::Now& now, const throttle::SourceRule& rule,
                   std::vector<sources::Update> updates);
  /// `done` once, on any thread: what was heard is on disk, or why not.
  void keep(throttle::LedgerWriter::Done done) { journal_.write({}, std::move(done)); }
  /// What stands of a source, and how it is doing, for the status.
  SourceStatus status_of(const throttle::Now& now, const SourceFigures& source) const;

  /// How this run began.
  throttle::Start how() const { return how_; }

  /// Call once a second.
  void sample(const throttle::Now& now, const Observation& seen);

  /// A step towards zero, or its proof.
  void record(const throttle::Now& now, throttle::ZeroEntry entry);

  /// What a person asks for. `kept` is called once what was asked for is on disk, on any thread,
  /// with the reason when it is not; at once for a question. The error: refused, and nothing
  /// happened.
  tl::expected<void, std::string> handle(const throttle::Now& now, const ControlRequest& request,
                                         throttle::LedgerWriter::Done kept);

  /// JSON object text of one line: what `ebb status` shows.
  std::string status(const Observation& seen, const std::vector<SourceStatus>& sources) const;

  /// The run ends as it should.
  void stop(const throttle::Now& now);

 private:
  /// The mean of what was seen since the last sample.
  class Samples {
   public:
    void add(const Observation& seen);
    throttle::SampleEntry take();

   private:
    double hps_ = 0, fraction_ = 0, watts_ = 0;
    unsigned count_ = 0, with_watts_ = 0;
    std::string meter_;
    bool estimated_ = false;
  };

  ThrottleService(const throttle::Limit& permanent, StateFolder folder, Journal journal,
                  throttle::Throttle throttle, ScheduleSource schedule, throttle::Start how,
                  spdlog::logger& log);

  void hold_for_lost_ledger(const throttle::Now& now, const std::string& why);
  /// Of a source that the configuration knows no more nothing would ever end.
  void drop_others(const throttle::Now& now, const std::vector<throttle::SourceRule>& rules);
  void write(const throttle::Now& now, decltype(throttle::LedgerEntry::what) what,
             throttle::LedgerWriter::Done done = nullptr);
  /// With the state.
  void write(const throttle::Now& now, throttle::LedgerBatch batch,
             throttle::LedgerWriter::Done done = nullptr);
  void note_change(const throttle::Now& now);
  void note_trouble();
  void roll_up(const throttle::Now& now);

  throttle::Limit permanent_;
  StateFolder folder_;
  Journal journal_;
  throttle::Throttle throttle_;
  ScheduleSource schedule_;
  SourceIntake intake_;
  throttle::Start how_;
  spdlog::logger& log_;

  throttle::Decision shown_;  ///< with the permanent caps
  std::optional<throttle::Decision> noted_;
  std::optional<throttle::SteadyTime> saved_at_, sampled_at_, rolled_up_at_;
  Samples samples_;
  std::optional<std::string> trouble_told_;
};

}  // namespace ebb::miner
