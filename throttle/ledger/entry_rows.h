#pragma once
// Entries as rows: all but samples are a kind and a JSON object.

#include <optional>
#include <string>
#include <string_view>

#include "throttle/ledger/ledger.h"

namespace ebb::throttle {

struct EntryRow {
  std::string_view kind;  ///< "signal", "retract", "decision", "override", "run", "zero"
  std::string data;
};

/// Nothing for a sample, which has columns of its own.
std::optional<EntryRow> to_row(const LedgerEntry& entry);

/// The entry but for its time and event; nothing when the row makes no sense.
std::optional<LedgerEntry> from_row(std::string_view kind, std::string_view data);

}  // namespace ebb::throttle
