#pragma once
// What happened and why, on disk: for restarts, for the operator, for settlement with the grid.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "throttle/policy.h"
#include "throttle/signal.h"

namespace ebb::throttle {

struct SignalEntry {
  Signal signal;
  std::string refused;  ///< why it was, else empty
};
struct RetractEntry {
  std::string source, id;
};
struct DecisionEntry {
  Decision decision;
};
struct OverrideEntry {
  std::optional<Override> override;  ///< nothing: ended
};
/// A start or an end of the process.
struct RunEntry {
  bool started = true;
  Start how = Start::fresh;
  std::string boot_id;
  std::string version;
};
/// Zero was proved, or a step towards it was taken.
struct ZeroEntry {
  bool proved = false;
  std::optional<std::chrono::milliseconds> time_to_zero;
  std::string text;
};
/// Means over the second, or minute once rolled up, that ends at the entry's time.
struct SampleEntry {
  double hps = 0;
  double limit_fraction = 1;  ///< by Limit::fraction_of
  std::optional<double> watts;
  std::string meter;
  bool estimated = false;
  std::chrono::seconds over{1};
};

struct LedgerEntry {
  WallTime at{};
  std::uint64_t event = 0;  ///< 0: outside events
  std::variant<SignalEntry, RetractEntry, DecisionEntry, OverrideEntry, RunEntry, ZeroEntry,
               SampleEntry>
      what;
};

/// Written as one transaction: all of it survives a power cut, or nothing.
struct LedgerBatch {
  std::vector<LedgerEntry> entries;
  std::optional<std::string> state;  ///< Throttle::save(), for the next start
};

/// What the last run left.
struct LastRun {
  std::string state;    ///< empty: none was saved
  std::string boot_id;  ///< of its start
  bool clean = false;   ///< it said that it ended
};

/// SQLite, WAL, synchronous=FULL. Blocks on the disk. One thread at a time; other processes may
/// read (and only one write: the directory's lock sees to it).
class Ledger {
 public:
  /// Creates what is missing (the folder too, mode 0700). The error says what is wrong, in one
  /// line; `damaged` when a file is there that is no ledger.
  struct OpenError {
    std::string text;
    bool damaged = false;
  };
  static tl::expected<Ledger, OpenError> open(const std::filesystem::path& file);
  static tl::expected<Ledger, OpenError> open_to_read(const std::filesystem::path& file);

  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  /// On disk when it returns. Whole batches only.
  tl::expected<void, std::string> commit(const LedgerBatch& batch);

  tl::expected<std::optional<LastRun>, std::string> last_run() const;

  /// Entries with from <= at < to in order of writing, at most `most`.
  tl::expected<std::vector<LedgerEntry>, std::string> read(WallTime from, WallTime to,
                                                           std::size_t most) const;

  /// Rows that have been skipped because they make no sense: damage that SQLite cannot see.
  std::uint64_t damaged_rows() const;

  /// The beginning of the earliest event that has an entry in [from, to), or `from`.
  tl::expected<WallTime, std::string> first_of_events(WallTime from, WallTime to) const;

  /// Samples older than `before` become means of a minute; minutes older than a year go. A part at
  /// a time, lest a commit wait for long: whether there is more to do.
  tl::expected<bool, std::string> roll_up(WallTime before);

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebb::throttle
