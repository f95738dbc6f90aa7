#pragma once
// The throttle's memory on disk: what the last run left, and what this one writes.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "throttle/ledger/ledger_writer.h"

namespace spdlog {
class logger;
}

namespace ebb::miner {

/// How this run begins.
struct Past {
  throttle::Start how = throttle::Start::fresh;
  std::string saved;  ///< Throttle::save() of the last run
  /// Why the last run's state cannot be known, so that holds may be lost. Nothing when it can.
  std::optional<std::string> unreadable;
};

/// Never blocks on the disk once open, and goes on without one. One thread.
class Journal {
 public:
  /// Opens the ledger and tells the past by it. A damaged one is moved aside.
  static std::pair<Journal, Past> open(const std::filesystem::path& file,
                                       const std::string& boot_id, spdlog::logger& log);

  /// `done` on any thread, once: on disk, or why not.
  void write(throttle::LedgerBatch batch, throttle::LedgerWriter::Done done = nullptr);

  /// Samples older than `before` become means of a minute, as soon as nothing else waits.
  void roll_up(throttle::WallTime before);

  /// The last batch of a run that ends as it should: waits for the disk, a few seconds at most.
  void close(throttle::LedgerBatch batch);

  /// Why what happens is not on disk; nothing while it is.
  std::optional<std::string> trouble() const;

 private:
  std::optional<std::string> no_ledger_;  ///< why there is none
  std::unique_ptr<throttle::LedgerWriter> writer_;
};

}  // namespace ebb::miner
