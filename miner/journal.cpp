#include "miner/journal.h"

#include <spdlog/logger.h>

#include <filesystem>
#include <system_error>

namespace ebb::miner {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLastWrites{3};

/// Out of the way of a new ledger, and kept for whoever can still read it. Nothing when it cannot
/// be moved.
std::optional<fs::path> move_aside(const fs::path& file) {
  for (int i = 1; i < 1000; ++i) {
    fs::path aside = file;
    aside += ".damaged-" + std::to_string(i);
    if (fs::exists(aside)) continue;
    std::error_code error;
    fs::rename(file, aside, error);
    if (error) return std::nullopt;
    for (const char* part : {"-wal", "-shm"}) {
      fs::path from = file, to = aside;
      fs::rename(from += part, to += part, error);
    }
    return aside;
  }
  return std::nullopt;
}

Past past_of(const throttle::Ledger& ledger, const std::string& boot_id) {
  using throttle::Start;
  auto last = ledger.last_run();
  if (!last) return {Start::killed, {}, last.error()};
  if (!*last) return {};
  throttle::LastRun& run = **last;
  Start how = Start::clean;
  if (!run.clean) how = run.boot_id == boot_id ? Start::killed : Start::outage;
  return {how, std::move(run.state), std::nullopt};
}

}  // namespace

std::pair<Journal, Past> Journal::open(const fs::path& file, const std::string& boot_id,
                                       spdlog::logger& log) {
  Journal journal;
  Past past;
  auto ledger = throttle::Ledger::open(file);
  if (!ledger) {
    past.unreadable = ledger.error().text;
    if (ledger.error().damaged) {
      if (const auto aside = move_aside(file)) {
        log.error("ledger: {}; moved to {}, a new one begins", ledger.error().text,
                  aside->string());
        ledger = throttle::Ledger::open(file);
      }
    }
  }
  if (!ledger) {
    journal.no_ledger_ = ledger.error().text;
    log.error("ledger: {}; nothing that happens is kept", ledger.error().text);
    past.how = throttle::Start::killed;
    return {std::move(journal), std::move(past)};
  }
  if (!past.unreadable) past = past_of(*ledger, boot_id);
  journal.writer_ = std::make_unique<throttle::LedgerWriter>(std::move(*ledger));
  return {std::move(journal), std::move(past)};
}

void Journal::write(throttle::LedgerBatch batch, throttle::LedgerWriter::Done done) {
  if (writer_) {
    writer_->write(std::move(batch), std::move(done));
  } else if (done) {
    done(tl::unexpected(*no_ledger_));
  }
}

void Journal::roll_up(throttle::WallTime before) {
  if (writer_) writer_->roll_up(before);
}

void Journal::close(throttle::LedgerBatch batch) {
  if (!writer_) return;
  writer_->write(std::move(batch));
  writer_->flush(kLastWrites);
}

std::optional<std::string> Journal::trouble() const {
  return writer_ ? writer_->trouble() : no_ledger_;
}

}  // namespace ebb::miner
